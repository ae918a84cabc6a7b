//! A server that stands in for a gateway's: it keeps what it was asked, and answers what it was told to.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Method and address, as in `GET /v1/refunds?limit=100`.
    pub line: String,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are ASCII"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }

    /// The fields of a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        let uri: Uri = format!("/?{}", self.body).parse().expect("a form is a query");
        Query::try_from_uri(&uri).expect("a form").0
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, VecDeque<(StatusCode, String)>>,
    seen: Vec<Seen>,
}

/// The server.
pub struct StandIn {
    /// Where it listens.
    pub url: String,
    script: Arc<Mutex<Script>>,
}

impl StandIn {
    pub async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let router = Router::new().fallback(answer).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// Answers a request like `POST /v1/refunds`; told more than one, in turn, and the last again and again.
    pub fn answers(&self, line: &str, status: u16, body: &Value) {
        self.answers_text(line, status, &body.to_string());
    }

    /// Answers this from now on, whatever it was told before.
    pub fn instead(&self, line: &str, status: u16, body: &Value) {
        self.script.lock().expect("not poisoned").answers.remove(line);
        self.answers(line, status, body);
    }

    pub fn answers_text(&self, line: &str, status: u16, body: &str) {
        let answer = (StatusCode::from_u16(status).expect("a status"), body.to_owned());
        self.script.lock().expect("not poisoned").answers.entry(line.to_owned()).or_default().push_back(answer);
    }

    /// What it was asked since it was looked at.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.script.lock().expect("not poisoned").seen)
    }

    /// The lines of it.
    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("bodies are text");
    let route = format!("{} {}", parts.method, parts.uri.path());
    let mut script = script.lock().expect("not poisoned");
    script.seen.push(Seen { line: format!("{} {}", parts.method, parts.uri), headers: parts.headers, body });
    let Some(answers) = script.answers.get_mut(&route) else {
        return (StatusCode::NOT_IMPLEMENTED, format!("nobody said what {route} answers")).into_response();
    };
    let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
    next.expect("there is one").into_response()
}
