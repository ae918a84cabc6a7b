//! Leaving for another provider to sign in there, and coming back.

use super::{Web, csrf, forms, pages, wrong_method};
use crate::oidc::{Answer, ProviderError, callback_path};
use app::Page;
use app::identities::{self, Trouble};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde::Deserialize;
use url::form_urlencoded;

/// What a provider's answer may say; what else is in it is nothing to us.
const ANSWER: [&str; 4] = ["code", "state", "error", "iss"];

/// A route to leave by for each provider, and one to come back.
pub fn routes(web: &Web) -> Router<Web> {
    let posted = post(posted).layer(from_fn_with_state(web.clone(), forms::check));
    Router::new()
        .route("/auth/oidc/{name}", get(leave))
        .route("/auth/oidc/{name}/callback", get(come_back).merge(posted))
}

#[derive(Deserialize)]
struct Leaving {
    next: Option<String>,
}

/// Sends the browser to a provider. It changes nothing but a cookie, which is for coming back.
async fn leave(State(web): State<Web>, Path(name): Path<String>, request: Request) -> Response {
    let Some(provider) = web.providers.get(&name) else { return pages::show_missing(State(web), request).await };
    let next = Query::<Leaving>::try_from_uri(request.uri()).ok().and_then(|query| query.0.next);
    let asked_here = csrf::is_our_own(request.headers(), &web.site.public_url);
    let page = page(&web, request);
    if !asked_here {
        // Another site may lead people here; that they sign in, they decide.
        page.see_other("/auth/signin");
        return private(answered(&page));
    }
    let flow = identities::begin(&page, &name, next.as_deref());
    match provider.address(&web.shop, &flow).await {
        Ok(address) => {
            page.set_flow(&flow);
            private(Redirect::to(address.as_str()).into_response())
        }
        Err(error) => {
            identities::explain(&page, trouble(&error, &name));
            private(answered(&page))
        }
    }
}

#[derive(Default, Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
    name: Option<String>,
}

/// Takes the browser back from a provider, and signs in whoever the provider says it is.
async fn come_back(State(web): State<Web>, Path(name): Path<String>, request: Request) -> Response {
    let Some(provider) = web.providers.get(&name) else { return pages::show_missing(State(web), request).await };
    // A parameter that is there twice fits no state.
    let back = Query::<Back>::try_from_uri(request.uri()).map(|query| query.0).unwrap_or_default();
    let page = page(&web, request);
    let Some(flow) = identities::came_back(&page, &name, back.state.as_deref().unwrap_or_default()).await else {
        return private(answered(&page));
    };
    let outcome = match (back.error.as_deref(), back.code) {
        // Apple has a word of its own for it.
        (Some("access_denied" | "user_cancelled_authorize"), _) => Err(Trouble::Cancelled),
        (None, Some(code)) => {
            let answer = Answer { code, iss: back.iss.as_deref(), name: back.name };
            provider.identity(&web.shop, &flow, answer).await.map_err(|error| trouble(&error, &name))
        }
        (error, _) => {
            tracing::warn!(provider = name, error, "provider answered with an error");
            Err(Trouble::Refused)
        }
    };
    match outcome {
        Ok(identity) => identities::arrive(&page, &flow, &identity).await,
        Err(trouble) => identities::explain(&page, trouble),
    }
    private(answered(&page))
}

/// Takes an answer that came as a form of the provider's page, and has the browser bring it once more, as its own. No
/// cookie comes with such a form, and none is needed: it changes nothing.
async fn posted(State(web): State<Web>, Path(name): Path<String>, request: Request) -> Response {
    if !web.providers.posts_back_to(request.uri().path()) {
        return wrong_method(State(web), request).await;
    }
    let form = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(&form) {
        if ANSWER.contains(&key.as_ref()) {
            query.append_pair(&key, &value);
        } else if key == "user"
            && let Some(name) = name_of(&value)
        {
            query.append_pair("name", &name);
        }
    }
    private(Redirect::to(&format!("{}?{}", callback_path(&name), query.finish())).into_response())
}

/// The name in what Apple posts once, when somebody comes for the first time.
fn name_of(user: &str) -> Option<String> {
    let user: serde_json::Value = serde_json::from_str(user).ok()?;
    let part = |name: &str| user["name"][name].as_str().unwrap_or_default().trim().to_owned();
    let name = format!("{} {}", part("firstName"), part("lastName")).trim().chars().take(100).collect::<String>();
    (!name.is_empty()).then_some(name)
}

fn page(web: &Web, request: Request) -> Page {
    Page::of_request(web.shop.clone(), web.site.clone(), request.into_parts().0)
}

/// Logs, once and here, what a provider has done.
fn trouble(error: &ProviderError, provider: &str) -> Trouble {
    tracing::warn!(%error, provider, "no sign-in");
    match error {
        ProviderError::Unreachable(_) => Trouble::Unreachable,
        ProviderError::Refused(_) => Trouble::Refused,
    }
}

/// The redirect that a page has left.
fn answered(page: &Page) -> Response {
    let (status, headers) = page.answer();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status.unwrap_or(StatusCode::SEE_OTHER);
    *response.headers_mut() = headers;
    response
}

fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
