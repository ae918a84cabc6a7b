//! PayPal, as its API is documented.

use super::stand_in::StandIn;
use super::*;
use chrono::TimeDelta;
use commerce::payments::paypal::Environment;
use commerce::payments::{About, Answer, PayPal, PaymentContext};
use serde_json::json;

const ORDERS: &str = "POST /v2/checkout/orders";
const ORDER: &str = "GET /v2/checkout/orders/5O1";
const CAPTURE: &str = "POST /v2/checkout/orders/5O1/capture";
const TOKEN: &str = "POST /v1/oauth2/token";

fn at(server: &StandIn) -> PayPal {
    let environment = Environment { api: server.url.clone(), certificates: server.url.clone() };
    PayPal::new(environment, "client", "secret", word(&vectors()["paypal"], "webhook_id")).expect("a client")
}

async fn gateway() -> (StandIn, PayPal) {
    let server = StandIn::start().await;
    server.answers(TOKEN, 200, &json!({ "access_token": "A21", "token_type": "Bearer", "expires_in": 32_400 }));
    let paypal = at(&server);
    (server, paypal)
}

fn amount(value: &str) -> Value {
    json!({ "currency_code": "EUR", "value": value })
}

fn order(status: &str, intent: &str, payments: &Value) -> Value {
    json!({
        "id": "5O1", "status": status, "intent": intent,
        "purchase_units": [{
            "reference_id": "default", "custom_id": attempt().to_string(), "amount": amount("48.20"),
            "payments": payments,
        }],
        "links": [
            { "href": "https://api.test/self", "rel": "self", "method": "GET" },
            { "href": "https://www.paypal.com/checkoutnow?token=5O1", "rel": "payer-action", "method": "GET" },
        ],
    })
}

fn part(id: &str, status: &str, value: &str) -> Value {
    json!({ "id": id, "status": status, "amount": amount(value), "custom_id": attempt().to_string(), "links": [] })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "R1", "status": status, "amount": amount("10.00"), "custom_id": format!("refund:{}", operation()),
        "links": [{ "href": "https://api.paypal.com/v2/payments/captures/C1", "rel": "up", "method": "GET" }],
    })
}

fn refusal(issue: &str) -> Value {
    json!({ "name": "UNPROCESSABLE_ENTITY", "details": [{ "issue": issue, "description": "…" }], "debug_id": "1" })
}

fn captured() -> Value {
    order("COMPLETED", "CAPTURE", &json!({ "captures": [part("C1", "COMPLETED", "48.20")] }))
}

fn read(paypal: &PayPal, kind: &str, resource: &Value) -> commerce::payments::Webhook {
    let body = json!({ "id": "WH-1", "event_type": kind, "resource": resource }).to_string();
    paypal.read_webhook(&|_| None, body.as_bytes()).expect("it can be read")
}

#[tokio::test]
async fn an_order_is_asked_for_once_and_with_one_token() {
    let (server, paypal) = gateway().await;
    server.answers(ORDERS, 200, &order("PAYER_ACTION_REQUIRED", "CAPTURE", &Value::Null));
    let expected =
        Answer::Redirect { reference: "5O1".to_owned(), to: "https://www.paypal.com/checkoutnow?token=5O1".to_owned() };
    for later in [false, true] {
        assert_eq!(paypal.request(&request(later)).await, Ok(expected.clone()));
    }
    let [token, now, later] = <[_; 3]>::try_from(server.seen()).expect("three requests");
    assert_eq!(token.header("authorization"), Some("Basic Y2xpZW50OnNlY3JldA=="));
    assert_eq!(token.form(), [("grant_type".to_owned(), "client_credentials".to_owned())].into());
    assert_eq!(now.header("authorization"), Some("Bearer A21"));
    assert_eq!(now.header("paypal-request-id"), Some(attempt().to_string().as_str()));
    let mut body = json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "custom_id": attempt().to_string(),
            "invoice_id": "E-7K3M-9QXP/000001",
            "description": "Order E-7K3M-9QXP",
            "amount": { "currency_code": "EUR", "value": "48.20" },
        }],
        "payment_source": { "paypal": { "experience_context": {
            "return_url": RETURN_TO, "cancel_url": RETURN_TO,
            "user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING",
        } } },
    });
    assert_eq!(now.json(), body);
    body["intent"] = json!("AUTHORIZE");
    assert_eq!(later.json(), body);
}

#[tokio::test]
async fn a_token_is_fetched_again_once() {
    let server = StandIn::start().await;
    let granted = |token: &str, seconds: u32| json!({ "access_token": token, "expires_in": seconds });
    server.answers(TOKEN, 200, &granted("old", 32_400));
    server.answers(TOKEN, 200, &granted("new", 32_400));
    server.answers(ORDER, 401, &json!({ "error": "invalid_token" }));
    server.answers(ORDER, 200, &captured());
    server.answers(ORDER, 401, &json!({ "error": "invalid_token" }));
    let paypal = at(&server);
    assert!(paypal.look_up(&payment("5O1")).await.is_ok());
    let tokens: Vec<_> =
        server.seen().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(tokens[1..], ["Bearer old", "Basic Y2xpZW50OnNlY3JldA==", "Bearer new"]);
    // Keys that PayPal does not take at all are staff's to change: nothing is lost by waiting.
    assert!(is_unavailable(paypal.look_up(&payment("5O1")).await));

    // One that has ended is not used.
    let server = StandIn::start().await;
    server.answers(TOKEN, 200, &granted("short", 30));
    server.answers(ORDER, 200, &captured());
    let paypal = at(&server);
    for _ in 0..2 {
        assert!(paypal.look_up(&payment("5O1")).await.is_ok());
    }
    assert_eq!(server.lines().iter().filter(|line| *line == TOKEN).count(), 2);
}

#[tokio::test]
async fn an_approved_order_is_captured_when_it_is_looked_at() {
    let (server, paypal) = gateway().await;
    server.answers(ORDER, 200, &order("PAYER_ACTION_REQUIRED", "CAPTURE", &Value::Null));
    server.answers(ORDER, 200, &order("APPROVED", "CAPTURE", &Value::Null));
    server.answers(ORDER, 200, &captured());
    server.answers(CAPTURE, 201, &captured());
    let taken = [("C1", Action::Capture, Outcome::Succeeded, 4_820, false)];
    assert_eq!(paypal.look_up(&payment("5O1")).await, Ok(vec![]));
    let returned = paypal.returned(&payment("5O1"), &BTreeMap::new()).await.expect("it answers");
    assert_eq!(told(&returned), taken);
    assert_eq!(told(&paypal.look_up(&payment("5O1")).await.expect("it answers")), taken);
    let seen = server.seen();
    let captures: Vec<_> = seen.iter().filter(|seen| seen.line == CAPTURE).collect();
    assert_eq!(captures.len(), 1);
    assert_eq!(captures[0].header("paypal-request-id"), Some(format!("{}-capture", attempt()).as_str()));

    let (server, paypal) = gateway().await;
    let authorised = order("COMPLETED", "AUTHORIZE", &json!({ "authorizations": [part("A1", "CREATED", "48.20")] }));
    server.answers(ORDER, 200, &order("APPROVED", "AUTHORIZE", &Value::Null));
    server.answers("POST /v2/checkout/orders/5O1/authorize", 201, &authorised);
    let facts = paypal.look_up(&payment("5O1")).await.expect("it answers");
    assert_eq!(told(&facts), [("A1", Action::Authorise, Outcome::Succeeded, 4_820, false)]);
}

#[tokio::test]
async fn a_capture_may_be_declined_or_somebody_elses() {
    let (server, paypal) = gateway().await;
    server.answers(ORDER, 200, &order("APPROVED", "CAPTURE", &Value::Null));
    server.answers(ORDER, 200, &order("APPROVED", "CAPTURE", &Value::Null));
    server.answers(ORDER, 200, &captured());
    server.answers(CAPTURE, 422, &refusal("INSTRUMENT_DECLINED"));
    server.answers(CAPTURE, 422, &refusal("ORDER_ALREADY_CAPTURED"));
    let declined = paypal.look_up(&payment("5O1")).await.expect("it answers");
    assert_eq!(told(&declined), [("5O1", Action::Capture, Outcome::Failed, 4_820, false)]);
    assert_eq!(declined[0].reason.as_deref(), Some("INSTRUMENT_DECLINED"));
    let facts = paypal.look_up(&payment("5O1")).await.expect("it answers");
    assert_eq!(told(&facts), [("C1", Action::Capture, Outcome::Succeeded, 4_820, false)]);

    let (server, paypal) = gateway().await;
    server.answers(ORDER, 404, &json!({ "name": "RESOURCE_NOT_FOUND" }));
    assert_eq!(paypal.look_up(&payment("5O1")).await, Ok(vec![]), "forgotten, and nobody had paid");
    let paid = PaymentRef { captured: Some("C1".to_owned()), ..payment("5O1") };
    assert!(matches!(paypal.look_up(&paid).await, Err(GatewayError::Refused(_))));
}

#[tokio::test]
async fn money_counts_once_however_it_is_told() {
    let (server, paypal) = gateway().await;
    let parts = json!({ "captures": [part("C1", "PARTIALLY_REFUNDED", "48.20")], "refunds": [refund("COMPLETED")] });
    server.answers(ORDER, 200, &order("COMPLETED", "CAPTURE", &parts));
    server.answers("POST /v2/payments/captures/C1/refund", 201, &refund("COMPLETED"));
    let mut facts = paypal.look_up(&payment("5O1")).await.expect("it answers");
    let paid = PaymentRef { captured: Some("C1".to_owned()), ..payment("5O1") };
    facts.extend(paypal.operate(&asked(Action::Refund, paid, 1_000, false)).await.expect("it answers"));
    let by_capture = About::Reference("C1".to_owned());
    for (kind, resource, about) in [
        ("PAYMENT.CAPTURE.PENDING", part("C1", "PENDING", "48.20"), About::Attempt(attempt())),
        ("PAYMENT.CAPTURE.COMPLETED", part("C1", "COMPLETED", "48.20"), About::Attempt(attempt())),
        ("PAYMENT.REFUND.PENDING", refund("PENDING"), by_capture.clone()),
        ("PAYMENT.CAPTURE.REFUNDED", refund("COMPLETED"), by_capture),
    ] {
        let webhook = read(&paypal, kind, &resource);
        assert_eq!(webhook.about, Some(about), "{kind}");
        facts.extend(webhook.facts);
    }
    let expected = Balance { authorised: 4_820, captured: 4_820, refunded: 1_000, excess: 0, voided: false };
    assert_eq!(counted(&facts), expected);
    let denied = read(&paypal, "PAYMENT.CAPTURE.DENIED", &part("C1", "DECLINED", "48.20"));
    assert_eq!(told(&denied.facts), [("C1", Action::Capture, Outcome::Failed, 4_820, false)]);
    let approved = read(&paypal, "CHECKOUT.ORDER.APPROVED", &order("APPROVED", "CAPTURE", &Value::Null));
    assert_eq!((approved.about, approved.facts.len()), (None, 0));
}

#[tokio::test]
async fn captures_and_refunds_are_asked_for_once() {
    let (server, paypal) = gateway().await;
    let held = PaymentRef { authorised: Some("A1".to_owned()), ..payment("5O1") };
    let paid = PaymentRef { captured: Some("C1".to_owned()), ..held.clone() };
    server.answers("POST /v2/payments/authorizations/A1/capture", 201, &part("C1", "PENDING", "30.00"));
    server.answers("POST /v2/payments/captures/C1/refund", 201, &refund("PENDING"));
    let capture = paypal.operate(&asked(Action::Capture, held.clone(), 3_000, false)).await.expect("it answers");
    assert_eq!(told(&capture), [("C1", Action::Capture, Outcome::Pending, 3_000, true)]);
    let refunded = paypal.operate(&asked(Action::Refund, paid.clone(), 1_000, false)).await.expect("it answers");
    assert_eq!(told(&refunded), [("R1", Action::Refund, Outcome::Pending, 1_000, true)]);
    let seen = server.seen();
    for seen in &seen[1..] {
        assert_eq!(seen.header("paypal-request-id"), Some(operation().to_string().as_str()));
    }
    assert_eq!(seen[1].json(), json!({ "amount": amount("30.00"), "final_capture": true }));
    let mark = format!("refund:{}", operation());
    assert_eq!(seen[2].json(), json!({ "amount": amount("10.00"), "custom_id": mark }));

    // Asked again: what PayPal knows counts, another refund of the same payment does not.
    let mut other = refund("COMPLETED");
    (other["id"], other["custom_id"]) = (json!("R0"), json!(attempt().to_string()));
    let parts = |refunds: &[Value]| {
        order("COMPLETED", "AUTHORIZE", &json!({ "captures": [part("C1", "COMPLETED", "30.00")], "refunds": refunds }))
    };
    server.answers(ORDER, 200, &parts(&[other.clone()]));
    server.answers(ORDER, 200, &parts(&[other.clone()]));
    server.answers(ORDER, 200, &parts(&[other, refund("COMPLETED")]));
    let capture = paypal.operate(&asked(Action::Capture, held, 3_000, true)).await.expect("it answers");
    assert_eq!(told(&capture), [("C1", Action::Capture, Outcome::Succeeded, 3_000, true)]);
    let again = asked(Action::Refund, paid, 1_000, true);
    for outcome in [Outcome::Pending, Outcome::Succeeded] {
        let facts = paypal.operate(&again).await.expect("it answers");
        assert_eq!(told(&facts), [("R1", Action::Refund, outcome, 1_000, true)]);
    }
}

#[tokio::test]
async fn an_order_that_was_voided_is_never_captured() {
    let (server, paypal) = gateway().await;
    let void = asked(Action::Void, payment("5O1"), 4_820, false);
    let ended = |operation| [("5O1", Action::Void, Outcome::Succeeded, 4_820, operation)];
    let mut marked = order("APPROVED", "CAPTURE", &Value::Null);
    marked["purchase_units"][0]["custom_id"] = json!(format!("ended:{}", attempt()));
    server.answers(ORDER, 200, &order("APPROVED", "CAPTURE", &Value::Null));
    server.answers(ORDER, 200, &marked);
    server.answers_text("PATCH /v2/checkout/orders/5O1", 204, "");
    assert_eq!(told(&paypal.operate(&void).await.expect("it answers")), ended(true));
    let patch = json!([{
        "op": "replace", "path": "/purchase_units/@reference_id=='default'/custom_id",
        "value": format!("ended:{}", attempt()),
    }]);
    assert_eq!(server.seen().last().expect("asked").json(), patch);
    assert_eq!(told(&paypal.look_up(&payment("5O1")).await.expect("it answers")), ended(false));
    assert_eq!(told(&paypal.operate(&void).await.expect("it answers")), ended(true));
    assert_eq!(server.lines(), [ORDER, ORDER], "nothing was captured");

    // Paid in between; not marked because nobody had approved it; forgotten.
    let (server, paypal) = gateway().await;
    server.answers("PATCH /v2/checkout/orders/5O1", 422, &refusal("ORDER_ALREADY_COMPLETED"));
    server.answers(ORDER, 200, &order("APPROVED", "CAPTURE", &Value::Null));
    server.answers(ORDER, 200, &captured());
    assert_eq!(paypal.operate(&void).await, Err(GatewayError::Refused("paid already".to_owned())));
    server.instead(ORDER, 200, &order("PAYER_ACTION_REQUIRED", "CAPTURE", &Value::Null));
    assert_eq!(told(&paypal.operate(&void).await.expect("it answers")), ended(true));
    server.instead(ORDER, 404, &json!({ "name": "RESOURCE_NOT_FOUND" }));
    assert_eq!(told(&paypal.operate(&void).await.expect("it answers")), ended(true));
}

#[tokio::test]
async fn what_is_set_aside_is_let_go() {
    let (server, paypal) = gateway().await;
    let held = PaymentRef { authorised: Some("A1".to_owned()), ..payment("5O1") };
    let void = asked(Action::Void, held, 4_820, false);
    server.answers_text("POST /v2/payments/authorizations/A1/void", 204, "");
    server.answers("POST /v2/payments/authorizations/A1/void", 422, &refusal("PREVIOUSLY_VOIDED"));
    server.answers("GET /v2/payments/authorizations/A1", 200, &part("A1", "VOIDED", "48.20"));
    server.answers("GET /v2/payments/authorizations/A1", 200, &part("A1", "VOIDED", "48.20"));
    server.answers("GET /v2/payments/authorizations/A1", 200, &part("A1", "CAPTURED", "48.20"));
    let expected = [
        ("A1", Action::Authorise, Outcome::Succeeded, 4_820, false),
        ("A1", Action::Void, Outcome::Succeeded, 4_820, true),
    ];
    for _ in 0..2 {
        assert_eq!(told(&paypal.operate(&void).await.expect("it answers")), expected);
    }
    assert!(matches!(paypal.operate(&void).await, Err(GatewayError::Refused(_))), "it was taken");
    let webhook = read(&paypal, "PAYMENT.AUTHORIZATION.VOIDED", &part("A1", "VOIDED", "48.20"));
    assert_eq!((webhook.about, webhook.facts.len()), (Some(About::Attempt(attempt())), 2));
}

#[tokio::test]
async fn refusals_are_told_from_trouble() {
    let (server, paypal) = gateway().await;
    server.answers(ORDERS, 400, &json!({ "name": "INVALID_REQUEST", "details": [] }));
    for status in [409, 429, 500, 503, 302] {
        server.answers(ORDERS, status, &json!({}));
    }
    let refused = paypal.request(&request(false)).await;
    assert_eq!(refused, Err(GatewayError::Refused("400 Bad Request: INVALID_REQUEST".to_owned())));
    for _ in 0..5 {
        assert!(is_unavailable(paypal.request(&request(false)).await));
    }
    let forint = Money::new(150_050, Currency::HUF);
    assert!(!paypal.is_offered_for(PaymentContext { total: forint, country: "HU" }), "nothing is rounded");
    assert!(paypal.is_offered_for(PaymentContext { total: money(1), country: "DE" }));
}

#[tokio::test]
async fn only_what_paypal_has_signed_is_taken() {
    let (server, paypal) = gateway().await;
    let of = &vectors()["paypal"];
    server.answers_text("GET /v1/notifications/certs/CERT-1", 200, word(of, "certificate"));
    server.answers("GET /v1/notifications/certs/CERT-2", 404, &json!({}));
    server.answers("GET /v1/notifications/certs/CERT-3", 503, &json!({}));
    server.answers("GET /v1/notifications/certs/CERT-4", 200, &json!("no certificate"));
    let address = |name: &str| format!("{}/v1/notifications/certs/{name}", server.url);
    let (body, now, own) = (word(of, "body"), signed_at(), address("CERT-1"));
    let good = [
        ("paypal-transmission-id", word(of, "id")),
        ("paypal-transmission-time", word(of, "time")),
        ("paypal-transmission-sig", word(of, "signature")),
        ("paypal-cert-url", own.as_str()),
        ("paypal-auth-algo", "SHA256withRSA"),
    ];
    for late in [TimeDelta::zero(), TimeDelta::days(3), -TimeDelta::minutes(5)] {
        assert_eq!(verify(&paypal, &good, body, now + late).await, Ok(()), "{late}");
    }
    assert_eq!(server.lines(), ["GET /v1/notifications/certs/CERT-1"], "fetched once");
    let forged = Err(WebhookError::Signature);
    for late in [TimeDelta::days(3) + TimeDelta::seconds(1), -TimeDelta::minutes(6)] {
        assert_eq!(verify(&paypal, &good, body, now + late).await, forged, "{late}");
    }
    assert_eq!(verify(&paypal, &good, &flipped(body), now).await, forged);
    for missing in 0..good.len() {
        let mut rest = good.to_vec();
        rest.remove(missing);
        assert_eq!(verify(&paypal, &rest, body, now).await, forged, "without {}", good[missing].0);
    }
    let with = async |name: &str, value: &str| {
        let changed = good.map(|(known, was)| (known, if known == name { value } else { was }));
        verify(&paypal, &changed, body, now).await
    };
    assert_eq!(with("paypal-transmission-sig", word(of, "other")).await, forged);
    assert_eq!(with("paypal-transmission-sig", "AAAA").await, forged);
    assert_eq!(with("paypal-transmission-time", "2026-03-01T12:00:01Z").await, forged);
    assert_eq!(with("paypal-transmission-id", "another").await, forged);
    assert_eq!(with("paypal-auth-algo", "SHA1withRSA").await, forged);
    assert_eq!(with("paypal-cert-url", &address("CERT-2")).await, forged);
    assert_eq!(with("paypal-cert-url", &address("CERT-3")).await, Err(WebhookError::Unavailable));
    assert_eq!(with("paypal-cert-url", &address("CERT-4")).await, forged);
    drop(server.seen());
    for elsewhere in [
        "https://evil.test/v1/notifications/certs/CERT-1",
        &format!("{}.evil.test/v1/notifications/certs/CERT-1", server.url),
        &format!("{}@evil.test/v1/notifications/certs/CERT-1", server.url),
        &address("../../v2/x"),
        &address("CERT-1?a=b"),
        &address(""),
    ] {
        assert_eq!(with("paypal-cert-url", elsewhere).await, forged, "{elsewhere}");
    }
    assert_eq!(server.lines(), [""; 0], "nothing is fetched from elsewhere");
    let environment = Environment { api: server.url.clone(), certificates: server.url.clone() };
    let another = PayPal::new(environment, "client", "secret", "ANOTHERWEBHOOK").expect("a client");
    assert_eq!(verify(&another, &good, body, now).await, forged, "meant for another webhook");
    assert_eq!(verify(&paypal, &good, body, now).await, Ok(()));
}
