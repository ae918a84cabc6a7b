//! What takes too long or panics is answered all the same.

use super::notice::Notice;
use super::{Web, returns};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same where photos are sent: an ordinary connection needs a while for as many as there may be.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(300);

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
    let patience = patience(request.uri().path());
    // Nothing is left half-done by unwinding: what a request changes is a transaction.
    let outcome = tokio::time::timeout(patience, AssertUnwindSafe(next.run(request)).catch_unwind()).await;
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

fn patience(path: &str) -> Duration {
    if path == returns::UPLOAD_PATH { UPLOAD_PATIENCE } else { PATIENCE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_may_take_longer_than_everything_else() {
        assert_eq!(patience("/actions/returns/photos"), UPLOAD_PATIENCE);
        assert_eq!(patience("/actions/returns/request"), PATIENCE);
    }
}
