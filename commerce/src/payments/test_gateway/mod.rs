//! A gateway that moves no money: it plays what happens at real ones, on a page of its own.
//!
//! Its books are tables that the shop itself never reads, as if they were a bank's: they outlive the process, and what
//! they say can be compared with what the shop believes.

mod books;
mod cards;
pub mod webhooks;

pub use books::TestPayment;

use super::gateway::{Header, Wallet};
use super::{
    Answer, Gateway, GatewayError, OperationRequest, PaymentContext, PaymentRef, PaymentRequest, PaymentTerms, Webhook,
    WebhookError,
};
use crate::clock::Clock;
use crate::db::Db;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// Identifies it.
pub const CODE: &str = "test";

/// What the webhooks of the test gateway are signed with, derived from the secret of the shop.
pub fn key(secret: &[u8]) -> Vec<u8> {
    Sha256::new_with_prefix(secret).chain_update(b"test gateway").finalize().to_vec()
}

/// What can happen on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// The payment succeeds.
    Success,
    /// The payment is declined.
    Decline,
    /// There is not enough money.
    InsufficientFunds,
    /// The bank wants the shopper to confirm on a page of its own.
    ThreeDSecure,
    /// The payment succeeds, and is not known for some seconds.
    Slow,
    /// The money is taken, and the gateway does not answer for some seconds.
    TimeoutAfterCharge,
    /// The payment succeeds, and is told before the shopper comes back.
    WebhookFirst,
    /// The payment succeeds, and only who asks is told.
    WebhookNever,
}

impl Scenario {
    /// Every scenario, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Decline,
        Self::InsufficientFunds,
        Self::ThreeDSecure,
        Self::Slow,
        Self::TimeoutAfterCharge,
        Self::WebhookFirst,
        Self::WebhookNever,
    ];

    /// How forms and the books name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Decline => "decline",
            Self::InsufficientFunds => "insufficient-funds",
            Self::ThreeDSecure => "3d-secure",
            Self::Slow => "slow",
            Self::TimeoutAfterCharge => "timeout-after-charge",
            Self::WebhookFirst => "webhook-first",
            Self::WebhookNever => "webhook-never",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.code() == text)
    }
}

/// The test gateway with its books.
#[derive(Clone, Debug)]
pub struct TestGateway {
    db: Db,
    clock: Clock,
    public_url: String,
    /// What its webhooks are signed with.
    key: Vec<u8>,
}

impl TestGateway {
    /// A gateway that keeps its books in this database, and whose page is below `public_url`.
    pub fn new(db: Db, clock: Clock, public_url: &str, key: Vec<u8>) -> Self {
        Self { db, clock, public_url: public_url.to_owned(), key }
    }
}

#[async_trait::async_trait]
impl Gateway for TestGateway {
    fn code(&self) -> &'static str {
        CODE
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::InAdvance
    }

    fn is_offered_for(&self, _: PaymentContext<'_>) -> bool {
        true
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Answer, GatewayError> {
        let reference = self.open(request).await?;
        let to = format!("{}/test-gateway/{reference}", self.public_url);
        Ok(Answer::Redirect { reference, to })
    }

    async fn look_up(&self, payment: &PaymentRef) -> Result<Vec<super::Fact>, GatewayError> {
        self.known(payment).await
    }

    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<super::Fact>, GatewayError> {
        self.carry_out(operation).await
    }

    fn keeps_methods(&self) -> bool {
        true
    }

    async fn wallet(&self, payment: &PaymentRef) -> Result<Option<Wallet>, GatewayError> {
        self.wallet_of(payment).await
    }

    async fn forget(&self, customer: &str, method: Option<&str>) -> Result<(), GatewayError> {
        self.let_go(customer, method).await
    }

    async fn verify_webhook(&self, header: Header<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
        webhooks::verify(&self.key, header, body, now)
    }

    fn read_webhook(&self, _: Header<'_>, body: &[u8]) -> Result<Webhook, WebhookError> {
        webhooks::read(body)
    }
}
