//! What takes too long or panics is answered all the same.

use super::Web;
use super::notice::Notice;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

const TOO_SLOW: Notice = Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "timeout",
    title: "This takes too long",
    advice: "The shop is very busy. Please try again in a moment: your cart is kept.",
};

const PANICKED: Notice = Notice {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    code: "internal",
    title: "Something went wrong",
    advice: "That was our mistake, not yours. Please try again: your cart is kept.",
};

/// Runs what is below, and answers for it where it doesn't.
pub async fn contain(State(web): State<Web>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    // Nothing is left half-done by unwinding: what a request changes is a transaction.
    let outcome = tokio::time::timeout(PATIENCE, AssertUnwindSafe(next.run(request)).catch_unwind()).await;
    match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => PANICKED.answer(&web.site, &headers),
        Err(_elapsed) => {
            let mut response = TOO_SLOW.answer(&web.site, &headers);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            response
        }
    }
}
