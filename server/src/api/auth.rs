//! Programs sign in, refresh their tokens, sign out, and ask who they are.

use super::body::Body;
use super::caller::{Authenticated, Refusal, unauthorized};
use super::unavailable;
use crate::http::Web;
use crate::http::problem::Problem;
use app::ClientAddress;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commerce::access::{self, ACCESS_MINUTES, AccessError, Scope, Scopes, Tokens, end};
use commerce::accounts::{AccountError, Device, Password, queries};
use commerce::forms::{self, Parser};
use serde::Deserialize;
use serde_json::json;

/// What a program signs in with. Each may be missing: then the answer says so, with everything else that is wrong.
#[derive(Deserialize)]
pub struct Login {
    email: Option<String>,
    password: Option<String>,
    /// A code of an authenticator app or a recovery code, for accounts that have a second factor.
    code: Option<String>,
    /// The scopes that it wants, with spaces between; without, all that there are.
    scope: Option<String>,
}

/// `POST /api/auth/login`: tokens for an address and a password.
pub async fn log_in(
    State(web): State<Web>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Response {
    let mut parser = Parser::default();
    let email = parser.field("email", forms::email(login.email.as_deref()));
    let password = parser.field("password", Password::typed(login.password.as_deref()));
    let (email, password) = match parser.finish(email.zip(password)) {
        Ok(typed) => typed,
        Err(errors) => {
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some fields are not valid.");
            return problem.with_errors(errors).into_response();
        }
    };
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let client = address.map_or_else(String::new, |Extension(ClientAddress(address))| address.to_string());
    let device = Device { name: agent.unwrap_or_default().to_owned(), client, trusted: None };
    let wanted = login.scope.as_deref().map(Scopes::parse);
    let proof = access::log_in::Login { email, password, code: login.code };
    match access::log_in::log_in(&web.shop, &web.site.public_url, &proof, wanted.as_ref(), &device).await {
        Ok(tokens) => granted(tokens),
        Err(AccessError::Account(AccountError::WrongCredentials)) => {
            unauthorized("wrong-credentials", "The address or the password is wrong.")
        }
        Err(AccessError::SecondFactor) => {
            unauthorized("second-factor-required", "This account needs a code of its second factor, too.")
        }
        Err(AccessError::Account(AccountError::WrongCode)) => {
            unauthorized("wrong-code", "The code of the second factor is wrong.")
        }
        Err(AccessError::Account(AccountError::TooManyTries)) => {
            let detail = "There were too many wrong codes for this account: it takes more in an hour.";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", detail).into_response()
        }
        Err(AccessError::Account(AccountError::Unverified)) => {
            let detail = "The address is not confirmed yet: a link has been mailed to it.";
            Problem::new(StatusCode::FORBIDDEN, "unverified", detail).into_response()
        }
        Err(AccessError::NoScope) => {
            let detail = "None of the scopes asked for can be granted.";
            Problem::new(StatusCode::BAD_REQUEST, "invalid-scope", detail).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// A refresh token.
#[derive(Deserialize)]
pub struct Refresh {
    refresh_token: String,
}

/// `POST /api/auth/refresh`: new tokens for a refresh token.
pub async fn refresh(State(web): State<Web>, Body(Refresh { refresh_token }): Body<Refresh>) -> Response {
    match access::refresh::refresh(&web.shop, &web.site.public_url, &refresh_token).await {
        Ok(tokens) => granted(tokens),
        Err(AccessError::InvalidToken) => {
            unauthorized("invalid-refresh-token", "The refresh token has expired, was used, or never was one.")
        }
        Err(error) => unavailable(&error),
    }
}

/// `POST /api/auth/logout`: ends what began with a login, by any of its refresh tokens.
pub async fn log_out(State(web): State<Web>, Body(Refresh { refresh_token }): Body<Refresh>) -> Response {
    match end::log_out(&web.shop, &refresh_token).await {
        // What never was a token is signed out already.
        Ok(()) | Err(AccessError::InvalidToken) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => unavailable(&error),
    }
}

/// `GET /api/auth/me`: whom a token speaks for, and what it allows.
pub async fn me(State(web): State<Web>, caller: Authenticated) -> Response {
    let caller = match caller.with(Scope::ProfileRead) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let (email, name) = match queries::contact(web.shop.db.latest(), caller.user).await {
        Ok(Some(contact)) => contact,
        // The account is gone, its token not yet.
        Ok(None) => return Refusal::Invalid.into_response(),
        Err(error) => return unavailable(&error),
    };
    let scopes: Vec<_> = caller.scopes.iter().map(Scope::code).collect();
    let who = json!({ "id": caller.user, "name": name, "email": email, "role": caller.role.code(), "scopes": scopes });
    (private(), Json(who)).into_response()
}

fn granted(tokens: Tokens) -> Response {
    let body = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_MINUTES * 60,
        "refresh_token": tokens.refresh,
        "refresh_expires_in": tokens.refresh_for.num_seconds(),
        "scope": tokens.scopes.to_string(),
    });
    (private(), Json(body)).into_response()
}

fn private() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}
