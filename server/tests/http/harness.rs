//! A server of its own for each test, and a client that hides nothing.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderMap, HeaderName};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use sea_orm::{ConnectionTrait, Database};
use server::config::Config;
use server::startup::Application;
use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where the records of a test are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The databases that there are to test on.
pub fn databases() -> Vec<Kind> {
    let postgres = variable("TEST_DATABASE_URL").is_some();
    [Kind::Sqlite].into_iter().chain(postgres.then_some(Kind::Postgres)).collect()
}

/// A variable of the test's own environment, if it is set.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The configuration of a shop that is nowhere else: its folder is removed when it is dropped.
pub struct Place {
    pub folder: TempDir,
    pub variables: HashMap<String, String>,
}

impl Place {
    /// A place with an empty database.
    pub async fn new(kind: Kind) -> Self {
        let folder = TempDir::new().expect("a folder");
        let site = folder.path().join("site");
        std::fs::create_dir_all(site.join("pkg")).expect("a folder");
        std::fs::write(site.join("pkg/emporion.css"), "body{}").expect("a file");
        std::fs::write(site.join("robots.txt"), "User-agent: *\n").expect("a file");
        let mut variables = HashMap::from([
            ("ADDR".to_owned(), "127.0.0.1:0".to_owned()),
            ("DATA_DIR".to_owned(), path(&folder.path().join("data"))),
            ("SITE_ROOT".to_owned(), path(&site)),
            ("LOG".to_owned(), "warn".to_owned()),
        ]);
        // Tests ask as often as they need to; those of the limits set their own.
        for (name, _) in server::limits::Limits::default().by_variable() {
            variables.insert(name.to_owned(), "1000000/1m".to_owned());
        }
        if kind == Kind::Postgres {
            variables.insert("DATABASE_URL".to_owned(), new_database().await);
            variables.insert("DATABASE_MAX_CONNECTIONS".to_owned(), "4".to_owned());
        }
        Self { folder, variables }
    }

    /// The same place with one more variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn config(&self) -> Config {
        let variables = self.variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::parse(variables, Path::new("/nowhere/emporion")).expect("valid")
    }
}

fn path(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

async fn new_database() -> String {
    let url = variable("TEST_DATABASE_URL").expect("a server for tests");
    let name = format!("http_{}", uuid::Uuid::now_v7().simple());
    let server = Database::connect(&url).await.expect("connected");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("created");
    server.close().await.expect("closed");
    format!("{}/{name}", url.rsplit_once('/').expect("a database in the address").0)
}

/// A server that is running.
pub struct Server {
    pub place: Place,
    pub address: SocketAddr,
    pub shop: commerce::Shop,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Server {
    /// Starts one with an empty shop.
    pub async fn start(kind: Kind) -> Self {
        Self::start_at(Place::new(kind).await).await
    }

    /// Starts one at a place.
    pub async fn start_at(place: Place) -> Self {
        let application = Application::build(place.config()).await.expect("starts");
        let (address, shop) = (application.address(), application.shop().clone());
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run(stop.clone()));
        Self { place, address, shop, stop, running }
    }

    /// Stops it and waits until it is.
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.running).await.expect("stops in time").expect("in peace");
    }

    /// Its address as its pages know it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, "").await
    }

    /// Sends a request over a connection of its own.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let connection = TcpStream::connect(self.address).await.expect("connected");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.expect("connected");
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header(HOST, self.address.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a form as a browser does without JavaScript, from the page at `from`.
    pub async fn submit(&self, path: &str, from: &str, form: impl Into<Bytes>) -> Answer {
        let referrer = format!("{}{from}", self.origin());
        let headers = [
            ("accept", "text/html,*/*;q=0.8"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &self.origin()),
            ("sec-fetch-site", "same-origin"),
            ("referer", &referrer),
        ];
        self.send(Method::POST, path, &headers, form).await
    }
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header, empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        let name: HeaderName = name.parse().expect("a name");
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Checks that it is a problem document with this status and code.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert!(problem["title"].is_string() && problem["type"].is_string(), "{problem}");
    }

    /// Checks that it sends the browser to an address.
    #[track_caller]
    pub fn assert_sends_to(&self, location: &str) {
        assert_eq!((self.status.as_u16(), self.header("location")), (303, location), "{:?}", self.body);
    }
}

/// The address of an action that anybody may take.
pub fn an_action() -> &'static str {
    let mut actions = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path);
    actions.find(|path| path.starts_with("/actions/cart/")).expect("the app has an action")
}
