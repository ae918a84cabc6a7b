//! How orders are paid.

use crate::money::Money;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod attempt;
#[cfg(feature = "ssr")]
mod bank_transfer;
#[cfg(feature = "ssr")]
mod cash_on_delivery;
#[cfg(feature = "ssr")]
mod gateway;

#[cfg(feature = "ssr")]
pub use {
    bank_transfer::BankTransfer,
    cash_on_delivery::CashOnDelivery,
    gateway::{Accepted, Gateway, GatewayError, Gateways, PaymentRequest},
};

id!(
    /// Identifies one try to pay an order.
    PaymentAttemptId
);
id!(
    /// Identifies an entry of the payment ledger.
    PaymentEventId
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

/// A way to pay, as a shopper is offered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Identifies the gateway.
    pub code: &'static str,
    /// When it has to be paid.
    pub terms: PaymentTerms,
}

/// For what a way to pay is to be offered.
#[derive(Clone, Copy, Debug)]
pub struct PaymentContext<'a> {
    /// What is to be paid.
    pub total: Money,
    /// Where it is delivered to, as ISO 3166-1 alpha-2.
    pub country: &'a str,
}
