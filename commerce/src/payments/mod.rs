//! How orders are paid: attempts at gateways, and the ledger of what gateways say came of them.

use crate::money::Money;
use crate::orders::OrderId;
use serde::{Deserialize, Serialize};

mod balance;
#[cfg(feature = "ssr")]
mod bank_transfer;
#[cfg(feature = "ssr")]
mod cash_on_delivery;
#[cfg(feature = "ssr")]
mod gateway;
#[cfg(feature = "ssr")]
pub mod ledger;
#[cfg(feature = "ssr")]
pub mod operate;
#[cfg(feature = "ssr")]
pub mod operations;
#[cfg(feature = "ssr")]
pub mod pay;
#[cfg(feature = "ssr")]
pub mod paypal;
#[cfg(feature = "ssr")]
pub mod razorpay;
#[cfg(feature = "ssr")]
pub mod record;
#[cfg(feature = "ssr")]
mod remote;
pub mod saved;
#[cfg(feature = "ssr")]
pub mod settle;
#[cfg(feature = "ssr")]
pub mod stripe;
#[cfg(feature = "ssr")]
pub mod test_gateway;
#[cfg(feature = "ssr")]
pub mod webhook;

pub use balance::{AttemptState, Balance, Credit, Due, Entry, Wish, balance, outstanding, split, state, wishes};
#[cfg(feature = "ssr")]
pub use {
    bank_transfer::BankTransfer,
    cash_on_delivery::CashOnDelivery,
    gateway::{
        About, Answer, Fact, Gateway, GatewayError, Gateways, Header, KeptMethod, OperationRequest, Payer, PaymentRef,
        PaymentRequest, Wallet, Webhook, WebhookError,
    },
    paypal::PayPal,
    razorpay::Razorpay,
    remote::ClientError,
    stripe::Stripe,
    test_gateway::TestGateway,
};

id!(
    /// Identifies one try to pay an order.
    PaymentAttemptId
);
id!(
    /// Identifies an entry of the payment ledger.
    PaymentEventId
);
id!(
    /// Identifies something that a gateway is asked to do with a payment: it is the key that makes it happen once.
    OperationId
);
id!(
    /// Identifies something that a gateway has sent.
    WebhookId
);

/// When an order has to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentTerms {
    /// Before it is sent.
    InAdvance,
    /// When it is handed over.
    OnDelivery,
    /// After it has come, by invoice.
    Invoice,
}

impl PaymentTerms {
    /// Every kind of terms.
    pub const ALL: [Self; 3] = [Self::InAdvance, Self::OnDelivery, Self::Invoice];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::InAdvance => "in_advance",
            Self::OnDelivery => "on_delivery",
            Self::Invoice => "invoice",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|terms| terms.code() == text)
    }
}

/// What can be done with money at a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Set aside for the shop.
    Authorise,
    /// Taken, of what was set aside or at once.
    Capture,
    /// Given back of what was taken.
    Refund,
    /// What was set aside is let go.
    Void,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Authorise, Self::Capture, Self::Refund, Self::Void];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Authorise => "authorise",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Void => "void",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == text)
    }
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The gateway works on it.
    Pending,
    /// It happened.
    Succeeded,
    /// It did not happen.
    Failed,
    /// Who has told that it happened was mistaken.
    Withdrawn,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Succeeded, Self::Failed, Self::Withdrawn];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == text)
    }
}

/// A way to pay, as a shopper is offered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Identifies the gateway.
    pub code: &'static str,
    /// When it has to be paid.
    pub terms: PaymentTerms,
    /// Whether it agrees without being asked: orders are placed at once.
    pub agrees_at_once: bool,
}

/// For what a way to pay is to be offered.
#[derive(Clone, Copy, Debug)]
pub struct PaymentContext<'a> {
    /// What is to be paid.
    pub total: Money,
    /// Where it is delivered to, as ISO 3166-1 alpha-2.
    pub country: &'a str,
}

/// Reports that a gateway has taken money, or set it aside, for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PaymentProcessed {
    /// Which order.
    pub order: OrderId,
    /// Which attempt to pay it.
    pub attempt: PaymentAttemptId,
    /// The gateway.
    pub gateway: String,
    /// Authorised or captured.
    pub action: Action,
    /// How much.
    pub amount: Money,
}
event!(PaymentProcessed, version 1, about order);

/// Reports that a gateway did not agree to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PaymentFailed {
    /// Which order.
    pub order: OrderId,
    /// Which attempt to pay it.
    pub attempt: PaymentAttemptId,
    /// The gateway.
    pub gateway: String,
    /// What was tried.
    pub action: Action,
    /// The gateway's word for why, if it gave one.
    pub reason: Option<String>,
}
event!(PaymentFailed, version 1, about order);

/// Reports that money went back to whoever paid an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RefundIssued {
    /// Which order.
    pub order: OrderId,
    /// Which attempt it was paid by.
    pub attempt: PaymentAttemptId,
    /// The gateway.
    pub gateway: String,
    /// How much.
    pub amount: Money,
    /// What asked for it, unless the gateway's own staff did.
    pub operation: Option<OperationId>,
}
event!(RefundIssued, version 1, about order);

/// Reports that what was set aside for an order was let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PaymentVoided {
    /// Which order.
    pub order: OrderId,
    /// Which attempt to pay it.
    pub attempt: PaymentAttemptId,
    /// The gateway.
    pub gateway: String,
    /// How much.
    pub amount: Money,
}
event!(PaymentVoided, version 1, about order);

/// Reports that money of an order, of which [`PaymentProcessed`] was reported, never came: staff had noted it by mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PaymentWithdrawn {
    /// Which order.
    pub order: OrderId,
    /// Which attempt to pay it.
    pub attempt: PaymentAttemptId,
    /// How it was said to have come.
    pub gateway: String,
    /// How much.
    pub amount: Money,
}
event!(PaymentWithdrawn, version 1, about order);
