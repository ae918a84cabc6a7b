//! Stripe, as its API is documented.

use super::stand_in::StandIn;
use super::*;
use chrono::TimeDelta;
use commerce::payments::{About, Answer, PaymentContext, Stripe};
use serde_json::json;

const SESSIONS: &str = "POST /v1/checkout/sessions";

async fn gateway() -> (StandIn, Stripe) {
    let server = StandIn::start().await;
    let stripe = Stripe::new(&server.url, "sk_test_1", word(&vectors()["stripe"], "secret")).expect("a client");
    (server, stripe)
}

fn intent(status: &str, method: &str, received: i64) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 4_820, "amount_received": received,
        "amount_capturable": if status == "requires_capture" { 4_820 } else { 0 }, "currency": "eur",
        "capture_method": method, "last_payment_error": null, "latest_charge": "ch_1",
        "metadata": { "attempt": attempt().to_string(), "order": "E-7K3M-9QXP" },
    })
}

fn session(status: &str, paid: &str, intent: Value) -> Value {
    json!({
        "id": "cs_1", "object": "checkout.session", "status": status, "payment_status": paid, "amount_total": 4_820,
        "currency": "eur", "payment_intent": intent, "url": null, "mode": "payment",
        "metadata": { "attempt": attempt().to_string(), "order": "E-7K3M-9QXP" },
    })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "re_1", "object": "refund", "amount": 1_000, "currency": "eur", "status": status, "charge": "ch_1",
        "payment_intent": "pi_1", "metadata": { "attempt": attempt().to_string(), "operation": operation().to_string() },
    })
}

fn refunds(of: &[Value]) -> Value {
    json!({ "object": "list", "has_more": false, "data": of })
}

fn event(kind: &str, object: &Value) -> Vec<u8> {
    json!({ "id": "evt_1", "object": "event", "type": kind, "created": 1, "data": { "object": object } })
        .to_string()
        .into_bytes()
}

fn read(stripe: &Stripe, kind: &str, object: &Value) -> commerce::payments::Webhook {
    stripe.read_webhook(&|_| None, &event(kind, object)).expect("it can be read")
}

#[tokio::test]
async fn a_session_is_asked_for_once() {
    let (server, stripe) = gateway().await;
    let mut answer = session("open", "unpaid", Value::Null);
    answer["url"] = json!("https://checkout.stripe.com/c/pay/cs_1");
    server.answers(SESSIONS, 200, &answer);
    let expected =
        Answer::Redirect { reference: "cs_1".to_owned(), to: "https://checkout.stripe.com/c/pay/cs_1".to_owned() };
    for later in [false, true] {
        assert_eq!(stripe.request(&request(later)).await, Ok(expected.clone()));
    }
    let [now, later] = <[_; 2]>::try_from(server.seen()).expect("two requests");
    assert_eq!(now.header("authorization"), Some("Bearer sk_test_1"));
    assert_eq!(now.header("stripe-version"), Some("2024-06-20"));
    assert_eq!(now.header("idempotency-key"), Some(attempt().to_string().as_str()));
    assert_eq!(now.header("content-type"), Some("application/x-www-form-urlencoded"));
    let id = attempt().to_string();
    let mut form: BTreeMap<String, String> = [
        ("mode", "payment"),
        ("client_reference_id", &id),
        ("metadata[attempt]", &id),
        ("metadata[order]", "E-7K3M-9QXP"),
        ("payment_intent_data[metadata][attempt]", &id),
        ("payment_intent_data[metadata][order]", "E-7K3M-9QXP"),
        ("payment_intent_data[description]", "Order E-7K3M-9QXP"),
        ("customer_email", "ada@example.com"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "4820"),
        ("line_items[0][price_data][product_data][name]", "Order E-7K3M-9QXP"),
        ("success_url", RETURN_TO),
        ("cancel_url", RETURN_TO),
        // Two hours after the attempt was opened, whenever it is asked for.
        ("expires_at", "1771949645"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    assert_eq!(now.form(), form);
    form.insert("payment_intent_data[capture_method]".to_owned(), "manual".to_owned());
    form.insert("metadata[capture]".to_owned(), "later".to_owned());
    assert_eq!(later.form(), form);
}

#[tokio::test]
async fn what_has_happened_is_looked_up() {
    let (server, stripe) = gateway().await;
    let path = "GET /v1/checkout/sessions/cs_1";
    let mut declined = intent("requires_payment_method", "automatic", 0);
    declined["last_payment_error"] = json!({ "code": "card_declined", "decline_code": "insufficient_funds" });
    let (capture, authorise, void) = (Action::Capture, Action::Authorise, Action::Void);
    let (good, bad) = (Outcome::Succeeded, Outcome::Failed);
    server.answers("GET /v1/refunds", 200, &refunds(&[]));
    for (answer, expected) in [
        (session("open", "unpaid", Value::Null), vec![]),
        (session("open", "unpaid", declined), vec![("pi_1", capture, bad, 4_820, false)]),
        (
            session("complete", "paid", intent("succeeded", "automatic", 4_820)),
            vec![("pi_1", capture, good, 4_820, false)],
        ),
        (
            session("complete", "unpaid", intent("requires_capture", "manual", 0)),
            vec![("pi_1", authorise, good, 4_820, false)],
        ),
        (
            session("complete", "paid", intent("succeeded", "manual", 3_000)),
            vec![("pi_1", authorise, good, 4_820, false), ("pi_1", capture, good, 3_000, false)],
        ),
        (
            session("complete", "unpaid", intent("processing", "automatic", 0)),
            vec![("pi_1", capture, Outcome::Pending, 4_820, false)],
        ),
        (session("complete", "unpaid", intent("canceled", "manual", 0)), vec![("pi_1", void, good, 4_820, false)]),
        (session("expired", "unpaid", Value::Null), vec![("cs_1", void, good, 4_820, false)]),
        (session("expired", "unpaid", intent("canceled", "automatic", 0)), vec![("pi_1", void, good, 4_820, false)]),
    ] {
        server.instead(path, 200, &answer);
        let facts = stripe.look_up(&payment("cs_1")).await.expect("it answers");
        assert_eq!(told(&facts), expected, "{answer}");
    }
}

#[tokio::test]
async fn money_counts_once_however_it_is_told() {
    let (server, stripe) = gateway().await;
    let taken = intent("succeeded", "automatic", 4_820);
    server.answers("GET /v1/checkout/sessions/cs_1", 200, &session("complete", "paid", taken.clone()));
    server.answers("GET /v1/refunds", 200, &refunds(&[refund("succeeded")]));
    server.answers("POST /v1/refunds", 200, &refund("succeeded"));
    let mut facts = stripe.look_up(&payment("cs_1")).await.expect("it answers");
    assert_eq!(
        server.lines(),
        ["GET /v1/checkout/sessions/cs_1?expand%5B%5D=payment_intent", "GET /v1/refunds?payment_intent=pi_1&limit=100"]
    );
    let captured = PaymentRef { captured: Some("pi_1".to_owned()), ..payment("cs_1") };
    facts.extend(stripe.operate(&asked(Action::Refund, captured, 1_000, false)).await.expect("it answers"));
    for (kind, object) in [
        ("checkout.session.completed", session("complete", "paid", json!("pi_1"))),
        ("checkout.session.async_payment_succeeded", session("complete", "paid", json!("pi_1"))),
        ("payment_intent.succeeded", taken),
        ("refund.created", refund("pending")),
        ("refund.updated", refund("succeeded")),
        ("charge.refund.updated", refund("succeeded")),
        (
            "charge.refunded",
            json!({ "id": "ch_1", "payment_intent": "pi_1", "refunds": refunds(&[refund("succeeded")]) }),
        ),
    ] {
        let webhook = read(&stripe, kind, &object);
        assert_eq!(webhook.about, Some(About::Attempt(attempt())), "{kind}");
        facts.extend(webhook.facts);
    }
    let expected = Balance { authorised: 4_820, captured: 4_820, refunded: 1_000, excess: 0, voided: false };
    assert_eq!(counted(&facts), expected);
}

#[tokio::test]
async fn what_is_set_aside_is_not_taken_for_captured() {
    let (_server, stripe) = gateway().await;
    let mut later = session("complete", "paid", json!("pi_1"));
    later["metadata"]["capture"] = json!("later");
    assert_eq!(read(&stripe, "checkout.session.completed", &later).facts, []);
    let unpaid = session("complete", "unpaid", json!("pi_1"));
    assert_eq!(read(&stripe, "checkout.session.completed", &unpaid).facts, []);
    let failed = read(&stripe, "checkout.session.async_payment_failed", &unpaid);
    assert_eq!(told(&failed.facts), [("pi_1", Action::Capture, Outcome::Failed, 4_820, false)]);
    let held = read(&stripe, "payment_intent.amount_capturable_updated", &intent("requires_capture", "manual", 0));
    assert_eq!(told(&held.facts), [("pi_1", Action::Authorise, Outcome::Succeeded, 4_820, false)]);
    let expired = read(&stripe, "checkout.session.expired", &session("expired", "unpaid", Value::Null));
    assert_eq!(told(&expired.facts), [("cs_1", Action::Void, Outcome::Succeeded, 4_820, false)]);
}

#[tokio::test]
async fn a_capture_that_was_not_answered_is_found() {
    let (server, stripe) = gateway().await;
    let path = "POST /v1/payment_intents/pi_1/capture";
    let held = PaymentRef { authorised: Some("pi_1".to_owned()), ..payment("cs_1") };
    let expected = [
        ("pi_1", Action::Authorise, Outcome::Succeeded, 4_820, false),
        ("pi_1", Action::Capture, Outcome::Succeeded, 3_000, true),
    ];
    server.answers(path, 200, &intent("succeeded", "manual", 3_000));
    let facts = stripe.operate(&asked(Action::Capture, held.clone(), 3_000, false)).await.expect("it answers");
    assert_eq!(told(&facts), expected);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("idempotency-key"), Some(operation().to_string().as_str()));
    assert_eq!(seen.form(), [("amount_to_capture".to_owned(), "3000".to_owned())].into());

    let (server, stripe) = gateway().await;
    server.answers(
        path,
        400,
        &json!({ "error": { "type": "invalid_request_error", "code": "payment_intent_unexpected_state" } }),
    );
    server.answers("GET /v1/payment_intents/pi_1", 200, &intent("succeeded", "manual", 3_000));
    server.answers("GET /v1/payment_intents/pi_1", 200, &intent("canceled", "manual", 0));
    let again = asked(Action::Capture, held, 3_000, true);
    assert_eq!(told(&stripe.operate(&again).await.expect("it was done")), expected);
    let refused = stripe.operate(&again).await;
    assert_eq!(refused, Err(GatewayError::Refused("400 Bad Request: payment_intent_unexpected_state".to_owned())));
}

#[tokio::test]
async fn a_refund_that_takes_its_time_is_asked_for_once() {
    let (server, stripe) = gateway().await;
    let captured = PaymentRef { captured: Some("pi_1".to_owned()), ..payment("cs_1") };
    server.answers("POST /v1/refunds", 200, &refund("pending"));
    let facts = stripe.operate(&asked(Action::Refund, captured.clone(), 1_000, false)).await.expect("it answers");
    assert_eq!(told(&facts), [("re_1", Action::Refund, Outcome::Pending, 1_000, true)]);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("idempotency-key"), Some(operation().to_string().as_str()));
    let id = (attempt().to_string(), operation().to_string());
    let form =
        [("payment_intent", "pi_1"), ("amount", "1000"), ("metadata[attempt]", &id.0), ("metadata[operation]", &id.1)];
    assert_eq!(seen.form(), form.map(|(name, value)| (name.to_owned(), value.to_owned())).into());

    // Many refunds: it is on the second page.
    let mut other = refund("succeeded");
    other["id"] = json!("re_0");
    other["metadata"] = json!({});
    server.answers("GET /v1/refunds", 200, &json!({ "data": [other], "has_more": true }));
    server.answers("GET /v1/refunds", 200, &refunds(&[refund("failed")]));
    let facts = stripe.operate(&asked(Action::Refund, captured, 1_000, true)).await.expect("it answers");
    assert_eq!(told(&facts), [("re_1", Action::Refund, Outcome::Failed, 1_000, true)]);
    assert_eq!(
        server.lines(),
        [
            "GET /v1/refunds?payment_intent=pi_1&limit=100",
            "GET /v1/refunds?payment_intent=pi_1&limit=100&starting_after=re_0"
        ]
    );
}

#[tokio::test]
async fn what_nobody_has_paid_is_ended() {
    let refused = json!({ "error": { "type": "invalid_request_error", "message": "Only Checkout Sessions with a status in [\"open\"] can be expired" } });
    let expire = "POST /v1/checkout/sessions/cs_1/expire";
    let void = asked(Action::Void, payment("cs_1"), 4_820, false);
    let ended = |name| [(name, Action::Void, Outcome::Succeeded, 4_820, true)];

    let (server, stripe) = gateway().await;
    server.answers(expire, 200, &session("expired", "unpaid", Value::Null));
    assert_eq!(told(&stripe.operate(&void).await.expect("it answers")), ended("cs_1"));

    let (server, stripe) = gateway().await;
    server.answers(expire, 400, &refused);
    server.answers("GET /v1/checkout/sessions/cs_1", 200, &session("expired", "unpaid", Value::Null));
    assert_eq!(told(&stripe.operate(&void).await.expect("it has ended")), ended("cs_1"));

    // Authorised in between, and then paid.
    let (server, stripe) = gateway().await;
    server.answers(expire, 400, &refused);
    let held = session("complete", "unpaid", intent("requires_capture", "manual", 0));
    server.answers("GET /v1/checkout/sessions/cs_1", 200, &held);
    server.answers("POST /v1/payment_intents/pi_1/cancel", 200, &intent("canceled", "manual", 0));
    server.answers("POST /v1/payment_intents/pi_1/cancel", 400, &refused);
    server.answers("GET /v1/payment_intents/pi_1", 200, &intent("canceled", "manual", 0));
    server.answers("GET /v1/payment_intents/pi_1", 200, &intent("succeeded", "manual", 4_820));
    assert_eq!(told(&stripe.operate(&void).await.expect("let go")), ended("pi_1"));
    assert_eq!(told(&stripe.operate(&void).await.expect("let go before")), ended("pi_1"));
    assert!(matches!(stripe.operate(&void).await, Err(GatewayError::Refused(_))), "it was paid");
}

#[tokio::test]
async fn refusals_are_told_from_trouble() {
    let (server, stripe) = gateway().await;
    let card = json!({ "error": { "type": "card_error", "code": "card_declined", "decline_code": "do_not_honor" } });
    let wrong = json!({ "error": { "type": "invalid_request_error", "code": "amount_too_small" } });
    server.answers(SESSIONS, 402, &card);
    server.answers(SESSIONS, 400, &wrong);
    for status in [401, 409, 429, 500, 503, 302] {
        server.answers(SESSIONS, status, &json!({ "error": { "type": "api_error" } }));
    }
    server.answers_text(SESSIONS, 200, "<html>");
    let declined = stripe.request(&request(false)).await;
    assert_eq!(declined, Err(GatewayError::Declined(Some("do_not_honor".to_owned()))));
    let refused = stripe.request(&request(false)).await;
    assert_eq!(refused, Err(GatewayError::Refused("400 Bad Request: amount_too_small".to_owned())));
    for _ in 0..7 {
        assert!(is_unavailable(stripe.request(&request(false)).await));
    }
    let nobody = Stripe::new("http://127.0.0.1:1", "sk", "whsec").expect("a client");
    assert!(is_unavailable(nobody.request(&request(false)).await));
    let dinar = PaymentRequest { amount: Money::new(5_124, Currency::KWD), ..request(false) };
    assert!(matches!(stripe.request(&dinar).await, Err(GatewayError::Refused(_))), "nothing is rounded");
    let context = PaymentContext { total: dinar.amount, country: "KW" };
    assert!(!stripe.is_offered_for(context));
    assert!(stripe.is_offered_for(PaymentContext { total: money(1), ..context }));
}

#[tokio::test]
async fn only_what_stripe_has_signed_is_taken() {
    let (_server, stripe) = gateway().await;
    let of = &vectors()["stripe"];
    let (body, now) = (word(of, "body"), signed_at());
    let check = |signature: &str, body: &str, now| {
        let (signature, body, stripe) = (signature.to_owned(), body.to_owned(), stripe.clone());
        async move { verify(&stripe, &[("stripe-signature", &signature)], &body, now).await }
    };
    let header = word(of, "header");
    for late in [0, 300, -300] {
        assert_eq!(check(header, body, now + TimeDelta::seconds(late)).await, Ok(()), "{late}");
    }
    assert_eq!(check(word(of, "rolled"), body, now).await, Ok(()), "one of several secrets");
    let forged = Err(WebhookError::Signature);
    for late in [301, -301] {
        assert_eq!(check(header, body, now + TimeDelta::seconds(late)).await, forged, "{late}");
    }
    assert_eq!(check(header, &flipped(body), now).await, forged);
    for other in [word(of, "other"), word(of, "v0"), "", "t=,v1=", &header.replace("t=1", "t=2"), &header[..40]] {
        assert_eq!(check(other, body, now).await, forged, "{other}");
    }
    let moved = header.replace("t=1772366400", "t=1772366401");
    assert_eq!(check(&moved, body, now).await, forged, "the time is signed too");
    assert_eq!(verify(&stripe, &[], body, now).await, forged);
    let kept = stripe.read_webhook(&|_| None, body.as_bytes()).expect("it can be read");
    assert_eq!((kept.id.as_str(), kept.kind.as_str(), kept.facts.len()), ("evt_1", "charge.dispute.created", 0));
}
