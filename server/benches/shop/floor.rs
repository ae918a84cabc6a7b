//! This machine's floor: a plain axum handler, in a process of its own, that
//! answers with bytes that the shop has made before.

use crate::client::Exchange;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path as FilePath;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Headers that the server of the floor writes itself.
const WRITTEN_ANYWAY: [&str; 2] = ["content-length", "date"];

#[derive(Serialize, Deserialize)]
struct Recorded {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A floor that is running; it ends with this.
pub struct Floor {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Floor {
    /// Starts one that answers `/0`, `/1` … as the exchanges went.
    pub fn start<'a>(folder: &FilePath, exchanges: impl Iterator<Item = &'a Exchange>) -> io::Result<Self> {
        let recorded: Vec<_> = exchanges
            .map(|exchange| Recorded {
                status: exchange.status,
                headers: exchange.headers.clone(),
                body: exchange.body.clone(),
            })
            .collect();
        let file = folder.join("floor.json");
        std::fs::write(&file, serde_json::to_vec(&recorded)?)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--floor")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| io::Error::other("the floor did not start"))?;
        Ok(Self { child, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Page {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// Is a floor until the standard input ends, which it does with the process that wanted it.
pub fn serve(file: &FilePath) -> io::Result<()> {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let recorded: Vec<Recorded> = serde_json::from_slice(&std::fs::read(file)?)?;
    let pages: Arc<Vec<Page>> = Arc::new(recorded.into_iter().map(Page::from).collect());
    // The same runtime and the same way to listen as the shop's.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        axum::serve(listener, Router::new().route("/{number}", any(answer)).with_state(pages)).await
    })
}

async fn answer(State(pages): State<Arc<Vec<Page>>>, Path(number): Path<usize>, _form: Bytes) -> Response {
    let Some(page) = pages.get(number) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = Response::new(Body::from(page.body.clone()));
    *response.status_mut() = page.status;
    for (name, value) in &page.headers {
        response.headers_mut().append(name, value.clone());
    }
    response
}

impl From<Recorded> for Page {
    fn from(recorded: Recorded) -> Self {
        let header = |(name, value): &(String, String)| Some((name.parse().ok()?, value.parse().ok()?));
        let kept = recorded.headers.iter().filter(|(name, _)| !WRITTEN_ANYWAY.contains(&name.as_str()));
        Self {
            status: StatusCode::from_u16(recorded.status).unwrap_or_default(),
            headers: kept.filter_map(header).collect(),
            body: recorded.body.into(),
        }
    }
}
