//! What is reported of returns. All of it is about the order, so that it is told with everything else that happens to it.
//! What people have written is not in it.

use super::{ReturnId, ReturnReason};
use crate::inventory::LocationId;
use crate::money::Money;
use crate::orders::{OrderId, OrderLineId, RefundId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pieces of a line that are to be sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestedLine {
    /// The line of the order.
    pub line: OrderLineId,
    /// How many pieces.
    pub quantity: i64,
    /// Why.
    pub reason: ReturnReason,
}

/// Pieces of a line that have come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceivedLine {
    /// The line of the order.
    pub line: OrderLineId,
    /// How many pieces.
    pub received: i64,
    /// How many of them can be sold again.
    pub resellable: i64,
}

/// Reports that somebody wants to send something of an order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnRequested {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
    /// What is to be sent back.
    pub lines: Vec<RequestedLine>,
    /// Whether staff have asked for their customer.
    pub by_staff: bool,
}
event!(ReturnRequested, version 1, about order);

/// Reports that a return was agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnApproved {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
}
event!(ReturnApproved, version 1, about order);

/// Reports that a return was not agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnRejected {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
}
event!(ReturnRejected, version 1, about order);

/// Reports that a customer keeps what they wanted to send back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnWithdrawn {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
}
event!(ReturnWithdrawn, version 1, about order);

/// Reports that a return has come and was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnReceived {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
    /// Where it has come to.
    pub location: LocationId,
    /// What has come.
    pub lines: Vec<ReceivedLine>,
}
event!(ReturnReceived, version 1, about order);

/// Reports that money is given back for a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnRefunded {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
    /// The refund.
    pub refund: RefundId,
    /// How much is given back.
    pub amount: Money,
    /// How much of what the pieces cost is not.
    pub deduction: Money,
}
event!(ReturnRefunded, version 1, about order);

/// Reports that a return has ended without money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnClosed {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub return_id: ReturnId,
    /// What people call it.
    pub return_number: String,
    /// Whether anything had come.
    pub received: bool,
}
event!(ReturnClosed, version 1, about order);
