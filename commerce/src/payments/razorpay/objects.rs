//! What Razorpay's API and webhooks are made of, and what it means for us.

use super::amounts;
use crate::money::Money;
use crate::payments::remote::{currency, fact, text};
use crate::payments::{Action, Fact, OperationId, Outcome, PaymentAttemptId};
use serde::Deserialize;
use serde_json::Value;

/// A list of objects.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub items: Vec<T>,
}

/// A list of links.
#[derive(Debug, Deserialize)]
pub(super) struct Links {
    pub payment_links: Vec<Link>,
}

fn money(units: i64, code: &str) -> Option<Money> {
    amounts::money(units, currency(code)?)
}

/// <https://razorpay.com/docs/api/payments/payment-links/entity>
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    pub short_url: Option<String>,
    #[serde(default)]
    reference_id: Option<String>,
    #[serde(default)]
    pub order_id: Option<String>,
    #[serde(default)]
    payments: Option<Vec<Paid>>,
}

#[derive(Debug, Deserialize)]
struct Paid {
    payment_id: String,
}

impl Link {
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        self.reference_id.as_ref()?.parse().ok()
    }

    /// The payments that it names by itself.
    pub fn paid(&self) -> impl Iterator<Item = &str> {
        self.payments.iter().flatten().map(|paid| paid.payment_id.as_str())
    }

    /// That it can't be paid any more, where nobody has.
    pub fn ended(&self) -> Option<Fact> {
        if !["cancelled", "expired"].contains(&self.status.as_str()) {
            return None;
        }
        Some(fact(&self.id, Action::Void, Outcome::Succeeded, money(self.amount, &self.currency)?))
    }
}

/// <https://razorpay.com/docs/api/payments/entity>
#[derive(Debug, Deserialize)]
pub(super) struct Payment {
    pub id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    captured: Option<bool>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_reason: Option<String>,
    /// Text by name; an empty list where there are none.
    #[serde(default)]
    notes: Value,
}

impl Payment {
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        text(&self.notes, "/attempt")?.parse().ok()
    }

    pub fn is_captured(&self) -> bool {
        self.status == "captured" || (self.status == "refunded" && self.captured == Some(true))
    }

    fn told(&self, action: Action, outcome: Outcome) -> Option<Fact> {
        Some(fact(&self.id, action, outcome, money(self.amount, &self.currency)?))
    }

    /// What its state says: <https://razorpay.com/docs/payments/payments/#payment-life-cycle>.
    pub fn fact(&self) -> Option<Fact> {
        match self.status.as_str() {
            _ if self.is_captured() => self.told(Action::Capture, Outcome::Succeeded),
            "authorized" => self.told(Action::Authorise, Outcome::Succeeded),
            "refunded" => self.told(Action::Void, Outcome::Succeeded),
            "failed" => {
                let reason = self.error_reason.clone().or_else(|| self.error_code.clone());
                self.told(Action::Capture, Outcome::Failed).map(|failed| Fact { reason, ..failed })
            }
            _ => None,
        }
    }

    /// What became of letting it go: Razorpay gives back what is not captured, in its own time.
    pub fn letting_go(&self) -> Option<Fact> {
        match self.status.as_str() {
            "authorized" => self.told(Action::Void, Outcome::Pending),
            _ => self.fact(),
        }
    }
}

/// <https://razorpay.com/docs/api/refunds/entity>
#[derive(Debug, Deserialize)]
pub(super) struct RefundObject {
    pub id: String,
    pub payment_id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    notes: Value,
}

impl RefundObject {
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        text(&self.notes, "/attempt")?.parse().ok()
    }

    pub fn operation(&self) -> Option<OperationId> {
        text(&self.notes, "/operation")?.parse().ok()
    }

    pub fn fact(&self) -> Option<Fact> {
        let outcome = match self.status.as_deref() {
            Some("processed") => Outcome::Succeeded,
            Some("failed") => Outcome::Failed,
            _ => Outcome::Pending,
        };
        let refund = fact(&self.id, Action::Refund, outcome, money(self.amount, &self.currency)?);
        Some(Fact { operation: self.operation(), ..refund })
    }
}
