//! What Stripe sends: <https://docs.stripe.com/webhooks#verify-manually>, <https://docs.stripe.com/api/events/types>.

use super::objects::{Charge, Intent, RefundObject, Session};
use crate::payments::gateway::Header;
use crate::payments::remote::is_signed;
use crate::payments::{About, Fact, Webhook, WebhookError};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How old what is signed may be, in seconds.
const TOLERANCE_SECONDS: i64 = 300;

/// Whether `Stripe-Signature` has the time and a `v1` that is the HMAC of the time and the body. There are several
/// while the secret is rolled; other schemes don't count.
pub(super) fn verify(secret: &str, header: Header<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
    let signature = header("stripe-signature").ok_or(WebhookError::Signature)?;
    let parts = || signature.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time).ok_or(WebhookError::Signature)?;
    let seconds: i64 = time.parse().map_err(|_| WebhookError::Signature)?;
    let signed = |tag: &str| is_signed(secret, &[time.as_bytes(), b".", body], tag);
    let recent = now.timestamp().abs_diff(seconds) <= TOLERANCE_SECONDS.unsigned_abs();
    let signed = parts().any(|(name, tag)| name == "v1" && signed(tag));
    if recent && signed { Ok(()) } else { Err(WebhookError::Signature) }
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// What an event says. Other kinds than these, disputes among them, are kept and change nothing.
pub(super) fn read(body: &[u8]) -> Result<Webhook, WebhookError> {
    let Event { id, kind, data } = serde_json::from_slice(body).map_err(malformed)?;
    let (about, facts) = match kind.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            session(data, |of| of.told(false))?
        }
        "checkout.session.async_payment_failed" => session(data, |of| of.told(true))?,
        "checkout.session.expired" => session(data, Session::facts)?,
        "payment_intent.succeeded"
        | "payment_intent.processing"
        | "payment_intent.amount_capturable_updated"
        | "payment_intent.payment_failed"
        | "payment_intent.canceled" => {
            let intent: Intent = object(data)?;
            // An intent of somebody else's who shares the account has no attempt of ours.
            (intent.attempt().map(About::Attempt), intent.facts())
        }
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            let refund: RefundObject = object(data)?;
            (about(&refund, None), refund.fact().into_iter().collect())
        }
        "charge.refunded" => {
            let charge: Charge = object(data)?;
            // Newer versions leave them out, and send each by itself.
            let refunds = charge.refunds.map(|page| page.data).unwrap_or_default();
            let about = refunds.first().and_then(|refund| about(refund, charge.payment_intent));
            (about, refunds.iter().filter_map(RefundObject::fact).collect())
        }
        _ => (None, Vec::new()),
    };
    Ok(Webhook { id, kind, about, facts })
}

fn session(data: Data, facts: impl FnOnce(&Session) -> Vec<Fact>) -> Result<(Option<About>, Vec<Fact>), WebhookError> {
    let session: Session = object(data)?;
    Ok((session.attempt().map(About::Attempt), facts(&session)))
}

/// Refunds by Stripe's own staff pages have no metadata: they are about the intent whose money they give back.
fn about(refund: &RefundObject, intent: Option<String>) -> Option<About> {
    let intent = || refund.payment_intent.clone().or(intent).map(About::Reference);
    refund.attempt().map(About::Attempt).or_else(intent)
}

fn object<T: DeserializeOwned>(data: Data) -> Result<T, WebhookError> {
    serde_json::from_value(data.object).map_err(malformed)
}

fn malformed(error: serde_json::Error) -> WebhookError {
    WebhookError::Malformed(error.to_string())
}
