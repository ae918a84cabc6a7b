//! What Stripe's API and webhooks are made of, and what it means for us.

use super::amounts;
use crate::money::Money;
use crate::payments::remote::{currency, fact};
use crate::payments::{Action, Fact, OperationId, Outcome, PaymentAttemptId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which metadata of a session says that its money is taken later.
pub(super) const CAPTURE: &str = "metadata[capture]";

/// What it says then.
pub(super) const LATER: &str = "later";

/// A list of objects.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// An object, or only its name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Name(String),
    Object(Box<T>),
}

type Metadata = BTreeMap<String, String>;

fn attempt(metadata: &Metadata) -> Option<PaymentAttemptId> {
    metadata.get("attempt")?.parse().ok()
}

fn money(units: i64, code: &str) -> Option<Money> {
    amounts::money(units, currency(code)?)
}

/// <https://docs.stripe.com/api/checkout/sessions/object>
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub id: String,
    pub url: Option<String>,
    status: Option<String>,
    payment_status: Option<String>,
    payment_intent: Option<Expandable<Intent>>,
    amount_total: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Session {
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        attempt(self.metadata.as_ref()?)
    }

    pub fn is_expired(&self) -> bool {
        self.status.as_deref() == Some("expired")
    }

    /// Its payment intent, where the whole of it was asked for.
    pub fn intent(&self) -> Option<&Intent> {
        match self.payment_intent.as_ref()? {
            Expandable::Object(intent) => Some(intent),
            Expandable::Name(_) => None,
        }
    }

    pub fn intent_id(&self) -> Option<&str> {
        match self.payment_intent.as_ref()? {
            Expandable::Object(intent) => Some(&intent.id),
            Expandable::Name(id) => Some(id),
        }
    }

    fn amount(&self) -> Option<Money> {
        money(self.amount_total?, self.currency.as_ref()?)
    }

    fn is_captured_later(&self) -> bool {
        self.metadata.as_ref().and_then(|metadata| metadata.get("capture")).is_some_and(|when| when == LATER)
    }

    /// What has happened by what the session and its payment intent say.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = self.intent().map(Intent::facts).unwrap_or_default();
        let over = |fact: &Fact| fact.action == Action::Void || fact.outcome == Outcome::Succeeded;
        if self.is_expired() && !facts.iter().any(over) {
            let name = self.intent_id().unwrap_or(&self.id);
            facts.extend(self.amount().map(|amount| fact(name, Action::Void, Outcome::Succeeded, amount)));
        }
        facts
    }

    /// What a webhook tells that names the intent only: paid at once, or by a bank that took its time.
    pub fn told(&self, failed: bool) -> Vec<Fact> {
        let outcome = match self.payment_status.as_deref() {
            _ if failed => Outcome::Failed,
            Some("paid") => Outcome::Succeeded,
            _ => return Vec::new(),
        };
        // What was set aside is told by its intent.
        if self.is_captured_later() {
            return Vec::new();
        }
        let (Some(intent), Some(amount)) = (self.intent_id(), self.amount()) else { return Vec::new() };
        vec![fact(intent, Action::Capture, outcome, amount)]
    }
}

/// <https://docs.stripe.com/api/payment_intents/object>
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    #[serde(default)]
    capture_method: Option<String>,
    #[serde(default)]
    last_payment_error: Option<PaymentError>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct PaymentError {
    code: Option<String>,
    decline_code: Option<String>,
}

impl Intent {
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        attempt(&self.metadata)
    }

    pub fn is_cancelled(&self) -> bool {
        self.status == "canceled"
    }

    /// Whether there is money that can have been given back.
    pub fn has_taken(&self) -> bool {
        self.amount_received > 0
    }

    /// What its state says: <https://docs.stripe.com/payments/paymentintents/lifecycle>.
    pub fn facts(&self) -> Vec<Fact> {
        let manual = self.capture_method.as_deref() == Some("manual");
        let Some(amount) = money(self.amount, &self.currency) else { return Vec::new() };
        let asked = if manual { Action::Authorise } else { Action::Capture };
        let told = |action, outcome, amount| fact(&self.id, action, outcome, amount);
        match self.status.as_str() {
            "succeeded" => {
                let authorised = manual.then(|| told(Action::Authorise, Outcome::Succeeded, amount));
                let captured = money(self.amount_received, &self.currency)
                    .map(|received| told(Action::Capture, Outcome::Succeeded, received));
                authorised.into_iter().chain(captured).collect()
            }
            "requires_capture" => vec![told(Action::Authorise, Outcome::Succeeded, amount)],
            "processing" => vec![told(asked, Outcome::Pending, amount)],
            "canceled" => vec![told(Action::Void, Outcome::Succeeded, amount)],
            "requires_payment_method" => {
                let failed = |error: &PaymentError| Fact {
                    reason: error.decline_code.clone().or_else(|| error.code.clone()),
                    ..told(asked, Outcome::Failed, amount)
                };
                self.last_payment_error.iter().map(failed).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// <https://docs.stripe.com/api/refunds/object>
#[derive(Debug, Deserialize)]
pub(super) struct RefundObject {
    pub id: String,
    amount: i64,
    currency: String,
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl RefundObject {
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        attempt(self.metadata.as_ref()?)
    }

    pub fn operation(&self) -> Option<OperationId> {
        self.metadata.as_ref()?.get("operation")?.parse().ok()
    }

    pub fn fact(&self) -> Option<Fact> {
        let outcome = match self.status.as_deref() {
            Some("succeeded") => Outcome::Succeeded,
            Some("failed" | "canceled") => Outcome::Failed,
            _ => Outcome::Pending,
        };
        let amount = money(self.amount, &self.currency)?;
        let refund = fact(&self.id, Action::Refund, outcome, amount);
        Some(Fact { operation: self.operation(), reason: self.failure_reason.clone(), ..refund })
    }
}

/// A charge, of which only the refunds count that come with it: <https://docs.stripe.com/api/charges/object>.
#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default)]
    pub refunds: Option<Page<RefundObject>>,
}
