//! Pages: rendered by the app, then made fit for browsers and their caches.
//!
//! A page without a cookie in its request is the same for everybody and gets
//! a tag, so that a browser that has it needs no copy. A page with one is
//! somebody's own and is not kept at all.

use super::compress::Encoding;
use super::{Assets, Web, live_reload};
use app::HeadSlot;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::response::Parts;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use leptos::nonce::Nonce;
use leptos::prelude::provide_context;
use memchr::memmem;
use std::str::FromStr;
use xxhash_rust::xxh3::xxh3_128;

/// Pages below these are somebody's own, whoever asks.
const PERSONAL: [&str; 6] = ["/account", "/admin", "/auth", "/cart", "/checkout", "/orders"];

/// What pages and actions are given by the server.
pub fn context(web: &Web, head: HeadSlot) -> impl Fn() + Clone + Send + Sync + 'static {
    let (shop, site) = (web.shop.clone(), web.site.clone());
    move || {
        provide_context(head.clone());
        provide_context(shop.clone());
        provide_context(site.clone());
        // The policy needs no nonce, and with a new one no page would be like another.
        provide_context(Nonce::from_value(""));
    }
}

/// Shows a page of the app.
pub async fn show(State(web): State<Web>, request: Request) -> Response {
    render(&web, request, StatusCode::OK).await
}

/// Shows the page for addresses that don't exist.
pub async fn show_missing(State(web): State<Web>, request: Request) -> Response {
    match without_slash(request.uri()) {
        Some(address) if request.method() == Method::GET => Redirect::permanent(&address).into_response(),
        _ => render(&web, request, StatusCode::NOT_FOUND).await,
    }
}

/// The same address without the slash at its end, if it has one to lose.
fn without_slash(uri: &Uri) -> Option<String> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    // What begins with two slashes would lead to another host.
    if path.starts_with("//") || path.starts_with("/\\") || path.ends_with('/') {
        return None;
    }
    Some(uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

/// What of a request decides how its page is sent.
struct Reader {
    /// Whether the page may be somebody's own.
    personal: bool,
    encoding: Encoding,
    /// The tags of the copies that the browser has.
    known: Option<HeaderValue>,
}

impl Reader {
    fn of(request: &Request) -> Self {
        let path = request.uri().path();
        let below =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Self {
            personal: request.headers().contains_key(header::COOKIE) || PERSONAL.iter().any(|prefix| below(prefix)),
            encoding: Encoding::accepted(request.headers()),
            known: request.headers().get(header::IF_NONE_MATCH).cloned(),
        }
    }

    fn knows(&self, tag: &str) -> bool {
        let known = self.known.as_ref().and_then(|known| known.to_str().ok()).unwrap_or_default();
        known.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    }
}

async fn render(web: &Web, mut request: Request, status: StatusCode) -> Response {
    let reader = Reader::of(&request);
    tidy(request.uri_mut());
    let (site, head) = (web.site.clone(), HeadSlot::default());
    let handler =
        leptos_axum::render_app_async_with_context(context(web, head.clone()), move || app::shell(site.clone()));
    let (mut parts, body) = handler(request).await.into_parts();
    if parts.status == StatusCode::OK {
        parts.status = status;
    }
    if parts.status.is_redirection() {
        return Response::from_parts(parts, Body::empty());
    }
    // The app writes to memory: nothing there can fail.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut head = head.to_html();
    if web.live_reload.is_some() {
        head.push_str(live_reload::ELEMENT);
    }
    send(finish(body, &head, &web.assets), parts, &reader)
}

/// Leptos reads the address as one of a host of its own, which an absolute one is not.
fn tidy(uri: &mut Uri) {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if uri.authority().is_some()
        && let Ok(relative) = Uri::from_str(path)
    {
        *uri = relative;
    }
}

/// Cuts off the scripts that Leptos puts behind the end, writes the head that
/// the page left, and has islands loaded where there are some.
fn finish(page: Bytes, head: &str, assets: &Assets) -> Bytes {
    const END: &[u8] = b"</html>";
    let end = memmem::rfind(&page, END).map_or(page.len(), |position| position + END.len());
    let page = page.slice(..end);
    let islands = memmem::find(&page, b"<leptos-island").map_or("", |_| assets.head.as_str());
    let Some(place) = memmem::find(&page, b"</head>") else { return page };
    [&page[..place], head.as_bytes(), islands.as_bytes(), &page[place..]].concat().into()
}

fn send(page: Bytes, mut parts: Parts, reader: &Reader) -> Response {
    let encoding = reader.encoding.for_size(page.len());
    let headers = &mut parts.headers;
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let personal = reader.personal || parts.status.is_server_error();
    let caching = if personal { "private, no-store" } else { "private, no-cache" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    if parts.status == StatusCode::OK && !personal {
        let suffix = encoding.name().map_or_else(String::new, |name| format!("-{name}"));
        let tag = format!("\"{:032x}{suffix}\"", xxh3_128(&page));
        let known = reader.knows(&tag);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if known {
            headers.remove(header::CONTENT_TYPE);
            parts.status = StatusCode::NOT_MODIFIED;
            return Response::from_parts(parts, Body::empty());
        }
    }
    match encoding.encode(page.clone()) {
        Ok(encoded) => {
            describe(headers, encoding);
            Response::from_parts(parts, Body::from(encoded))
        }
        Err(_) => Response::from_parts(parts, Body::from(page)),
    }
}

fn describe(headers: &mut HeaderMap, encoding: Encoding) {
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(page: &'static str) -> String {
        let page = finish(Bytes::from_static(page.as_bytes()), "", &Assets::find("/nowhere".as_ref()));
        String::from_utf8(page.to_vec()).expect("text")
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let page = "<html><head></head><body></body></html>";
        assert_eq!(finished("<html><head></head><body></body></html><script>x</script>"), page);
    }

    #[test]
    fn only_pages_with_islands_load_them() {
        let page = finished("<html><head><title>x</title></head><body><leptos-island></leptos-island></body></html>");
        let head = page.split("</head>").next().expect("a head");
        assert!(head.contains("<title>x</title><link rel=\"modulepreload\" href=\"/pkg/emporion.js\">"), "{head}");
        assert!(head.contains("<script type=\"module\" src=\"/islands-"), "{head}");
    }

    #[test]
    fn a_slash_too_many_is_taken_off() {
        let without = |uri: &'static str| without_slash(&Uri::from_static(uri));
        assert_eq!(without("/c/shoes/?sort=name").as_deref(), Some("/c/shoes?sort=name"));
        assert_eq!(without("/"), None);
        assert_eq!(without("/c/shoes"), None);
        assert_eq!(without("//evil.example.com/"), None);
        assert_eq!(without("/c//"), None);
    }
}
