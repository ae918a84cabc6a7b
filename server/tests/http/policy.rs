//! Every answer has its headers and an identifier.

use crate::fixture::{PRODUCT, fill};
use crate::harness::{Kind, Place, Server, an_action};
use hyper::Method;

const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_browsers_safe() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let mut answers = Vec::new();
    for path in [
        "/",
        PRODUCT,
        "/cart",
        "/nowhere",
        "/robots.txt",
        "/pkg/emporion.css",
        "/pkg/none.js",
        "/media/x/1.jpg",
        "/api/health",
        "/api/none",
        "/api/health/live",
        "/c/shirts/",
    ] {
        answers.push((path, server.get(path).await));
    }
    answers.push(("a refused form", server.submit(an_action(), "/cart", "name=%FF").await));
    answers.push(("another site", server.send(Method::POST, "/", &[("sec-fetch-site", "cross-site")], "").await));
    answers.push(("a wrong method", server.send(Method::PUT, "/cart", &[], "").await));
    for (what, answer) in answers {
        assert_eq!(answer.header("content-security-policy"), POLICY, "{what}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{what}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{what}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{what}");
        assert_eq!(answer.header("strict-transport-security"), "", "{what}: there is no HTTPS");
        assert_eq!(answer.header("x-request-id").len(), 36, "{what}");
    }
    server.stop().await;
}

#[tokio::test]
async fn browsers_are_told_to_insist_on_https_where_there_is_some() {
    let place = Place::new(Kind::Sqlite).await.with("PUBLIC_URL", "https://shop.example.com");
    let server = Server::start_at(place).await;
    let answer = server.get("/api/health/live").await;
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
    server.stop().await;
}

#[tokio::test]
async fn forms_lead_to_the_pages_of_gateways() {
    let place = Place::new(Kind::Sqlite).await.with("STRIPE_SECRET_KEY", "sk").with("STRIPE_WEBHOOK_SECRET", "whsec");
    let place =
        place.with("RAZORPAY_KEY_ID", "rzp").with("RAZORPAY_KEY_SECRET", "a").with("RAZORPAY_WEBHOOK_SECRET", "b");
    let server = Server::start_at(place).await;
    let policy = server.get("/api/health/live").await.header("content-security-policy").to_owned();
    let more = "https://checkout.stripe.com https://rzp.io https://razorpay.com https://*.razorpay.com";
    assert_eq!(policy, format!("{POLICY} {more}"));
    let unsigned = server.send(Method::POST, "/api/webhooks/stripe", &[], "{}").await;
    assert_eq!(unsigned.status, 400, "it is there, and takes nothing that is not signed");
    let missing = server.send(Method::POST, "/api/webhooks/paypal", &[], "{}").await;
    assert_eq!(missing.status, 404, "it is not configured");
    server.stop().await;
}

#[tokio::test]
async fn a_request_keeps_a_sane_identifier() {
    let server = Server::start(Kind::Sqlite).await;
    let given = async |id: &str| {
        let answer = server.get_with("/api/health/live", &[("x-request-id", id)]).await;
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(given("proxy-1.abc_9").await, "proxy-1.abc_9");
    let long = "x".repeat(65);
    for insane in ["", "a b", "a\"b", "{}", &long] {
        let id = given(insane).await;
        assert!(uuid::Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() == 7), "{insane}: {id}");
    }
    assert_ne!(given("").await, given("").await);
    server.stop().await;
}
