//! Every request has an identifier: in its log lines, in the events it leads to, and in its answer.

use super::Web;
use app::ClientAddress;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use commerce::clock::uuid_at;
use commerce::events::{HTTP, Metadata, caused_by};
use tracing::Instrument;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest identifier that is taken over from a proxy.
const LONGEST: usize = 64;

/// Gives the request its identifier: the one that a proxy gave it, else a new one.
pub async fn identify(State(web): State<Web>, request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| uuid_at(web.shop.clock.now()).to_string());
    let client = request.extensions().get::<ClientAddress>().map(|address| address.0.to_string());
    let metadata =
        Metadata { correlation_id: Some(id.clone()), source: HTTP.to_owned(), client, ..Metadata::default() };
    let span = tracing::info_span!("request", request_id = id);
    let mut response = caused_by(metadata, next.run(request)).instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

/// The identifier that came with a request, if it is one that can be written into logs.
fn given(headers: &HeaderMap) -> Option<String> {
    let id = super::text(headers, X_REQUEST_ID)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=LONGEST).contains(&id.len()) && id.bytes().all(is_plain)).then(|| id.to_owned())
}
