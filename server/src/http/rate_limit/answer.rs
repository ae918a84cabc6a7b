//! What a client is told of its limits, by the headers of
//! [draft-ietf-httpapi-ratelimit-headers-10](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10).

use super::class::{Class, is_api};
use super::{Charge, Client, Count};
use crate::http::Web;
use crate::http::notice::Notice;
use app::ClientAddress;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use commerce::accounts::{SignedIn, queries};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use tower_cookies::Cookies;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

const TOO_MANY: Notice = Notice {
    status: StatusCode::TOO_MANY_REQUESTS,
    code: "too-many-requests",
    title: "Too many tries for the moment",
    advice: "Too many requests have come from you or your network. Retry-After says when there is room again.",
};

/// Lets a request through that is within its limits.
pub async fn enforce(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let Some(class) = Class::of(request.method(), request.uri().path()) else { return next.run(request).await };
    let api = is_api(request.uri().path());
    let client = client(&web, api, request.extensions_mut()).await;
    let charges = web.limiter.charges(class, client);
    let counts = web.limiter.take(&charges).await;
    let wait = counts.iter().map(|count| count.wait).max().unwrap_or_default();
    let mut response = if wait > 0 {
        tracing::info!(?class, "too many requests");
        refuse(&web, request.headers(), seconds(wait))
    } else {
        next.run(request).await
    };
    describe(response.headers_mut(), &charges, &counts);
    response
}

async fn client(web: &Web, api: bool, extensions: &mut Extensions) -> Client {
    let address = extensions.get::<ClientAddress>();
    let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0);
    let Some(cookies) = extensions.get::<Cookies>().cloned() else { return Client::new(address, None, None) };
    let guest = app::guest_token(&web.site, &cookies);
    // The API knows people by their tokens alone.
    let account = match api {
        true => crate::api::known(extensions).map(|caller| caller.user),
        // Noted, so that nobody has to ask again.
        false => signed_in(web, &cookies).await.map(|who| extensions.get_or_insert(who).user),
    };
    Client::new(address, guest.as_ref(), account)
}

/// Whose session a request is made in. Who has none costs the database nothing.
async fn signed_in(web: &Web, cookies: &Cookies) -> Option<SignedIn> {
    let token = app::session_token(&web.site, cookies)?;
    // Where the database fails, the request will say so itself.
    queries::signed_in(&web.shop, &token).await.ok().flatten()
}

fn refuse(web: &Web, headers: &HeaderMap, seconds: i64) -> Response {
    let advice = format!(
        "Please wait {}. Then go back and send it once more: what you typed should still be there.",
        in_words(seconds)
    );
    let mut response = TOO_MANY.advising(&advice, &web.site, headers);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Says which limits there are and how they stand.
fn describe(headers: &mut HeaderMap, charges: &[Charge], counts: &[Count]) {
    let (mut policies, mut standings) = (String::new(), String::new());
    for (charge, count) in charges.iter().zip(counts) {
        let comma = if policies.is_empty() { "" } else { ", " };
        let Charge { policy, limit, .. } = charge;
        let _ = write!(policies, "{comma}\"{policy}\";q={};w={}", limit.most, limit.window.as_secs());
        let (left, reset) = (limit.most.saturating_sub(count.used), seconds(count.reset.max(count.wait)));
        let _ = write!(standings, "{comma}\"{policy}\";r={left};t={reset}");
    }
    for (name, text) in [(POLICY, policies), (STANDING, standings)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

/// Whole seconds after which a time in microseconds is over.
fn seconds(micros: i64) -> i64 {
    (micros + 999_999) / 1_000_000
}

/// How long somebody has to wait, roughly and never too short.
fn in_words(seconds: i64) -> String {
    let of = |number: i64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    let minutes = (seconds + 59) / 60;
    match (seconds, minutes) {
        (..=59, _) => of(seconds, "second"),
        (_, ..=59) => of(minutes, "minute"),
        _ => of((minutes + 59) / 60, "hour"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{address, charge};
    use super::*;

    #[test]
    fn headers_are_structured_fields_with_a_member_for_each_limit() {
        let charges = [charge("anonymous", address(1), "500/15m"), charge("address", address(1), "3/1h")];
        let counts = [Count { used: 1, reset: 900_000_000, wait: 0 }, Count { used: 3, reset: 1, wait: 1 }];
        let mut headers = HeaderMap::new();
        describe(&mut headers, &charges, &counts);
        assert_eq!(headers[POLICY], "\"anonymous\";q=500;w=900, \"address\";q=3;w=3600");
        assert_eq!(headers[STANDING], "\"anonymous\";r=499;t=900, \"address\";r=0;t=1");
    }

    #[test]
    fn how_long_to_wait_is_said_in_words_and_never_too_short() {
        let words = [1, 59, 60, 61, 899, 3_599, 3_600, 3_601].map(in_words);
        let expected = ["1 second", "59 seconds", "1 minute", "2 minutes", "15 minutes", "1 hour", "1 hour", "2 hours"];
        assert_eq!(words, expected);
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(seconds), [0, 1, 1, 2]);
    }
}
