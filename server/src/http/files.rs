//! The files of the site.

use super::{Assets, Web};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use std::convert::Infallible;
use std::path::Path;
use tower::Service;
use tower_http::services::ServeDir;

/// For files whose name changes with what is in them.
pub const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// For files that keep their name, while someone works on them.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// What the build has made: scripts, WASM and style sheet.
pub fn pkg(site_root: &Path, assets: &Assets) -> Router {
    let caching = if assets.hashed { FOR_EVER } else { ASK_AGAIN };
    let files = ServeDir::new(site_root.join("pkg"))
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    Router::new()
        .fallback_service(files.fallback(tower::service_fn(async |_: Request| {
            Ok::<_, Infallible>(super::problem::no_such_file().await.into_response())
        })))
        .layer(map_response(move |response| cached(response, caching.clone())))
}

/// Everything else in the folder, and `missing` for what is not there.
pub fn public<S>(site_root: &Path, missing: S) -> Router
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static,
{
    let files = ServeDir::new(site_root)
        .append_index_html_on_directories(false)
        .call_fallback_on_method_not_allowed(true)
        .precompressed_br()
        .precompressed_gzip();
    Router::new().fallback_service(files.fallback(missing)).layer(map_response(|response| cached(response, A_DAY)))
}

/// Says how long a file may be kept; pages and problems have said it themselves.
async fn cached(mut response: Response, caching: HeaderValue) -> Response {
    if response.status().is_success() || response.status() == axum::http::StatusCode::NOT_MODIFIED {
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(caching);
    }
    response
}

/// The loader of islands.
pub async fn loader(State(web): State<Web>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, FOR_EVER),
    ];
    (headers, Body::from(web.assets.loader.to_string())).into_response()
}
