//! The keys that access tokens can be checked with, after RFC 7517.

use super::unavailable;
use crate::http::Web;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use commerce::access::signing_keys::{self, SigningKey};
use serde_json::{Value, json};
use std::sync::Arc;

/// Every key with which tokens are signed that are good, or soon will be.
pub async fn published(State(web): State<Web>) -> Response {
    let keys = match signing_keys::published(&web.shop).await {
        Ok(keys) => keys,
        Err(error) => return unavailable(&error),
    };
    let keys: Vec<_> = keys.iter().map(describe).collect();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json")),
        // A key is published a day before it signs.
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, Json(json!({ "keys": keys }))).into_response()
}

fn describe(key: &Arc<SigningKey>) -> Value {
    let (x, y) = key.coordinates();
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": key.id, "x": x, "y": y })
}
