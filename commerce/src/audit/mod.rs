//! Who did what to what, when and from where: written in the same transaction as what was done, and never changed.

use crate::accounts::UserId;
use chrono::{DateTime, Utc};

#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod purge;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
mod record;

#[cfg(feature = "ssr")]
pub use record::record;

id!(
    /// Identifies an entry of the audit log.
    EntryId
);

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Somebody signed in.
    SignedIn,
    /// Somebody tried to sign in, and failed.
    SignInFailed,
    /// Somebody chose a new password.
    PasswordChanged,
    /// What somebody is to the shop was changed.
    RoleChanged,
    /// Staff began a draft of an order.
    DraftMade,
    /// Staff deleted a draft.
    DraftDeleted,
    /// Staff handed a draft to its customer.
    OrderSubmitted,
    /// Staff changed an order.
    OrderEdited,
    /// Staff gave up an order.
    OrderCancelled,
    /// Staff sent something of an order.
    OrderShipped,
    /// Staff noted that a shipment has come.
    ShipmentDelivered,
    /// Staff noted money that came for an order.
    PaymentReceived,
    /// Staff took back that money had come for an order.
    PaymentWithdrawn,
    /// Staff gave back money of an order.
    OrderRefunded,
    /// Staff sent back money of an order by hand.
    RefundSent,
    /// Staff gave somebody store credit, or took it.
    StoreCreditAdjusted,
    /// Staff opened a return for a customer.
    ReturnOpened,
    /// Staff agreed to a return.
    ReturnApproved,
    /// Staff did not agree to a return.
    ReturnRejected,
    /// Staff counted what came of a return.
    ReturnReceived,
    /// Staff ended a return without money.
    ReturnClosed,
    /// Goods came in.
    StockReceived,
    /// Stock was counted anew.
    StockAdjusted,
    /// Stock went to another location.
    StockTransferred,
    /// Where stock is low was changed.
    ThresholdChanged,
    /// A location was opened.
    LocationOpened,
    /// A location was changed.
    LocationChanged,
    /// Events that had been given up were delivered again.
    EventsReplayed,
    /// What gateways have sent and nobody could use was tried again.
    WebhooksReplayed,
}

impl Action {
    /// Every action, in the order in which people choose from them.
    pub const ALL: [Self; 29] = [
        Self::SignedIn,
        Self::SignInFailed,
        Self::PasswordChanged,
        Self::RoleChanged,
        Self::DraftMade,
        Self::DraftDeleted,
        Self::OrderSubmitted,
        Self::OrderEdited,
        Self::OrderCancelled,
        Self::OrderShipped,
        Self::ShipmentDelivered,
        Self::PaymentReceived,
        Self::PaymentWithdrawn,
        Self::OrderRefunded,
        Self::RefundSent,
        Self::StoreCreditAdjusted,
        Self::ReturnOpened,
        Self::ReturnApproved,
        Self::ReturnRejected,
        Self::ReturnReceived,
        Self::ReturnClosed,
        Self::StockReceived,
        Self::StockAdjusted,
        Self::StockTransferred,
        Self::ThresholdChanged,
        Self::LocationOpened,
        Self::LocationChanged,
        Self::EventsReplayed,
        Self::WebhooksReplayed,
    ];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignInFailed => "sign-in-failed",
            Self::PasswordChanged => "password-changed",
            Self::RoleChanged => "role-changed",
            Self::DraftMade => "draft-made",
            Self::DraftDeleted => "draft-deleted",
            Self::OrderSubmitted => "order-submitted",
            Self::OrderEdited => "order-edited",
            Self::OrderCancelled => "order-cancelled",
            Self::OrderShipped => "order-shipped",
            Self::ShipmentDelivered => "shipment-delivered",
            Self::PaymentReceived => "payment-received",
            Self::PaymentWithdrawn => "payment-withdrawn",
            Self::OrderRefunded => "order-refunded",
            Self::RefundSent => "refund-sent",
            Self::StoreCreditAdjusted => "store-credit-adjusted",
            Self::ReturnOpened => "return-opened",
            Self::ReturnApproved => "return-approved",
            Self::ReturnRejected => "return-rejected",
            Self::ReturnReceived => "return-received",
            Self::ReturnClosed => "return-closed",
            Self::StockReceived => "stock-received",
            Self::StockAdjusted => "stock-adjusted",
            Self::StockTransferred => "stock-transferred",
            Self::ThresholdChanged => "threshold-changed",
            Self::LocationOpened => "location-opened",
            Self::LocationChanged => "location-changed",
            Self::EventsReplayed => "events-replayed",
            Self::WebhooksReplayed => "webhooks-replayed",
        }
    }

    /// The action that is stored as `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// Something that is about to be written down.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was done.
    pub action: Action,
    /// Who did it, where that is known: nobody at the command line is.
    pub actor: Option<UserId>,
    /// Whose account it was done to, if to one.
    pub subject: Option<UserId>,
    /// What it was before, as far as it changed.
    pub before: Option<serde_json::Value>,
    /// What it is now.
    pub after: Option<serde_json::Value>,
}

impl Done {
    /// Something that a person did to their own account.
    pub fn by(action: Action, person: UserId) -> Self {
        Self { action, actor: Some(person), subject: Some(person), before: None, after: None }
    }

    /// Something that somebody unknown did to an account, or to none.
    pub fn to(action: Action, subject: Option<UserId>) -> Self {
        Self { action, actor: None, subject, before: None, after: None }
    }
}

/// An entry of the log, as staff read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Identifies it.
    pub id: EntryId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// What was done; the code of an action that this version doesn't know stays readable.
    pub action: String,
    /// Who did it: their identifier, and their address while they have an account.
    pub actor: Option<(UserId, Option<String>)>,
    /// To whom.
    pub subject: Option<(UserId, Option<String>)>,
    /// The network address it was done from, or the part of the shop that did it by itself.
    pub client: String,
    /// What it was before, and what it is now.
    pub change: (Option<serde_json::Value>, Option<serde_json::Value>),
}
