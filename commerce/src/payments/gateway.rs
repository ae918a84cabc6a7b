//! The trait of payment gateways.

use super::saved::MethodLabel;
use super::{Action, OperationId, Outcome, PaymentAttemptId, PaymentContext, PaymentMethod, PaymentTerms};
use crate::money::Money;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a gateway is asked to have paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Identifies the request: asked twice, a gateway answers the same and charges once.
    pub attempt: PaymentAttemptId,
    /// The number of the order.
    pub order_number: String,
    /// How much.
    pub amount: Money,
    /// The address of the customer.
    pub email: String,
    /// As whom they pay.
    pub payer: Payer,
    /// Whether the money is only to be set aside, and taken when the goods leave.
    pub capture_later: bool,
    /// Where the gateway sends the shopper when they are done, or have changed their mind.
    pub return_to: String,
}

/// As whom somebody pays: at gateways that keep ways to pay for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Nothing is kept for them.
    Guest,
    /// Something can be kept for them for the first time.
    New,
    /// They have something there: what the gateway calls them.
    Known(String),
}

/// What a gateway keeps for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// What it calls them.
    pub customer: String,
    /// Their ways to pay.
    pub methods: Vec<KeptMethod>,
}

/// A way to pay that a gateway keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMethod {
    /// What the gateway calls it; never the number of a card.
    pub token: String,
    /// What its owner knows it by.
    pub label: MethodLabel,
}

/// A payment as a gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRef {
    /// Our identifier of it, which gateways keep with it.
    pub attempt: PaymentAttemptId,
    /// The number of the order.
    pub order_number: String,
    /// How much was asked for.
    pub amount: Money,
    /// What the gateway called the request.
    pub reference: Option<String>,
    /// What it called the money that it set aside, if it did.
    pub authorised: Option<String>,
    /// What it called the money that it took, if it did.
    pub captured: Option<String>,
}

/// Something that a gateway is asked to do with a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRequest {
    /// Identifies the request: asked twice, it happens once.
    pub id: OperationId,
    /// Of which payment.
    pub payment: PaymentRef,
    /// What.
    pub action: Action,
    /// How much.
    pub amount: Money,
    /// Whether it was asked for before, and not answered or not finally.
    pub again: bool,
}

/// What a gateway answers to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The shopper goes on at a page of the gateway.
    Redirect {
        /// What the gateway calls the request.
        reference: String,
        /// The address of that page.
        to: String,
    },
    /// It is decided.
    Decided {
        /// What the gateway calls the request.
        reference: Option<String>,
        /// What has happened.
        facts: Vec<Fact>,
    },
}

/// Something that has happened to a payment, as its gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What the gateway knows it by. The same fact has the same name, whether it was asked for or sent, so that it
    /// counts once.
    pub name: String,
    /// What was done.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
    /// How much.
    pub amount: Money,
    /// What later operations call it.
    pub reference: Option<String>,
    /// Which request of ours it answers, where the gateway says so.
    pub operation: Option<OperationId>,
    /// The gateway's word for why not.
    pub reason: Option<String>,
}

/// Why a gateway did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// It will not take this payment; its word for why, if it gave one.
    #[error("payment declined")]
    Declined(Option<String>),
    /// It will never do this, whatever the reason.
    #[error("the gateway refused: {0}")]
    Refused(String),
    /// It did not answer; the same request may be made again.
    #[error("gateway unavailable: {0}")]
    Unavailable(String),
}

/// Something that a gateway has sent, once its signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The gateway's identifier of it: sent twice, it has the same.
    pub id: String,
    /// The gateway's name for what it reports.
    pub kind: String,
    /// Which payment it is about; `None` for kinds that this version does not know.
    pub about: Option<About>,
    /// What it says has happened.
    pub facts: Vec<Fact>,
}

/// What a webhook calls the payment that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Our own identifier, which the gateway kept.
    Attempt(PaymentAttemptId),
    /// The gateway's name for the request, or for money that it set aside or took.
    Reference(String),
}

/// Why what came in is not taken for a gateway's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// This gateway sends none.
    #[error("no webhooks of this gateway")]
    Unknown,
    /// It is not signed by the gateway, or too long ago.
    #[error("not signed by the gateway")]
    Signature,
    /// It is signed, and can't be read.
    #[error("malformed webhook: {0}")]
    Malformed(String),
    /// The gateway could not be asked whether it is its own.
    #[error("gateway unavailable")]
    Unavailable,
}

/// Gives a header of a request by its name in lower case.
pub type Header<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// Someone who gets orders paid. Never called inside a transaction.
#[async_trait::async_trait]
pub trait Gateway: Send + Sync + std::fmt::Debug {
    /// Identifies it in forms, orders and the ledger.
    fn code(&self) -> &'static str;

    /// When orders that use it have to be paid.
    fn terms(&self) -> PaymentTerms;

    /// Whether it is offered for this.
    fn is_offered_for(&self, context: PaymentContext<'_>) -> bool;

    /// Whether it agrees to every order without being asked: money comes another way, and staff see it.
    fn agrees_at_once(&self) -> bool {
        false
    }

    /// Whether it may have charged once it was asked for a payment, without a page on which the shopper goes on.
    fn charges_at_once(&self) -> bool {
        false
    }

    /// Where its pages are, as sources of a content security policy: forms of ours lead there.
    fn origins(&self) -> Vec<String> {
        Vec::new()
    }

    /// Asks for the payment of an order.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn request(&self, request: &PaymentRequest) -> Result<Answer, GatewayError>;

    /// Everything that has happened to a payment so far.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn look_up(&self, payment: &PaymentRef) -> Result<Vec<Fact>, GatewayError>;

    /// What has happened to a payment, when its shopper comes back with these parameters. They come from anybody: what
    /// counts is what they prove, or what the gateway answers.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn returned(
        &self,
        payment: &PaymentRef,
        _parameters: &BTreeMap<String, String>,
    ) -> Result<Vec<Fact>, GatewayError> {
        self.look_up(payment).await
    }

    /// Captures, refunds or voids; refunds only where nobody [pays by hand](Self::agrees_at_once). A `void` of a
    /// request that nobody has paid yet ends it: it can't be paid any more.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError>;

    /// Whether it keeps ways to pay for people who ask for it on its page, and offers them there again.
    fn keeps_methods(&self) -> bool {
        false
    }

    /// What it keeps for whoever has made a payment; `None` where they are nobody that it knows.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn wallet(&self, _payment: &PaymentRef) -> Result<Option<Wallet>, GatewayError> {
        Ok(None)
    }

    /// Forgets a way to pay of a customer, or all about them. What is forgotten can be asked for again.
    ///
    /// # Errors
    /// [`GatewayError`].
    async fn forget(&self, _customer: &str, _method: Option<&str>) -> Result<(), GatewayError> {
        Ok(())
    }

    /// Whether the gateway has sent this, and not too long ago. `header` gives a header by its name in lower case.
    ///
    /// # Errors
    /// [`WebhookError`].
    async fn verify_webhook(&self, _header: Header<'_>, _body: &[u8], _now: DateTime<Utc>) -> Result<(), WebhookError> {
        Err(WebhookError::Unknown)
    }

    /// Reads what the gateway has sent. What was kept to be read again later comes without its headers.
    ///
    /// # Errors
    /// [`WebhookError::Malformed`].
    fn read_webhook(&self, _header: Header<'_>, _body: &[u8]) -> Result<Webhook, WebhookError> {
        Err(WebhookError::Unknown)
    }
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
        let method = |gateway: &Arc<dyn Gateway>| PaymentMethod {
            code: gateway.code(),
            terms: gateway.terms(),
            agrees_at_once: gateway.agrees_at_once(),
        };
        offered.map(method).collect()
    }

    /// Where the pages of all of them are, as sources of a content security policy.
    pub fn origins(&self) -> Vec<String> {
        self.0.iter().flat_map(|gateway| gateway.origins()).collect()
    }

    /// The codes of those at which people pay by hand: staff see the money come, and send it back.
    pub fn by_hand(&self) -> Vec<&'static str> {
        self.0.iter().filter(|gateway| gateway.agrees_at_once()).map(|gateway| gateway.code()).collect()
    }

    /// The gateway with this code.
    pub fn get(&self, code: &str) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().find(|gateway| gateway.code() == code)
    }
}
