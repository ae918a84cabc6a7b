//! Unsafe requests must come from the shop's own pages.
//!
//! The rule is that of Go's `http.CrossOriginProtection`. Browsers since 2023
//! say in `Sec-Fetch-Site` where a request comes from, and all others send
//! `Origin` with every POST. A request that has neither comes from no browser:
//! nobody else's cookies are in it, so it is let through.

use super::Web;
use super::notice::Notice;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const REFUSED: Notice = Notice {
    status: StatusCode::FORBIDDEN,
    code: "cross-origin",
    title: "This did not come from the shop",
    advice: "For your safety, forms are only taken from the shop's own pages. Please go to the shop and try it there.",
};

/// Refuses unsafe requests of other sites.
pub async fn check(State(web): State<Web>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A provider's page posts to where its answers come in, and nothing is changed there.
    // The same goes for gateways; what they send is signed.
    let path = request.uri().path();
    let of_gateway = super::payments::is_return(path) || super::payments::is_webhook(path);
    let answer = *request.method() == Method::POST && (web.providers.posts_back_to(path) || of_gateway);
    // What shows a token at the API is judged by that, and not by cookies that another site could have sent.
    let by_token = super::is_api(request.uri().path()) && crate::api::shows_bearer(request.headers());
    if safe || answer || by_token || is_our_own(request.headers(), &web.site.public_url) {
        next.run(request).await
    } else {
        REFUSED.answer(&web.site, request.headers())
    }
}

/// Whether a request was made by a page of ours, or by no page at all.
pub fn is_our_own(headers: &HeaderMap, public_url: &str) -> bool {
    match super::text(headers, SEC_FETCH_SITE) {
        Some(site) => matches!(site, "same-origin" | "none"),
        None if headers.contains_key(SEC_FETCH_SITE) => false,
        None => match headers.get(header::ORIGIN) {
            None => true,
            Some(origin) => origin.to_str().is_ok_and(|origin| origin == public_url || is_host(origin, headers)),
        },
    }
}

/// Whether an address is one of the host that was asked, as far as the request tells.
pub fn is_host(address: &str, headers: &HeaderMap) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let Some(host) = super::text(headers, header::HOST) else { return false };
    let authority = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return false,
    };
    matches!(url.scheme(), "http" | "https") && authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn allowed(pairs: &[(HeaderName, &'static str)]) -> bool {
        let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("shop.example.com"))]);
        headers.extend(pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))));
        is_our_own(&headers, "https://public.example.com")
    }

    #[test]
    fn what_the_browser_says_of_the_site_decides() {
        assert!(allowed(&[(SEC_FETCH_SITE, "same-origin")]));
        assert!(allowed(&[(SEC_FETCH_SITE, "none")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "same-site")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "cross-site")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "")]));
        assert!(!allowed(&[(SEC_FETCH_SITE, "cross-site"), (header::ORIGIN, "https://shop.example.com")]));
        assert!(allowed(&[(SEC_FETCH_SITE, "same-origin"), (header::ORIGIN, "null")]));
    }

    #[test]
    fn without_it_the_origin_must_be_ours() {
        assert!(allowed(&[(header::ORIGIN, "https://shop.example.com")]));
        assert!(allowed(&[(header::ORIGIN, "http://shop.example.com")]));
        assert!(allowed(&[(header::ORIGIN, "https://public.example.com")]));
        for other in ["null", "https://evil.example.com", "https://shop.example.com:8443", "shop.example.com", ""] {
            assert!(!allowed(&[(header::ORIGIN, other)]), "{other}");
        }
    }

    #[test]
    fn without_both_it_is_no_browser() {
        assert!(allowed(&[]));
    }
}
