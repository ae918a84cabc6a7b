//! Stock: what there is, who has claimed it, and the ledger of every change.

use crate::accounts::UserId;
use crate::cart::CartId;
use crate::catalog::{ProductId, VariationId};
use crate::orders::OrderId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

#[cfg(feature = "ssr")]
pub mod adjust;
#[cfg(feature = "ssr")]
mod allocate;
#[cfg(feature = "ssr")]
pub mod claims;
#[cfg(feature = "ssr")]
mod come_in;
#[cfg(feature = "ssr")]
pub mod create_location;
#[cfg(feature = "ssr")]
pub mod entity;
mod forms;
#[cfg(feature = "ssr")]
mod ledger;
#[cfg(feature = "ssr")]
pub mod locations;
#[cfg(feature = "ssr")]
pub mod low_stock;
#[cfg(feature = "ssr")]
mod operation;
#[cfg(feature = "ssr")]
pub mod put_back;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod receive;
#[cfg(feature = "ssr")]
pub mod receive_goods;
#[cfg(feature = "ssr")]
pub mod recount;
#[cfg(feature = "ssr")]
pub mod release_expired;
#[cfg(feature = "ssr")]
mod reserve;
#[cfg(feature = "ssr")]
mod rows;
#[cfg(feature = "ssr")]
pub mod set_threshold;
#[cfg(feature = "ssr")]
pub mod ship;
#[cfg(feature = "ssr")]
pub mod transfer;

#[cfg(feature = "ssr")]
pub(crate) use ledger::SHOWN_LOW;

pub use forms::{Line, Location, NewLocation, QUANTITY_MOST, ShortedOrder, StockError, parse_number};

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

id!(
    /// Identifies what staff do to stock, by the form that asks for it: the same form again does nothing more.
    OperationKey
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
    /// Every reason.
    pub const ALL: [Self; 7] =
        [Self::Received, Self::Adjusted, Self::Reserved, Self::Released, Self::Sold, Self::Returned, Self::Moved];

    /// The reason that is stored as `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

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

/// Who has a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claimant {
    /// A cart has it, for a while.
    Cart(CartId),
    /// An order has it, until it is shipped or cancelled.
    Order(OrderId),
}

impl Claimant {
    /// The cart or the order.
    pub fn id(self) -> Uuid {
        match self {
            Self::Cart(cart) => cart.0,
            Self::Order(order) => order.0,
        }
    }
}

/// Who changes stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who buys.
    Shopper,
    /// The shop by itself.
    System,
    /// Somebody who works for the shop.
    Staff(UserId),
}

impl Actor {
    /// The one that the ledger names so; `None` for those of long ago and of imports.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "shopper" => Some(Self::Shopper),
            "system" => Some(Self::System),
            other => other.strip_prefix("staff:")?.parse().ok().map(Self::Staff),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shopper => f.write_str("shopper"),
            Self::System => f.write_str("system"),
            Self::Staff(user) => write!(f, "staff:{user}"),
        }
    }
}

/// What an order has claimed at a location: from there it ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where it is.
    pub location: LocationId,
    /// What people call the place.
    pub location_name: String,
    /// Of what.
    pub variation: VariationId,
    /// How many.
    pub quantity: i64,
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
/// Reports that of a variation fewer that no order has claimed are in all warehouses than its threshold: once, until
/// there are enough again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StockLow {
    /// Of what.
    pub variation: VariationId,
    /// Its article number.
    pub sku: String,
    /// How many no order has claimed.
    pub available: i64,
    /// Where there are fewer, it is low.
    pub threshold: i64,
    /// Counts how often this variation ran low.
    pub alert: i64,
}
event!(StockLow, version 1, about variation);

/// What there is of a variation at a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Where.
    pub location: LocationId,
    /// What people call the place.
    pub location_name: String,
    /// How many are there.
    pub on_hand: i64,
    /// How many of them are claimed.
    pub reserved: i64,
}

/// What there is of a variation, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// Of what.
    pub variation: VariationId,
    /// Its article number.
    pub sku: String,
    /// What it is called, with its options.
    pub name: String,
    /// Below how many available ones it is low, where the shop's own threshold doesn't hold.
    pub threshold: Option<i64>,
    /// How many are available in all warehouses.
    pub available: i64,
    /// Whether that is less than the threshold.
    pub low: bool,
    /// What is where.
    pub levels: Vec<Level>,
}

/// A change of stock, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Identifies it.
    pub id: MovementId,
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub location_name: String,
    /// By how many what is there changed.
    pub on_hand: i64,
    /// By how many what is claimed changed.
    pub reserved: i64,
    /// Why.
    pub reason: Option<Reason>,
    /// Who did it, where the ledger names one that is known.
    pub actor: Option<Actor>,
    /// Their address, where it was somebody who works for the shop and has an account.
    pub email: Option<String>,
    /// The number of the order for which it was done.
    pub order_number: Option<String>,
    /// What was said of it.
    pub note: String,
}
