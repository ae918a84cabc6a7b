//! The trait of payment gateways.

use super::{PaymentAttemptId, PaymentContext, PaymentMethod, PaymentTerms};
use crate::money::Money;
use std::sync::Arc;

/// What a gateway is asked to have paid.
#[derive(Clone, Debug)]
pub struct PaymentRequest {
    /// Identifies the request: asked twice, a gateway answers the same and charges once.
    pub attempt: PaymentAttemptId,
    /// The number of the order.
    pub order_number: String,
    /// How much.
    pub amount: Money,
}

/// What a gateway has agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What the gateway knows the payment by, if it gave it a name.
    pub reference: Option<String>,
}

/// Why a gateway did not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// It will not take this payment.
    #[error("payment declined")]
    Declined,
    /// It did not answer; the same request may be made again.
    #[error("gateway unavailable")]
    Unavailable,
}

/// Someone who gets orders paid. Never called inside a transaction.
#[async_trait::async_trait]
pub trait Gateway: Send + Sync + std::fmt::Debug {
    /// Identifies it in forms, orders and the ledger.
    fn code(&self) -> &'static str;

    /// When orders that use it have to be paid.
    fn terms(&self) -> PaymentTerms;

    /// Whether it is offered for this.
    fn is_offered_for(&self, context: PaymentContext<'_>) -> bool;

    /// Asks for the payment of an order. After it was accepted the order is placed.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn request(&self, request: &PaymentRequest) -> Result<Accepted, GatewayError>;
}

/// The gateways of a shop, in the order in which they are offered.
#[derive(Clone, Debug, Default)]
pub struct Gateways(Vec<Arc<dyn Gateway>>);

impl Gateways {
    /// These gateways.
    pub fn new(gateways: Vec<Arc<dyn Gateway>>) -> Self {
        Self(gateways)
    }

    /// The ways to pay that are offered.
    pub fn methods(&self, context: PaymentContext<'_>) -> Vec<PaymentMethod> {
        let offered = self.0.iter().filter(|gateway| gateway.is_offered_for(context));
        offered.map(|gateway| PaymentMethod { code: gateway.code(), terms: gateway.terms() }).collect()
    }

    /// The gateway with this code.
    pub fn get(&self, code: &str) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().find(|gateway| gateway.code() == code)
    }
}
