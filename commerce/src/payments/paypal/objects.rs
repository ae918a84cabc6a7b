//! What PayPal's API and webhooks are made of, and what it means for us.

use super::amounts;
use crate::money::Money;
use crate::payments::remote::{currency, fact};
use crate::payments::{Action, Fact, GatewayError, OperationId, Outcome, PaymentAttemptId};
use serde::{Deserialize, Serialize};

/// What marks the `custom_id` of an order that was voided.
pub(super) const ENDED: &str = "ended:";

/// What begins the `custom_id` of a refund that we asked for.
const REFUND: &str = "refund:";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Amount {
    currency_code: String,
    value: String,
}

impl Amount {
    pub fn of(amount: Money) -> Result<Self, GatewayError> {
        Ok(Self { currency_code: amount.currency().code().to_owned(), value: amounts::value(amount)? })
    }

    fn money(&self) -> Option<Money> {
        Money::parse(&self.value, currency(&self.currency_code)?)
    }
}

/// <https://developer.paypal.com/docs/api/orders/v2/#orders_get>
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub id: String,
    status: String,
    #[serde(default)]
    intent: Option<String>,
    #[serde(default)]
    purchase_units: Vec<PurchaseUnit>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct PurchaseUnit {
    #[serde(default)]
    custom_id: Option<String>,
    #[serde(default)]
    payments: Option<Payments>,
}

#[derive(Debug, Deserialize)]
struct Payments {
    #[serde(default)]
    authorizations: Vec<Part>,
    #[serde(default)]
    captures: Vec<Part>,
    #[serde(default)]
    refunds: Vec<Part>,
}

#[derive(Debug, Deserialize)]
struct Link {
    href: String,
    rel: String,
}

impl Order {
    pub fn is_approved(&self) -> bool {
        self.status == "APPROVED"
    }

    /// Whether it is as it was before anybody paid.
    pub fn is_open(&self) -> bool {
        ["CREATED", "SAVED", "APPROVED", "PAYER_ACTION_REQUIRED"].contains(&self.status.as_str())
    }

    /// Whether we have voided it, or PayPal has, before there was money.
    pub fn is_ended(&self) -> bool {
        let marked = |unit: &PurchaseUnit| unit.custom_id.as_ref().is_some_and(|id| id.starts_with(ENDED));
        let paid = self.payments().any(|payments| !payments.captures.is_empty() || !payments.authorizations.is_empty());
        !paid && (self.status == "VOIDED" || self.purchase_units.iter().any(marked))
    }

    pub fn is_authorised_first(&self) -> bool {
        self.intent.as_deref() == Some("AUTHORIZE")
    }

    /// The first of its links that is one of these.
    pub fn link(&self, relations: &[&str]) -> Option<&str> {
        self.links.iter().find(|link| relations.contains(&link.rel.as_str())).map(|link| link.href.as_str())
    }

    pub fn ended(&self, amount: Money) -> Fact {
        fact(&self.id, Action::Void, Outcome::Succeeded, amount)
    }

    fn payments(&self) -> impl Iterator<Item = &Payments> {
        self.purchase_units.iter().filter_map(|unit| unit.payments.as_ref())
    }

    /// What has happened to its money.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        for payments in self.payments() {
            facts.extend(payments.authorizations.iter().flat_map(Part::authorisation));
            facts.extend(payments.captures.iter().flat_map(Part::capture));
            facts.extend(payments.refunds.iter().flat_map(Part::refund));
        }
        facts
    }
}

/// An authorisation, a capture or a refund: <https://developer.paypal.com/docs/api/payments/v2/>.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    pub id: String,
    status: String,
    amount: Amount,
    #[serde(default)]
    custom_id: Option<String>,
    #[serde(default)]
    links: Vec<Link>,
}

impl Part {
    /// The attempt that it belongs to.
    pub fn attempt(&self) -> Option<PaymentAttemptId> {
        let id = self.custom_id.as_deref()?;
        id.strip_prefix(ENDED).unwrap_or(id).parse().ok()
    }

    /// What asked for this refund.
    fn operation(&self) -> Option<OperationId> {
        self.custom_id.as_deref()?.strip_prefix(REFUND)?.parse().ok()
    }

    /// The capture whose money this refund gives back.
    pub fn refunds(&self) -> Option<String> {
        let link = self.links.iter().find(|link| link.rel == "up")?;
        link.href.split_once("/v2/payments/captures/").map(|(_, id)| id.to_owned())
    }

    fn facts(&self, of: &[(Action, Outcome)]) -> Vec<Fact> {
        let Some(amount) = self.amount.money() else { return Vec::new() };
        of.iter().map(|(action, outcome)| fact(&self.id, *action, *outcome, amount)).collect()
    }

    pub fn authorisation(&self) -> Vec<Fact> {
        self.facts(match self.status.as_str() {
            "CREATED" | "CAPTURED" | "PARTIALLY_CAPTURED" => &[(Action::Authorise, Outcome::Succeeded)],
            "VOIDED" | "EXPIRED" => &[(Action::Authorise, Outcome::Succeeded), (Action::Void, Outcome::Succeeded)],
            "PENDING" => &[(Action::Authorise, Outcome::Pending)],
            "DENIED" => &[(Action::Authorise, Outcome::Failed)],
            _ => &[],
        })
    }

    pub fn capture(&self) -> Vec<Fact> {
        self.facts(match self.status.as_str() {
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => &[(Action::Capture, Outcome::Succeeded)],
            "PENDING" => &[(Action::Capture, Outcome::Pending)],
            "DECLINED" | "FAILED" => &[(Action::Capture, Outcome::Failed)],
            _ => &[],
        })
    }

    pub fn refund(&self) -> Vec<Fact> {
        let facts = self.facts(match self.status.as_str() {
            "COMPLETED" => &[(Action::Refund, Outcome::Succeeded)],
            "PENDING" => &[(Action::Refund, Outcome::Pending)],
            "FAILED" | "CANCELLED" => &[(Action::Refund, Outcome::Failed)],
            _ => &[],
        });
        facts.into_iter().map(|fact| Fact { operation: self.operation(), ..fact }).collect()
    }
}

/// The `custom_id` of a refund that we ask for.
pub(super) fn refund_id(operation: OperationId) -> String {
    format!("{REFUND}{operation}")
}
