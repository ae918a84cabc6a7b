//! For those who work on the shop: a page loads itself again when cargo-leptos has rebuilt something.

use super::Web;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The address of the script that waits for news.
pub const PATH: &str = "/live-reload.js";

/// What has a page wait for news.
pub const ELEMENT: &str = "<script type=\"module\" src=\"/live-reload.js\"></script>";

/// Where cargo-leptos tells what it has rebuilt.
#[derive(Clone, Copy, Debug)]
pub struct LiveReload {
    port: u16,
}

impl LiveReload {
    /// What cargo-leptos says to the server that it runs while it watches the sources.
    pub fn from_env() -> Option<Self> {
        std::env::var_os("LEPTOS_WATCH")?;
        Some(Self { port: std::env::var("LEPTOS_RELOAD_PORT").ok()?.parse().ok()? })
    }

    /// What the content security policy has to allow for it.
    pub fn directive(self) -> String {
        format!("connect-src 'self' ws://*:{}", self.port)
    }
}

/// The script, where somebody works on the shop.
pub async fn script(State(web): State<Web>) -> Response {
    let Some(LiveReload { port }) = web.live_reload else { return StatusCode::NOT_FOUND.into_response() };
    let script = format!(
        "new WebSocket(`ws://${{location.hostname}}:{port}/live_reload`).onmessage = () => location.reload();\n"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, script).into_response()
}
