//! Errors for programs: problem documents after RFC 9457.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commerce::forms::Errors;
use serde::Serialize;

/// A problem document.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Nothing more is to be read about a kind of problem: its code says it all.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Errors::is_empty")]
    errors: Errors,
}

impl Problem {
    /// A problem with this status: `code` is for programs, `detail` for those who write them.
    pub fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail,
            instance: None,
            errors: Errors::new(),
        }
    }

    /// The same, saying which address was asked.
    pub fn at(mut self, path: &str) -> Self {
        self.instance = Some(path.to_owned());
        self
    }

    /// The same, saying what is wrong with which field.
    pub fn with_errors(mut self, errors: Errors) -> Self {
        self.errors = errors;
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Answers for addresses below `/api` that don't exist.
pub async fn unknown_endpoint(request: Request) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such endpoint.").at(request.uri().path())
}

/// Answers for files that don't exist.
pub async fn no_such_file() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such file.")
}
