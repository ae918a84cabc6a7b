//! What answers requests: the routes, and the layers around them.

mod access;
mod actions;
mod assets;
mod client;
mod compress;
mod csrf;
mod export;
mod failures;
mod files;
mod forms;
mod health;
mod live_reload;
mod media;
mod notice;
mod oidc;
mod pages;
mod payments;
pub(crate) mod problem;
mod rate_limit;
mod request_id;
mod returns;
mod security;
mod sheets;
mod trace;

use crate::oidc::Providers;
pub use access::{Access, ROUTES, patterns};
use app::Site;
pub use assets::Assets;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Router, handler::Handler};
use commerce::Shop;
use fred::clients::Pool;
use ipnet::IpNet;
pub use live_reload::LiveReload;
pub use rate_limit::Limiter;
pub(crate) use rate_limit::is_api;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tower_cookies::CookieManagerLayer;

/// What answering a request takes. Cloned for each.
#[derive(Clone)]
pub struct Web(Arc<Parts>);

/// What [`Web`] consists of.
pub struct Parts {
    /// The shop.
    pub shop: Shop,
    /// Where people find it.
    pub site: Site,
    /// The files that pages refer to.
    pub assets: Assets,
    /// Where to hear that something has been rebuilt, while somebody works on the shop.
    pub live_reload: Option<LiveReload>,
    /// Where else people can sign in.
    pub providers: Providers,
    /// Whose word is taken for where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Counts what clients ask for.
    pub limiter: Limiter,
    /// Redis, where it is used, to ask how it is.
    pub redis: Option<Pool>,
    /// The broker that events are published to, if there is one.
    pub rabbit: Option<Arc<crate::workers::rabbit::Rabbit>>,
    /// Whether reads go to another database than writes.
    pub replica: bool,
}

impl Web {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for Web {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Everything that is served, with `site_root` for files.
pub fn router(web: &Web, site_root: &Path) -> Router {
    let mut router = Router::new()
        .merge(health::routes())
        .merge(actions::routes(web))
        .merge(oidc::routes(web))
        .merge(payments::routes())
        .merge(sheets::routes())
        .merge(returns::routes())
        .merge(crate::api::routes())
        .route("/api", any(problem::unknown_endpoint))
        .route("/api/{*rest}", any(problem::unknown_endpoint))
        .route("/media/{id}/{file}", get(media::show))
        .route(export::PATH, get(export::download))
        .route(&web.assets.loader_path, get(files::loader))
        .nest_service("/pkg", files::pkg(site_root, &web.assets));
    if web.live_reload.is_some() {
        router = router.route(live_reload::PATH, get(live_reload::script));
    }
    // Two routes of the app can share an address, one with an optional part.
    let addresses: BTreeSet<_> =
        leptos_axum::generate_route_list(app::App).iter().map(|route| route.path().to_owned()).collect();
    for address in addresses {
        router = router.route(&address, get(pages::show));
    }
    router
        .method_not_allowed_fallback(wrong_method)
        // What is no route is a file of the site, else a page that says so.
        .fallback_service(files::public(site_root, pages::show_missing.with_state(web.clone())))
        // A request passes the layers from the last to the first.
        .layer(from_fn_with_state(web.clone(), access::check))
        // Behind the check where it comes from: another site must not use up a visitor's tries.
        .layer(from_fn_with_state(web.clone(), rate_limit::enforce))
        .layer(from_fn_with_state(web.clone(), crate::api::identify))
        .layer(CookieManagerLayer::new())
        .layer(from_fn_with_state(web.clone(), csrf::check))
        // Whatever takes too long or panics below is answered here …
        .layer(from_fn_with_state(web.clone(), failures::contain))
        // … so that every answer gets its headers, its log line and its identifier.
        .layer(map_response_with_state(
            security::Headers::new(&web.site, &web.shop.gateways.origins(), web.live_reload),
            security::secure,
        ))
        .layer(from_fn(trace::log))
        .layer(from_fn_with_state(web.clone(), request_id::identify))
        .layer(from_fn_with_state(web.clone(), client::note_address))
        .with_state(web.clone())
}

/// A known address that was asked in a way it doesn't know.
async fn wrong_method(State(web): State<Web>, request: Request) -> Response {
    let notice = notice::Notice {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method-not-allowed",
        title: "This address is not for that",
        advice: "Please go to the shop and try it there.",
    };
    notice.answer(&web.site, request.headers())
}

/// Whether a page is the answer that helps most: a browser navigates or sends
/// a plain form.
fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

/// What a header says, if it is there once at least and is ASCII.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
