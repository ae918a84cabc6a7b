//! Small pages for when the app can't be asked for one.

use app::Site;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::problem::Problem;

/// Something that went wrong, to be told to people or programs.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    /// The status of the answer.
    pub status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// What people read first.
    pub title: &'static str,
    /// What people read then: what they can do.
    pub advice: &'static str,
}

impl Notice {
    /// The notice as a page for browsers and as a problem document for others.
    pub fn answer(self, site: &Site, headers: &HeaderMap) -> Response {
        self.advising(self.advice, site, headers)
    }

    /// The same with advice to people that depends on the request.
    pub fn advising(self, advice: &str, site: &Site, headers: &HeaderMap) -> Response {
        self.leading(advice, ("To the shop", "/"), site, headers)
    }

    /// The same with another way on: what it is called, and its address, in which nothing means anything in HTML.
    pub fn leading(self, advice: &str, way_on: (&str, &str), site: &Site, headers: &HeaderMap) -> Response {
        if !super::wants_html(headers) {
            return Problem::new(self.status, self.code, self.title).into_response();
        }
        let (Self { status, title, .. }, (label, address)) = (self, way_on);
        let page = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
             <title>{title}</title><link rel=\"stylesheet\" href=\"{}\"></head>\
             <body><main class=\"wrap empty-state\"><h1>{title}</h1>\
             <p>{advice}</p><p><a class=\"button primary\" href=\"{address}\">{label}</a></p>\
             </main></body></html>",
            site.stylesheet,
        );
        let mut response = (status, Html(page)).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
