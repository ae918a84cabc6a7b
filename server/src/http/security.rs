//! The headers that keep browsers on the safe side, on every answer.

use super::LiveReload;
use app::Site;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// What a page may load, and where its forms may go: at the end, so that gateways' pages can follow. There are no
/// inline scripts and styles, so there are no exceptions for them either.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The abilities of a browser that no page of ours uses.
const PERMISSIONS_POLICY: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Two years.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Who may embed a file; an answer that has it already keeps its own.
pub const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The headers of a site.
#[derive(Clone)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// What fits the site, whose forms lead to these origins too: browsers are only told to insist on HTTPS where there
    /// is some.
    pub fn new(site: &Site, origins: &[String], live_reload: Option<LiveReload>) -> Self {
        let mut policy = CONTENT_SECURITY_POLICY.to_owned();
        for origin in origins {
            policy = format!("{policy} {origin}");
        }
        if let Some(reload) = live_reload {
            policy = format!("{policy}; {}", reload.directive());
        }
        let policy = policy.parse().unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
        let fixed = |name, value| (name, HeaderValue::from_static(value));
        let mut headers = vec![
            (header::CONTENT_SECURITY_POLICY, policy),
            fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // Forms without JavaScript find their way back by the referrer: it may not be left out.
            fixed(header::REFERRER_POLICY, "same-origin"),
            fixed(CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            fixed(CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
            fixed(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
        ];
        if site.secure {
            headers.push(fixed(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY));
        }
        Self(headers)
    }
}

/// Adds the headers to an answer.
pub async fn secure(State(headers): State<Headers>, mut response: Response) -> Response {
    for (name, value) in headers.0 {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
