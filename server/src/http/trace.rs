//! One log line for each request, without anything about the person who made it.

use axum::extract::{MatchedPath, Request};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

/// How much of a part of an unknown address is logged.
const LONGEST_PART: usize = 64;

/// Logs what was asked for and what came of it.
pub async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = route(&request);
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let duration_ms = (started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
    if status >= 500 {
        tracing::warn!(%method, route, status, duration_ms, "request failed");
    } else {
        tracing::info!(%method, route, status, duration_ms, "request");
    }
    response
}

/// The pattern that an address matched: what stands for its parameters may
/// open something, such as the page of an order.
fn route(request: &Request) -> String {
    match request.extensions().get::<MatchedPath>() {
        Some(pattern) => pattern.as_str().to_owned(),
        None => beginning(request.uri()),
    }
}

/// The first two parts of an unknown address, in which a token may stand further on.
fn beginning(uri: &Uri) -> String {
    let mut parts = uri.path().split('/').skip(1);
    let mut text = String::new();
    for part in parts.by_ref().take(2) {
        text.push('/');
        text.extend(part.chars().take(LONGEST_PART));
    }
    if parts.next().is_some() {
        text.push_str("/…");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_unknown_address_only_the_beginning_is_logged() {
        let logged = |uri: &str| beginning(&uri.parse().expect("an address"));
        assert_eq!(logged("/favicon.svg?secret=1"), "/favicon.svg");
        assert_eq!(logged("/Checkout/confirmation/secret"), "/Checkout/confirmation/…");
        assert_eq!(logged(&format!("/{}", "x".repeat(200))).len(), 1 + LONGEST_PART);
        assert_eq!(logged("/"), "/");
    }
}
