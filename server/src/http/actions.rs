//! Server functions as actions of plain forms: post, redirect, get.

use super::forms::{self, Refusal};
use super::{Web, pages};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, get, on};
use leptos::server_fn::axum::server_fn_paths;

/// A route for each server function.
pub fn routes(web: &Web) -> Router<Web> {
    app::register_actions();
    let mut router = Router::new();
    for (path, method) in server_fn_paths() {
        // A GET changes nothing, so no action has one.
        if method == Method::POST {
            let action = on(MethodFilter::POST, run).layer(from_fn_with_state(web.clone(), forms::check));
            // Who reloads after an error has only the address of the action.
            router = router.route(path, action.merge(get(Redirect::to("/cart"))));
        }
    }
    router
}

async fn run(State(web): State<Web>, request: Request) -> Response {
    let headers = request.headers().clone();
    let context = pages::context(&web, app::HeadSlot::default());
    let response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    if super::wants_html(&headers) { for_browsers(&web, &headers, response) } else { response }
}

/// Makes sure that a plain form gets a page: fields of a wrong shape fail
/// before the action runs, and Leptos then writes its error into the address.
fn for_browsers(web: &Web, headers: &HeaderMap, mut response: Response) -> Response {
    let refused = match response.headers().get(header::LOCATION) {
        Some(location) => location.to_str().map_or(true, |location| location.contains("__err=")),
        None => !response.status().is_success(),
    };
    if refused {
        tracing::info!(status = response.status().as_u16(), "form not understood");
        return Refusal::Unreadable.answer(web, headers);
    }
    if response.status() == StatusCode::FOUND {
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    response
}
