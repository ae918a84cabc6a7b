//! The adapters of payment gateways against servers that stand in for them, and what gateways sign against vectors of
//! their own SDKs.

mod paypal;
mod razorpay;
mod stand_in;
mod stripe;
mod stripe_wallet;

use chrono::{DateTime, Utc};
use commerce::money::{Currency, Money};
use commerce::payments::{
    Action, Balance, Entry, Fact, Gateway, GatewayError, Header, OperationId, OperationRequest, Outcome, Payer,
    PaymentAttemptId, PaymentRef, PaymentRequest, WebhookError, balance,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;
use uuid::Uuid;

const RETURN_TO: &str = "https://shop.test/payments/x/return?attempt=1&signature=2";

/// What `tests/vectors/vectors.mjs` prints.
fn vectors() -> &'static Value {
    static VECTORS: OnceLock<Value> = OnceLock::new();
    VECTORS.get_or_init(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
        let output =
            Command::new("node").arg("vectors.mjs").current_dir(folder).output().expect("Node.js is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no vectors (scripts/install test brings the SDKs): {said}");
        serde_json::from_slice(&output.stdout).expect("vectors are JSON")
    })
}

fn word<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_else(|| panic!("a text called {name} in {of}"))
}

/// When the vectors were signed.
fn signed_at() -> DateTime<Utc> {
    DateTime::from_timestamp(vectors()["time"].as_i64().expect("a time"), 0).expect("a time")
}

/// The attempt of the vectors.
fn attempt() -> PaymentAttemptId {
    "019c9000-0000-7000-8000-000000000001".parse().expect("an identifier")
}

fn operation() -> OperationId {
    OperationId(Uuid::from_u128(7))
}

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn request(capture_later: bool) -> PaymentRequest {
    PaymentRequest {
        attempt: attempt(),
        order_number: "E-7K3M-9QXP".to_owned(),
        amount: money(4_820),
        email: "ada@example.com".to_owned(),
        payer: Payer::Guest,
        capture_later,
        return_to: RETURN_TO.to_owned(),
    }
}

fn payment(reference: &str) -> PaymentRef {
    PaymentRef {
        attempt: attempt(),
        order_number: "E-7K3M-9QXP".to_owned(),
        amount: money(4_820),
        reference: Some(reference.to_owned()),
        authorised: None,
        captured: None,
    }
}

fn asked(action: Action, payment: PaymentRef, minor: i64, again: bool) -> OperationRequest {
    OperationRequest { id: operation(), payment, action, amount: money(minor), again }
}

/// Facts in short, with their operation.
fn told(facts: &[Fact]) -> Vec<(&str, Action, Outcome, i64, bool)> {
    facts
        .iter()
        .map(|fact| {
            assert_eq!(fact.amount.currency(), Currency::EUR);
            assert!(fact.operation.is_none() || fact.operation == Some(operation()), "{fact:?}");
            (fact.name.as_str(), fact.action, fact.outcome, fact.amount.minor(), fact.operation.is_some())
        })
        .collect()
}

/// What facts come to that were told in several ways: as the ledger has it, each once.
fn counted(facts: &[Fact]) -> Balance {
    let mut known = BTreeMap::new();
    for fact in facts {
        let entry = Entry {
            attempt: attempt(),
            action: fact.action,
            outcome: fact.outcome,
            fact: fact.name.clone(),
            operation: fact.operation,
            balancing: false,
            amount: fact.amount.minor(),
        };
        known.entry((fact.action, fact.name.clone(), fact.outcome)).or_insert(entry);
    }
    balance(known.values())
}

fn headers<'a>(of: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + Send + Sync + 'a {
    |name| of.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

async fn verify(
    gateway: &dyn Gateway,
    of: &[(&str, &str)],
    body: &str,
    now: DateTime<Utc>,
) -> Result<(), WebhookError> {
    let header = headers(of);
    let header: Header<'_> = &header;
    gateway.verify_webhook(header, body.as_bytes(), now).await
}

/// A body of which one byte is another.
fn flipped(body: &str) -> String {
    assert!(body.contains("für"));
    body.replacen("für", "fur", 1)
}

fn is_unavailable<T: std::fmt::Debug>(answer: Result<T, GatewayError>) -> bool {
    matches!(answer, Err(GatewayError::Unavailable(_)))
}
