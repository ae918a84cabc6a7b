//! Stock: what there is, who has claimed it, and the ledger of every change.

use crate::catalog::{ProductId, VariationId};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod claims;
#[cfg(feature = "ssr")]
pub mod create_location;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
mod ledger;
#[cfg(feature = "ssr")]
pub mod receive;
#[cfg(feature = "ssr")]
pub mod release_expired;

id!(
    /// Identifies a location.
    LocationId
);
id!(
    /// Identifies the stock of one variation at one location.
    StockId
);
id!(
    /// Identifies a claim.
    ClaimId
);
id!(
    /// Identifies a row of the ledger.
    MovementId
);

/// Why stock changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Came in.
    Received,
    /// Was counted anew.
    Adjusted,
    /// Was claimed by a cart or an order.
    Reserved,
    /// A claim was given up.
    Released,
    /// Left with a shipment.
    Sold,
    /// Came back from a customer.
    Returned,
    /// Went to or came from another location.
    Moved,
}

impl Reason {
    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Adjusted => "adjusted",
            Self::Reserved => "reserved",
            Self::Released => "released",
            Self::Sold => "sold",
            Self::Returned => "returned",
            Self::Moved => "moved",
        }
    }
}

/// A quantity of a variation that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What came in.
    pub variation: VariationId,
    /// How many; 0 opens an empty stock row.
    pub quantity: i64,
}

/// How many of a variation are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What is wanted.
    pub variation: VariationId,
    /// The product it is of.
    pub product: ProductId,
    /// How many.
    pub quantity: i64,
}

/// A variation of which there is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// What there is not enough of.
    pub variation: VariationId,
    /// How many one could have.
    pub available: i64,
}

/// Reports that what there is of a variation at a location has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StockChanged {
    /// Which stock row.
    pub stock: StockId,
    /// Of what.
    pub variation: VariationId,
    /// How many are there now.
    pub on_hand: i64,
    /// How many of them are claimed now.
    pub reserved: i64,
    /// Counts the changes of the row.
    pub version: i64,
    /// Why it changed.
    pub reason: Reason,
}

event!(StockChanged, version 1, about stock);
