//! The API: what programs ask for, and how they say who they are.

mod auth;
mod body;
mod caller;
mod jwks;

pub use caller::{Authenticated, Refusal, identify, known, shows_bearer};

use crate::http::Web;
use crate::http::problem::Problem;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::fmt::Display;

/// The most bytes of what programs prove who they are with.
const PROOF_MOST: usize = 16 * 1024;

/// The endpoints.
pub fn routes() -> Router<Web> {
    let auth = Router::new()
        .route("/api/auth/login", post(auth::log_in))
        .route("/api/auth/refresh", post(auth::refresh))
        .route("/api/auth/logout", post(auth::log_out))
        .route("/api/auth/me", get(auth::me))
        .layer(DefaultBodyLimit::max(PROOF_MOST));
    auth.route("/.well-known/jwks.json", get(jwks::published))
}

/// Logs what went wrong, and answers that it may go better later.
pub fn unavailable(error: &dyn Display) -> Response {
    tracing::error!(%error, "request failed");
    let detail = "The shop can't answer at the moment. Try again in a few seconds.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).into_response()
}
