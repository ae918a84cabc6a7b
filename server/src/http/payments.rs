//! Shoppers who come back from a gateway, and what gateways send.

use super::notice::Notice;
use super::problem::Problem;
use super::{Web, pages};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use commerce::checkout::place_order::access_token;
use commerce::events::{Metadata, WEBHOOK, cause, caused_by};
use commerce::payments::webhook::{ReceiveError, receive};
use commerce::payments::{PaymentAttemptId, WebhookError, pay};
use http_body_util::{BodyExt, Limited};
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The most bytes of what a gateway sends.
const WEBHOOK_MOST: usize = 256 * 1024;

/// The most bytes of what a browser brings along from a gateway.
const RETURN_MOST: usize = 64 * 1024;

const UNKNOWN: Notice = Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    title: "Your payment is being checked",
    advice: "We can’t see yet how it went. Nothing is lost: please look again in a moment, and don’t pay twice.",
};

/// Whether a browser may be sent here by another site's form: nothing of it is trusted but what is signed.
pub fn is_return(path: &str) -> bool {
    path.strip_prefix("/payments/")
        .and_then(|rest| rest.strip_suffix("/return"))
        .is_some_and(|name| !name.contains('/'))
}

/// Whether gateways send messages here: they are taken by their signature, whatever else comes with them.
pub fn is_webhook(path: &str) -> bool {
    path.strip_prefix("/api/webhooks/").is_some_and(|name| !name.contains('/'))
}

/// Where gateways send shoppers and messages to.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/payments/{gateway}/return", get(come_back).post(come_back))
        .route("/api/webhooks/{gateway}", post(take).layer(DefaultBodyLimit::max(WEBHOOK_MOST)))
}

/// A shopper comes back, by a link or by a form of the gateway's; they go on at their order.
async fn come_back(State(web): State<Web>, Path(gateway): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let body =
        Limited::new(body, RETURN_MOST).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    // Ours come first: what the gateway adds can't take their place.
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query).chain(form_urlencoded::parse(&body)) {
        parameters.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    let attempt = parameters.get("attempt").and_then(|text| text.parse::<PaymentAttemptId>().ok());
    let signature = parameters.get("signature").cloned().unwrap_or_default();
    let missing = |web| pages::show_missing(State(web), Request::from_parts(parts, Body::empty()));
    let Some(attempt) = attempt.filter(|attempt| pay::is_return(&web.shop, *attempt, &signature)) else {
        return missing(web).await;
    };
    match pay::returned(&web.shop, &gateway, attempt, &parameters).await {
        Ok(Some(order)) => {
            let address = format!("/checkout/confirmation/{}", access_token(&web.shop, order).as_str());
            see_other(&address)
        }
        Ok(None) => missing(web).await,
        Err(error) => {
            tracing::error!(%error, "payment not looked up");
            let again = again(&web, &gateway, &parameters);
            let mut answer = UNKNOWN.leading(UNKNOWN.advice, ("Look again", &again), &web.site, &headers);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            answer
        }
    }
}

/// The address that a shopper has come back by, with what the gateway has sent in a form: as HTML.
fn again(web: &Web, gateway: &str, parameters: &BTreeMap<String, String>) -> String {
    let code = web.shop.gateways.get(gateway).map_or("", |gateway| gateway.code());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("/payments/{code}/return?{}", query.replace('&', "&amp;"))
}

fn see_other(address: &str) -> Response {
    let headers = [(header::LOCATION, address), (header::CACHE_CONTROL, "no-store")];
    let mut answer = StatusCode::SEE_OTHER.into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// `POST /api/webhooks/{gateway}`: what a gateway sends, signed over its bytes.
async fn take(State(web): State<Web>, Path(gateway): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    let problem = |status, code, detail| Problem::new(status, code, detail).into_response();
    let told = Metadata { source: WEBHOOK.to_owned(), ..cause() };
    match caused_by(told, receive(&web.shop, &gateway, &header, &body)).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(ReceiveError::Webhook(WebhookError::Unknown)) => {
            problem(StatusCode::NOT_FOUND, "not-found", "No gateway of this shop sends webhooks here.")
        }
        Err(ReceiveError::Webhook(error @ WebhookError::Signature)) => {
            tracing::warn!(gateway, %error, "webhook refused");
            problem(StatusCode::BAD_REQUEST, "wrong-signature", "This is not signed by the gateway, or too old.")
        }
        Err(ReceiveError::Webhook(error @ WebhookError::Malformed(_))) => {
            tracing::error!(gateway, %error, "webhook refused");
            problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "This is signed by the gateway, but can't be read.")
        }
        Err(error @ (ReceiveError::Webhook(WebhookError::Unavailable) | ReceiveError::Db(_))) => {
            crate::api::unavailable(&error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_of_returns_take_what_other_sites_post() {
        assert!(is_return("/payments/test/return"));
        for path in ["/payments/return", "/payments/a/b/return", "/payments/test/return/", "/actions/cart/add"] {
            assert!(!is_return(path), "{path}");
        }
    }
}
