//! What Stripe keeps for customers, as its API is documented.

use super::stand_in::StandIn;
use super::*;
use commerce::payments::{Answer, KeptMethod, Payer, Stripe, Wallet, saved::MethodLabel};
use serde_json::json;

const SESSIONS: &str = "POST /v1/checkout/sessions";

const SESSION: &str = "GET /v1/checkout/sessions/cs_1";

const METHODS: &str = "GET /v1/customers/cus_1/payment_methods";

async fn gateway() -> (StandIn, Stripe) {
    let server = StandIn::start().await;
    let stripe = Stripe::new(&server.url, "sk_test_1", "whsec").expect("a client");
    (server, stripe)
}

fn session(customer: Value) -> Value {
    json!({
        "id": "cs_1", "object": "checkout.session", "status": "complete", "payment_status": "paid", "amount_total": 4_820,
        "currency": "eur", "customer": customer, "url": "https://checkout.stripe.com/c/pay/cs_1", "metadata": {},
    })
}

fn pays(payer: Payer) -> PaymentRequest {
    PaymentRequest { payer, ..request(false) }
}

const SAVE: &str = "saved_payment_method_options[payment_method_save]";

#[tokio::test]
async fn members_can_save_how_they_pay_and_are_offered_it() {
    let (server, stripe) = gateway().await;
    server.answers(SESSIONS, 200, &session(Value::Null));
    for payer in [Payer::Guest, Payer::New, Payer::Known("cus_1".to_owned())] {
        stripe.request(&pays(payer)).await.expect("a page");
    }
    let forms: Vec<_> = server.seen().iter().map(stand_in::Seen::form).collect();
    let told = |index: usize| {
        ["customer_email", "customer_creation", "customer", SAVE].map(|name| forms[index].get(name).map(String::as_str))
    };
    assert_eq!(told(0), [Some("ada@example.com"), None, None, None]);
    assert_eq!(told(1), [Some("ada@example.com"), Some("always"), None, Some("enabled")]);
    assert_eq!(told(2), [None, None, Some("cus_1"), Some("enabled")]);
}

#[tokio::test]
async fn a_customer_that_was_deleted_there_can_still_pay() {
    let (server, stripe) = gateway().await;
    let gone = json!({ "error": { "type": "invalid_request_error", "code": "resource_missing", "param": "customer" } });
    server.answers(SESSIONS, 400, &gone);
    server.answers(SESSIONS, 200, &session(Value::Null));
    let answer = stripe.request(&pays(Payer::Known("cus_1".to_owned()))).await.expect("a page");
    assert!(matches!(answer, Answer::Redirect { .. }));
    let [first, second] = <[_; 2]>::try_from(server.seen()).expect("two requests");
    assert_ne!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert_eq!(second.form().get("customer_creation").map(String::as_str), Some("always"));
    server.instead(SESSIONS, 400, &gone);
    assert!(matches!(stripe.request(&pays(Payer::New)).await, Err(GatewayError::Refused(_))));
    assert_eq!(server.seen().len(), 1, "whoever has none is asked for once");
}

#[tokio::test]
async fn what_is_kept_is_told_without_its_number() {
    let (server, stripe) = gateway().await;
    let card = json!({
        "id": "pm_1", "object": "payment_method", "type": "card", "allow_redisplay": "always", "customer": "cus_1",
        "card": { "brand": "visa", "display_brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2030 },
    });
    let link =
        json!({ "id": "pm_2", "object": "payment_method", "type": "link", "link": { "email": "a@example.com" } });
    server.answers(SESSION, 200, &session(json!("cus_1")));
    server.answers(METHODS, 200, &json!({ "object": "list", "has_more": false, "data": [card, link] }));
    let label = |brand: &str, last_four: Option<&str>, expires: Option<&str>| MethodLabel {
        brand: brand.to_owned(),
        last_four: last_four.map(str::to_owned),
        expires: expires.map(str::to_owned),
    };
    let methods = vec![
        KeptMethod { token: "pm_1".to_owned(), label: label("visa", Some("4242"), Some("2030-04")) },
        KeptMethod { token: "pm_2".to_owned(), label: label("link", None, None) },
    ];
    let wallet = Wallet { customer: "cus_1".to_owned(), methods };
    assert_eq!(stripe.wallet(&payment("cs_1")).await, Ok(Some(wallet)));
    let asked = server.lines();
    assert!(asked[1].contains("allow_redisplay=always"), "what its owner has agreed to be shown: {asked:?}");
    server.instead(SESSION, 200, &session(Value::Null));
    assert_eq!(stripe.wallet(&payment("cs_1")).await, Ok(None), "a guest has none");
}

#[tokio::test]
async fn what_is_to_be_forgotten_is() {
    let (server, stripe) = gateway().await;
    server.answers("POST /v1/payment_methods/pm_1/detach", 200, &json!({ "id": "pm_1", "customer": null }));
    server.answers("DELETE /v1/customers/cus_1", 200, &json!({ "id": "cus_1", "deleted": true }));
    assert_eq!(stripe.forget("cus_1", Some("pm_1")).await, Ok(()));
    assert_eq!(stripe.forget("cus_1", None).await, Ok(()));
    assert_eq!(server.lines(), ["POST /v1/payment_methods/pm_1/detach", "DELETE /v1/customers/cus_1"]);
    server.instead("DELETE /v1/customers/cus_1", 500, &json!({}));
    assert!(is_unavailable(stripe.forget("cus_1", None).await));
}
