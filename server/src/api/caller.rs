//! Who asks the API: whoever shows a bearer token, and nobody else. A browser
//! sends its cookies whoever made it ask, so they say nothing here.

use super::unavailable;
use crate::http::Web;
use crate::http::problem::Problem;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use commerce::access::authenticate::authenticate;
use commerce::access::{Caller, Scope};

/// What became of the bearer token of a request, among its extensions.
#[derive(Clone, Debug)]
enum Bearer {
    Good(Caller),
    Bad,
    /// The database failed, and has been logged.
    Unknown,
}

/// The token that a request shows, if it shows one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a request shows a bearer token: no page of another site can make a browser send one.
pub fn shows_bearer(headers: &HeaderMap) -> bool {
    bearer(headers).is_some()
}

/// Notes who makes a request to the API, before it is counted.
pub async fn identify(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if crate::http::is_api(request.uri().path())
        && let Some(token) = bearer(request.headers())
    {
        let bearer = match authenticate(&web.shop, &web.site.public_url, token).await {
            Ok(Some(caller)) => Bearer::Good(caller),
            Ok(None) => Bearer::Bad,
            Err(error) => {
                tracing::error!(%error, "bearer token not checked");
                Bearer::Unknown
            }
        };
        request.extensions_mut().insert(bearer);
    }
    next.run(request).await
}

/// Who makes a request to the API, if that is known.
pub fn known(extensions: &Extensions) -> Option<&Caller> {
    match extensions.get::<Bearer>()? {
        Bearer::Good(caller) => Some(caller),
        Bearer::Bad | Bearer::Unknown => None,
    }
}

/// Who makes the request; everybody else is refused.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl Authenticated {
    /// Whom it acts for, if it may do this.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`].
    pub fn with(self, scope: Scope) -> Result<Caller, Refusal> {
        if self.0.scopes.contains(scope) { Ok(self.0) } else { Err(Refusal::Forbidden(scope)) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        match parts.extensions.get::<Bearer>() {
            Some(Bearer::Good(caller)) => Ok(Self(caller.clone())),
            Some(Bearer::Bad) => Err(Refusal::Invalid),
            Some(Bearer::Unknown) => Err(Refusal::Unknown),
            None => Err(Refusal::Missing),
        }
    }
}

/// Why a request is not done for who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token.
    Missing,
    /// The token is not good.
    Invalid,
    /// The token could not be checked.
    Unknown,
    /// The token doesn't allow this.
    Forbidden(Scope),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Missing => unauthorized("unauthorized", "This needs an access token or API key as a bearer token."),
            Self::Invalid => {
                let detail = "The token has expired, was ended, or never was one.";
                let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", detail);
                challenge(problem, ", error=\"invalid_token\"")
            }
            Self::Unknown => unavailable(&"a bearer token could not be checked"),
            Self::Forbidden(scope) => {
                let detail = "The token doesn't allow this: WWW-Authenticate names the scope that does.";
                let problem = Problem::new(StatusCode::FORBIDDEN, "insufficient-scope", detail);
                challenge(problem, &format!(", error=\"insufficient_scope\", scope=\"{}\"", scope.code()))
            }
        }
    }
}

/// Refuses who has not proved anything.
pub fn unauthorized(code: &'static str, detail: &'static str) -> Response {
    challenge(Problem::new(StatusCode::UNAUTHORIZED, code, detail), "")
}

/// Says by which scheme one can prove who one is, after RFC 6750.
fn challenge(problem: Problem, why: &str) -> Response {
    let mut response = problem.into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer realm=\"api\"{why}")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
