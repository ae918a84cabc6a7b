//! What Razorpay signs: its webhooks, and what a shopper brings along from a link.
//! <https://razorpay.com/docs/webhooks/validate-test/>, <https://razorpay.com/docs/webhooks/payment-links/>,
//! <https://razorpay.com/docs/payments/payment-links/apis/>

use super::objects::{Link, Payment, RefundObject};
use crate::payments::gateway::Header;
use crate::payments::remote::is_signed;
use crate::payments::{About, PaymentRef, Webhook, WebhookError};
use crate::token::hex;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How old an event may be, in hours: Razorpay tries for a day to send it.
const TOLERANCE_HOURS: i64 = 48;

/// Whether `X-Razorpay-Signature` is the HMAC of the body, and the event that it has is not long ago.
pub(super) fn verify(secret: &str, header: Header<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
    let signature = header("x-razorpay-signature").ok_or(WebhookError::Signature)?;
    if !is_signed(secret, &[body], &signature) {
        return Err(WebhookError::Signature);
    }
    let event: Event = serde_json::from_slice(body).map_err(malformed)?;
    let age = now.timestamp().saturating_sub(event.created_at);
    if age > TimeDelta::hours(TOLERANCE_HOURS).num_seconds() { Err(WebhookError::Signature) } else { Ok(()) }
}

/// Whether a shopper comes from the link of this payment, or with nothing that says so: only a payment is signed.
pub(super) fn is_callback(secret: &str, payment: &PaymentRef, parameters: &BTreeMap<String, String>) -> bool {
    let of = |name: &str| parameters.get(&format!("razorpay_{name}")).map_or("", String::as_str);
    let Some(signature) = parameters.get("razorpay_signature") else { return true };
    let (link, reference) = (of("payment_link_id"), of("payment_link_reference_id"));
    let signed = [link, reference, of("payment_link_status"), of("payment_id")].join("|");
    payment.reference.as_deref() == Some(link)
        && reference == payment.attempt.to_string()
        && is_signed(secret, &[signed.as_bytes()], signature)
}

#[derive(Deserialize)]
struct Event {
    event: String,
    created_at: i64,
    #[serde(default)]
    payload: Payload,
}

#[derive(Default, Deserialize)]
struct Payload {
    payment: Option<Entity<Payment>>,
    payment_link: Option<Entity<Link>>,
    refund: Option<Entity<RefundObject>>,
}

#[derive(Deserialize)]
struct Entity<T> {
    entity: T,
}

/// What an event says. Other kinds than these are kept and change nothing. Where the header with its identifier is
/// missing, the body is its own.
pub(super) fn read(header: Header<'_>, body: &[u8]) -> Result<Webhook, WebhookError> {
    let Event { event: kind, payload, .. } = serde_json::from_slice(body).map_err(malformed)?;
    let id = header("x-razorpay-event-id").unwrap_or_else(|| hex(&Sha256::digest(body)));
    let link = payload.payment_link.map(|link| link.entity);
    let of_link = link.as_ref().and_then(Link::attempt).map(About::Attempt);
    let (about, fact) = match kind.as_str() {
        "payment.authorized" | "payment.captured" | "payment.failed" | "payment_link.paid" => {
            let payment = payload.payment.map(|payment| payment.entity).ok_or_else(missing)?;
            let by_name = || Some(About::Reference(payment.id.clone()));
            (of_link.or(payment.attempt().map(About::Attempt)).or_else(by_name), payment.fact())
        }
        "payment_link.expired" | "payment_link.cancelled" => (of_link, link.as_ref().and_then(Link::ended)),
        "refund.created" | "refund.processed" | "refund.failed" => {
            let refund = payload.refund.map(|refund| refund.entity).ok_or_else(missing)?;
            let by_payment = About::Reference(refund.payment_id.clone());
            (Some(refund.attempt().map_or(by_payment, About::Attempt)), refund.fact())
        }
        _ => (None, None),
    };
    Ok(Webhook { id, kind, about, facts: fact.into_iter().collect() })
}

fn missing() -> WebhookError {
    WebhookError::Malformed("nothing that the event is about".to_owned())
}

fn malformed(error: serde_json::Error) -> WebhookError {
    WebhookError::Malformed(error.to_string())
}
