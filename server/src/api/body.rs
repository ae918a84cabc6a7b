//! What programs send: JSON, refused with a problem document where it is none.

use crate::http::problem::Problem;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Json, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

/// The body of a request as JSON.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

fn refused(rejection: &JsonRejection) -> Problem {
    let status = rejection.status();
    let (code, detail) = match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("wrong-type", "The content type must be application/json."),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "The body is too large."),
        StatusCode::UNPROCESSABLE_ENTITY => ("wrong-shape", "The JSON doesn't have the fields that are expected."),
        _ => ("unreadable", "The body must be JSON."),
    };
    Problem::new(status, code, detail)
}
