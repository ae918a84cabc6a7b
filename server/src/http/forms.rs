//! Forms must be readable before anyone reads them: what is not gets a page
//! that says so, never an error of the browser's.

use super::Web;
use super::csrf::is_host;
use super::problem::Problem;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;
use url::Url;

/// The largest form that is taken, in bytes.
const LIMIT: usize = 64 * 1024;

/// How much of a form that is too large is read to its end: whoever still
/// sends when the connection is closed doesn't see the answer.
const DRAIN_LIMIT: usize = 16 * 1024 * 1024;

/// How long that may take.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// The same of photos that are too large.
const UPLOAD_DRAIN_LIMIT: usize = 60 * 1024 * 1024;

/// The same for an ordinary connection that sends them.
const UPLOAD_DRAIN_PATIENCE: Duration = Duration::from_secs(240);

/// Where those go back to who came from nowhere.
const DEFAULT_PATH: &str = "/cart";

/// What stands in an address after a form was refused, and must not be added up.
const MARKS: [&str; 3] = ["refused", "__path", "__err"];

/// Why a form was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is larger than [`LIMIT`].
    TooLarge,
    /// It is no form.
    WrongType,
    /// It holds what is no text.
    Unreadable,
}

impl Refusal {
    /// What the page is told.
    fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::WrongType | Self::Unreadable => "unreadable",
        }
    }

    fn problem(self) -> Problem {
        match self {
            Self::TooLarge => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "A form may have 64 KiB at most.")
            }
            Self::WrongType => Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "A form must be application/x-www-form-urlencoded.",
            ),
            Self::Unreadable => {
                Problem::new(StatusCode::BAD_REQUEST, "unreadable", "A form must be percent-encoded UTF-8 without NUL.")
            }
        }
    }

    /// The answer: for browsers the page that the form was on, which says what is wrong.
    pub fn answer(self, web: &Web, headers: &HeaderMap) -> Response {
        if super::wants_html(headers) {
            Redirect::to(&way_back(web, headers, self.code())).into_response()
        } else {
            self.problem().into_response()
        }
    }
}

/// Lets readable forms through.
pub async fn check(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(&parts.headers, body).await {
        Ok(form) => next.run(Request::from_parts(parts, Body::from(form))).await,
        Err(refusal) => {
            tracing::info!(?refusal, "form refused");
            refusal.answer(&web, &parts.headers)
        }
    }
}

async fn read(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Refusal> {
    let length = super::text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let refusal = if length.is_some_and(|length| length > LIMIT as u64) {
        Refusal::TooLarge
    } else if !is_form(headers.get(header::CONTENT_TYPE)) {
        Refusal::WrongType
    } else {
        match Limited::new(&mut body, LIMIT).collect().await {
            Ok(form) => {
                let form = form.to_bytes();
                return if is_readable(&form) { Ok(form) } else { Err(Refusal::Unreadable) };
            }
            Err(error) if error.is::<LengthLimitError>() => Refusal::TooLarge,
            Err(_) => return Err(Refusal::Unreadable),
        }
    };
    drain(body).await;
    Err(refusal)
}

/// Reads what is still coming, within limits, and forgets it.
async fn drain(body: Body) {
    drain_within(body, DRAIN_LIMIT, DRAIN_PATIENCE).await;
}

/// The same of what may be photos, and takes longer.
pub(super) async fn drain_upload(body: Body) {
    drain_within(body, UPLOAD_DRAIN_LIMIT, UPLOAD_DRAIN_PATIENCE).await;
}

async fn drain_within(mut body: Body, limit: usize, patience: Duration) {
    let mut read = 0;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > limit {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(patience, rest).await;
}

fn is_form(content_type: Option<&HeaderValue>) -> bool {
    let essence = content_type.and_then(|value| value.to_str().ok()?.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Whether a form is percent-encoded UTF-8 without NUL.
fn is_readable(form: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(form.len());
    let mut bytes = form.iter().copied();
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
            let (Some(high), Some(low)) = (digit(), digit()) else { return false };
            (high * 16 + low) as u8
        } else {
            byte
        };
        if byte == 0 {
            return false;
        }
        decoded.push(byte);
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// The page that a form was on, told why the form was refused.
fn way_back(web: &Web, headers: &HeaderMap, reason: &str) -> String {
    let referrer = super::text(headers, header::REFERER).and_then(|referrer| own(referrer, web, headers));
    let (path, query) = referrer.unwrap_or_else(|| (DEFAULT_PATH.to_owned(), String::new()));
    let kept = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !MARKS.contains(&name.as_ref()));
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("refused", reason).finish();
    format!("{path}?{query}")
}

/// Path and query of an address, if it is one of our pages.
fn own(address: &str, web: &Web, headers: &HeaderMap) -> Option<(String, String)> {
    let url = Url::parse(address).ok()?;
    if url.origin().ascii_serialization() != web.site.public_url && !is_host(address, headers) {
        return None;
    }
    let path = url.path();
    // Two slashes begin the address of another host; an action is no page.
    let is_page = !path.starts_with("//") && !path.starts_with("/actions/");
    is_page.then(|| (path.to_owned(), url.query().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_percent_encoded_text() {
        for form in ["", "a=b&c=", "name=Zo%C3%AB+M%C3%BCller", "text=%3Cscript%3E", "q=%25"] {
            assert!(is_readable(form.as_bytes()), "{form}");
        }
        for form in [&b"name=%FF"[..], b"name=%00", b"name=\0", b"name=\xff", b"name=%C3", b"name=%zz", b"name=%4"] {
            assert!(!is_readable(form), "{form:?}");
        }
    }

    #[test]
    fn a_form_says_that_it_is_one() {
        let is_form = |text| is_form(Some(&HeaderValue::from_static(text)));
        assert!(is_form("application/x-www-form-urlencoded"));
        assert!(is_form("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
        assert!(!is_form("multipart/form-data; boundary=x"));
        assert!(!is_form("text/plain"));
        assert!(!super::is_form(None));
    }
}
