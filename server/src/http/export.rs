//! Everything about somebody, as a file.

use super::{Web, notice};
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use commerce::accounts::{SignedIn, export, queries};
use commerce::db::DbErr;
use commerce::token::Token;
use std::collections::HashMap;
use tower_cookies::Cookies;

/// Where the file is.
pub const PATH: &str = "/account/export";

/// The page that asks who wants it.
const ASK: &str = "/account/download";

/// Hands the file to whoever is signed in and has just proved that it is them.
pub async fn download(
    State(web): State<Web>,
    Extension(cookies): Extension<Cookies>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let token = app::session_token(&web.site, &cookies);
    match file(&web, token, query.as_deref().unwrap_or_default()).await {
        Ok(Some(file)) => file,
        // The page asks who is not signed in to do that first.
        Ok(None) => Redirect::to(ASK).into_response(),
        Err(error) => {
            tracing::error!(%error, "request failed");
            unavailable(&web, &headers)
        }
    }
}

async fn file(web: &Web, token: Option<Token>, query: &str) -> Result<Option<Response>, DbErr> {
    let Some(token) = token else { return Ok(None) };
    let Some(who) = queries::signed_in(&web.shop, &token).await? else { return Ok(None) };
    if !is_permitted(web, &who, query) {
        return Ok(None);
    }
    let document = export::export(&web.shop, &who).await?;
    let body = serde_json::to_string_pretty(&document).map_err(|error| DbErr::Json(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"my-data.json\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok(Some((headers, body).into_response()))
}

fn is_permitted(web: &Web, who: &SignedIn, query: &str) -> bool {
    let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let until = query.get("until").and_then(|until| until.parse().ok());
    let permit = query.get("permit");
    until.zip(permit).is_some_and(|(until, permit)| export::is_permitted(&web.shop, who, until, permit))
}

fn unavailable(web: &Web, headers: &HeaderMap) -> Response {
    let notice = notice::Notice {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        title: "We’ll be right back",
        advice: "We could not gather your data at the moment. Please try again.",
    };
    notice.answer(&web.site, headers)
}
