//! Razorpay, as its API is documented.

use super::stand_in::StandIn;
use super::*;
use chrono::TimeDelta;
use commerce::payments::{About, Answer, PaymentContext, Razorpay};
use serde_json::json;

const LINKS: &str = "POST /v1/payment_links";
const LINK: &str = "GET /v1/payment_links/plink_1";

async fn gateway() -> (StandIn, Razorpay) {
    let server = StandIn::start().await;
    let of = &vectors()["razorpay"];
    let razorpay = Razorpay::new(&server.url, "rzp_test_1", word(of, "key_secret"), word(of, "secret"));
    let razorpay = razorpay.expect("a client");
    (server, razorpay)
}

fn link(status: &str, order: Option<&str>) -> Value {
    json!({
        "id": "plink_1", "amount": 4_820, "currency": "EUR", "status": status, "order_id": order,
        "reference_id": attempt().to_string(), "short_url": "https://rzp.io/i/1", "payments": null,
        "notes": { "attempt": attempt().to_string() }, "callback_method": "get",
    })
}

fn paid(id: &str, status: &str, captured: bool) -> Value {
    json!({
        "id": id, "entity": "payment", "amount": 4_820, "currency": "EUR", "status": status, "captured": captured,
        "order_id": "order_1", "notes": [], "error_code": null, "error_reason": null,
    })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "rfnd_1", "entity": "refund", "amount": 1_000, "currency": "EUR", "payment_id": "pay_1",
        "status": status, "speed_processed": "normal",
        "notes": { "attempt": attempt().to_string(), "operation": operation().to_string() },
    })
}

fn items(of: &[Value]) -> Value {
    json!({ "entity": "collection", "count": of.len(), "items": of })
}

fn event(kind: &str, payload: &[(&str, Value)]) -> String {
    let payload: serde_json::Map<_, _> =
        payload.iter().map(|(name, entity)| ((*name).to_owned(), json!({ "entity": entity }))).collect();
    json!({ "entity": "event", "event": kind, "created_at": 1_772_366_400, "payload": payload }).to_string()
}

fn read(razorpay: &Razorpay, kind: &str, payload: &[(&str, Value)]) -> commerce::payments::Webhook {
    razorpay.read_webhook(&|_| None, event(kind, payload).as_bytes()).expect("it can be read")
}

#[tokio::test]
async fn a_link_is_asked_for_once() {
    let (server, razorpay) = gateway().await;
    server.answers(LINKS, 200, &link("created", None));
    let exists = json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": "reference_id exists already" } });
    server.answers(LINKS, 400, &exists);
    server.answers("GET /v1/payment_links", 200, &json!({ "payment_links": [link("created", None)] }));
    server.answers("GET /v1/payment_links", 200, &json!({ "payment_links": [] }));
    let expected = Answer::Redirect { reference: "plink_1".to_owned(), to: "https://rzp.io/i/1".to_owned() };
    for _ in 0..2 {
        assert_eq!(razorpay.request(&request(false)).await, Ok(expected.clone()));
    }
    let refused = razorpay.request(&request(false)).await;
    assert_eq!(refused, Err(GatewayError::Refused("400 Bad Request: reference_id exists already".to_owned())));
    let seen = server.seen();
    // `rzp_test_1:razorpay key secret` in base 64.
    assert_eq!(seen[0].header("authorization"), Some("Basic cnpwX3Rlc3RfMTpyYXpvcnBheSBrZXkgc2VjcmV0"));
    let body = json!({
        "amount": 4_820, "currency": "EUR", "accept_partial": false, "reference_id": attempt().to_string(),
        "description": "Order E-7K3M-9QXP", "customer": { "email": "ada@example.com" },
        "notify": { "sms": false, "email": false }, "reminder_enable": false,
        "notes": { "attempt": attempt().to_string(), "order": "E-7K3M-9QXP" },
        "callback_url": RETURN_TO, "callback_method": "get", "expire_by": 1771949645,
    });
    assert_eq!(seen[0].json(), body);
    assert_eq!(seen[2].line, format!("GET /v1/payment_links?reference_id={}", attempt()));
}

#[tokio::test]
async fn what_has_happened_is_looked_up() {
    let (server, razorpay) = gateway().await;
    let mut failed = paid("pay_0", "failed", false);
    failed["error_reason"] = json!("insufficient_funds");
    let (capture, void) = (Action::Capture, Action::Void);
    let (good, bad) = (Outcome::Succeeded, Outcome::Failed);
    server.answers("GET /v1/payments/pay_1/refunds", 200, &items(&[refund("processed")]));
    let refunded = ("rfnd_1", Action::Refund, good, 1_000, true);
    for (status, payments, expected) in [
        ("created", vec![], vec![]),
        ("created", vec![failed.clone()], vec![("pay_0", capture, bad, 4_820, false)]),
        ("created", vec![paid("pay_1", "authorized", false)], vec![("pay_1", Action::Authorise, good, 4_820, false)]),
        (
            "paid",
            vec![failed, paid("pay_1", "captured", true)],
            vec![("pay_0", capture, bad, 4_820, false), ("pay_1", capture, good, 4_820, false), refunded],
        ),
        ("paid", vec![paid("pay_1", "refunded", true)], vec![("pay_1", capture, good, 4_820, false), refunded]),
        ("paid", vec![paid("pay_1", "refunded", false)], vec![("pay_1", void, good, 4_820, false)]),
        ("expired", vec![], vec![("plink_1", void, good, 4_820, false)]),
        ("cancelled", vec![], vec![("plink_1", void, good, 4_820, false)]),
    ] {
        server.instead(LINK, 200, &link(status, Some("order_1")));
        server.instead("GET /v1/orders/order_1/payments", 200, &items(&payments));
        let facts = razorpay.look_up(&payment("plink_1")).await.expect("it answers");
        assert_eq!(told(&facts), expected, "{status} {payments:?}");
    }
    // A link that names its payments, and no order.
    let mut named = link("paid", None);
    named["payments"] = json!([{ "payment_id": "pay_1", "amount": 4_820, "status": "captured" }]);
    server.instead(LINK, 200, &named);
    server.answers("GET /v1/payments/pay_1", 200, &paid("pay_1", "captured", true));
    let facts = razorpay.look_up(&payment("plink_1")).await.expect("it answers");
    assert_eq!(told(&facts), [("pay_1", capture, good, 4_820, false), refunded]);
}

#[tokio::test]
async fn money_counts_once_however_it_is_told() {
    let (server, razorpay) = gateway().await;
    server.answers(LINK, 200, &link("paid", Some("order_1")));
    server.answers("GET /v1/orders/order_1/payments", 200, &items(&[paid("pay_1", "captured", true)]));
    server.answers("GET /v1/payments/pay_1/refunds", 200, &items(&[refund("processed")]));
    server.answers("POST /v1/payments/pay_1/refund", 200, &refund("processed"));
    let mut facts = razorpay.look_up(&payment("plink_1")).await.expect("it answers");
    let taken = PaymentRef { captured: Some("pay_1".to_owned()), ..payment("plink_1") };
    facts.extend(razorpay.operate(&asked(Action::Refund, taken, 1_000, false)).await.expect("it answers"));
    let captured = paid("pay_1", "captured", true);
    let ours = About::Attempt(attempt());
    let mut noted = captured.clone();
    noted["notes"] = json!({ "attempt": attempt().to_string() });
    let mut by_staff = refund("processed");
    by_staff["notes"] = json!([]);
    for (kind, payload, about) in [
        ("payment_link.paid", vec![("payment_link", link("paid", None)), ("payment", captured.clone())], ours.clone()),
        ("payment.captured", vec![("payment", captured)], About::Reference("pay_1".to_owned())),
        ("payment.captured", vec![("payment", noted)], ours.clone()),
        ("refund.created", vec![("refund", refund("pending"))], ours.clone()),
        ("refund.processed", vec![("refund", refund("processed"))], ours),
        ("refund.processed", vec![("refund", by_staff)], About::Reference("pay_1".to_owned())),
    ] {
        let webhook = read(&razorpay, kind, &payload);
        assert_eq!(webhook.about, Some(about), "{kind}");
        facts.extend(webhook.facts);
    }
    let expected = Balance { authorised: 4_820, captured: 4_820, refunded: 1_000, excess: 0, voided: false };
    assert_eq!(counted(&facts), expected);
    let failed = read(&razorpay, "refund.failed", &[("refund", refund("failed"))]);
    assert_eq!(told(&failed.facts), [("rfnd_1", Action::Refund, Outcome::Failed, 1_000, true)]);
    let expired = read(&razorpay, "payment_link.expired", &[("payment_link", link("expired", None))]);
    assert_eq!(told(&expired.facts), [("plink_1", Action::Void, Outcome::Succeeded, 4_820, false)]);
}

#[tokio::test]
async fn captures_and_refunds_are_asked_for_once() {
    let (server, razorpay) = gateway().await;
    let held = PaymentRef { authorised: Some("pay_1".to_owned()), ..payment("plink_1") };
    let taken = PaymentRef { captured: Some("pay_1".to_owned()), ..held.clone() };
    server.answers("POST /v1/payments/pay_1/capture", 200, &paid("pay_1", "captured", true));
    let refused = json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": "already captured" } });
    server.answers("POST /v1/payments/pay_1/capture", 400, &refused);
    server.answers("GET /v1/payments/pay_1", 200, &paid("pay_1", "captured", true));
    server.answers("GET /v1/payments/pay_1", 200, &paid("pay_1", "failed", false));
    // Only the whole of it can be captured.
    let capture = asked(Action::Capture, held, 3_000, false);
    for _ in 0..2 {
        let facts = razorpay.operate(&capture).await.expect("it answers");
        assert_eq!(told(&facts), [("pay_1", Action::Capture, Outcome::Succeeded, 4_820, true)]);
    }
    assert!(matches!(razorpay.operate(&capture).await, Err(GatewayError::Refused(_))));
    assert_eq!(server.seen()[0].json(), json!({ "amount": 4_820, "currency": "EUR" }));

    server.answers("POST /v1/payments/pay_1/refund", 200, &refund("pending"));
    let facts = razorpay.operate(&asked(Action::Refund, taken.clone(), 1_000, false)).await.expect("it answers");
    assert_eq!(told(&facts), [("rfnd_1", Action::Refund, Outcome::Pending, 1_000, true)]);
    let seen = &server.seen()[0];
    let key = operation().to_string();
    assert_eq!(seen.header("x-refund-idempotency"), Some(key.as_str()));
    let notes = json!({ "attempt": attempt().to_string(), "operation": key });
    assert_eq!(seen.json(), json!({ "amount": 1_000, "speed": "normal", "receipt": key, "notes": notes }));
    let mut other = refund("processed");
    (other["id"], other["notes"]) = (json!("rfnd_0"), json!([]));
    server.answers("GET /v1/payments/pay_1/refunds", 200, &items(&[other.clone()]));
    server.answers("GET /v1/payments/pay_1/refunds", 200, &items(&[other, refund("processed")]));
    let again = asked(Action::Refund, taken, 1_000, true);
    for outcome in [Outcome::Pending, Outcome::Succeeded] {
        let facts = razorpay.operate(&again).await.expect("it answers");
        assert_eq!(told(&facts), [("rfnd_1", Action::Refund, outcome, 1_000, true)]);
    }
}

#[tokio::test]
async fn a_link_is_ended_and_what_is_set_aside_ends_by_itself() {
    let (server, razorpay) = gateway().await;
    let cancel = "POST /v1/payment_links/plink_1/cancel";
    let refused = json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": "can't be cancelled" } });
    server.answers(cancel, 200, &link("cancelled", None));
    server.answers(cancel, 400, &refused);
    server.answers(LINK, 200, &link("expired", None));
    server.answers(LINK, 200, &link("paid", None));
    let void = asked(Action::Void, payment("plink_1"), 4_820, false);
    for _ in 0..2 {
        let facts = razorpay.operate(&void).await.expect("it answers");
        assert_eq!(told(&facts), [("plink_1", Action::Void, Outcome::Succeeded, 4_820, true)]);
    }
    assert!(matches!(razorpay.operate(&void).await, Err(GatewayError::Refused(_))), "it was paid");

    let held = PaymentRef { authorised: Some("pay_1".to_owned()), ..payment("plink_1") };
    let void = asked(Action::Void, held, 4_820, true);
    server.answers("GET /v1/payments/pay_1", 200, &paid("pay_1", "authorized", false));
    server.answers("GET /v1/payments/pay_1", 200, &paid("pay_1", "refunded", false));
    for outcome in [Outcome::Pending, Outcome::Succeeded] {
        let facts = razorpay.operate(&void).await.expect("it answers");
        assert_eq!(told(&facts), [("pay_1", Action::Void, outcome, 4_820, true)]);
    }
}

#[tokio::test]
async fn refusals_are_told_from_trouble() {
    let (server, razorpay) = gateway().await;
    for status in [401, 409, 429, 500, 302] {
        server.answers(LINKS, status, &json!({ "error": { "code": "SERVER_ERROR" } }));
    }
    for _ in 0..5 {
        assert!(is_unavailable(razorpay.request(&request(false)).await));
    }
    let dinar = Money::new(99_991, Currency::KWD);
    assert!(!razorpay.is_offered_for(PaymentContext { total: dinar, country: "KW" }), "nothing is rounded");
    assert!(razorpay.is_offered_for(PaymentContext { total: money(1), country: "IN" }));
}

#[tokio::test]
async fn a_return_that_claims_a_payment_has_to_be_signed() {
    let (server, razorpay) = gateway().await;
    server.answers(LINK, 200, &link("paid", Some("order_1")));
    server.answers("GET /v1/orders/order_1/payments", 200, &items(&[]));
    let good: BTreeMap<String, String> =
        serde_json::from_value(vectors()["razorpay"]["callback"].clone()).expect("parameters");
    assert_eq!(razorpay.returned(&payment("plink_1"), &good).await, Ok(vec![]));
    assert_eq!(razorpay.returned(&payment("plink_1"), &BTreeMap::new()).await, Ok(vec![]), "nobody claims anything");
    drop(server.seen());
    for name in good.keys() {
        let changed =
            good.iter().map(|(of, value)| (of.clone(), if of == name { format!("{value}0") } else { value.clone() }));
        let answer = razorpay.returned(&payment("plink_1"), &changed.collect()).await;
        assert!(matches!(answer, Err(GatewayError::Refused(_))), "{name}");
    }
    let other = razorpay.returned(&payment("plink_2"), &good).await;
    assert!(matches!(other, Err(GatewayError::Refused(_))), "signed for another payment");
    assert_eq!(server.lines(), [""; 0]);
}

#[tokio::test]
async fn only_what_razorpay_has_signed_is_taken() {
    let (_server, razorpay) = gateway().await;
    let of = &vectors()["razorpay"];
    let (body, signature, now) = (word(of, "body"), word(of, "signature"), signed_at());
    let signed = [("x-razorpay-signature", signature), ("x-razorpay-event-id", "evt_1")];
    let forged = Err(WebhookError::Signature);
    for late in [TimeDelta::zero(), TimeDelta::hours(48)] {
        assert_eq!(verify(&razorpay, &signed, body, now + late).await, Ok(()), "{late}");
    }
    assert_eq!(verify(&razorpay, &signed, body, now + TimeDelta::hours(49)).await, forged);
    assert_eq!(verify(&razorpay, &signed, &flipped(body), now).await, forged);
    assert_eq!(verify(&razorpay, &[], body, now).await, forged);
    for other in [word(of, "other"), "", &signature[2..], "zz"] {
        assert_eq!(verify(&razorpay, &[("x-razorpay-signature", other)], body, now).await, forged, "{other}");
    }
    let with = razorpay.read_webhook(&headers(&signed), body.as_bytes()).expect("it can be read");
    assert_eq!((with.id.as_str(), with.kind.as_str(), with.about), ("evt_1", "order.paid", None));
    let without = |body: &str| razorpay.read_webhook(&|_| None, body.as_bytes()).expect("it can be read").id;
    assert_eq!(without(body).len(), 64);
    assert_eq!(without(body), without(body));
    assert_ne!(without(body), without(&flipped(body)));
}
