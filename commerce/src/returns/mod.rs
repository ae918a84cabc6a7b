//! What customers send back: asked for, agreed to, counted when it comes, and paid for.

use crate::fulfilment::Shipment;
use crate::inventory::LocationId;
use crate::orders::{OrderId, OrderLineId, OrderNumber, RefundId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

#[cfg(feature = "ssr")]
pub mod approve;
#[cfg(feature = "ssr")]
pub mod close;
#[cfg(feature = "ssr")]
pub mod events;
#[cfg(feature = "ssr")]
pub mod forget;
mod forms;
#[cfg(feature = "ssr")]
pub mod photos;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod receive;
#[cfg(feature = "ssr")]
pub mod refund;
#[cfg(feature = "ssr")]
pub mod request;
mod state;
#[cfg(feature = "ssr")]
mod step;

pub use forms::{COMMENT_MOST, Counted, NOTE_MOST, NewReturn, Wanted, parse_counts};
pub use state::{ReturnEvent, ReturnState};
#[cfg(feature = "ssr")]
pub use step::{ReturnError, Word};

id!(
    /// Identifies a return.
    ReturnId
);
id!(
    /// Identifies a photo of what is to be sent back.
    ReturnPhotoId
);

/// The most photos that a return has.
pub const PHOTOS_MOST: usize = 5;

/// Why a piece is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// It came damaged, or doesn't work.
    Damaged,
    /// It is another thing than was ordered.
    WrongItem,
    /// It is not as the shop describes it.
    NotAsDescribed,
    /// It doesn't fit.
    DoesNotFit,
    /// It came too late.
    TooLate,
    /// It is not wanted any more.
    ChangedMind,
    /// Something else.
    Other,
}

impl ReturnReason {
    /// Every reason, in the order in which people choose from them.
    pub const ALL: [Self; 7] = [
        Self::Damaged,
        Self::WrongItem,
        Self::NotAsDescribed,
        Self::DoesNotFit,
        Self::TooLate,
        Self::ChangedMind,
        Self::Other,
    ];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::WrongItem => "wrong_item",
            Self::NotAsDescribed => "not_as_described",
            Self::DoesNotFit => "does_not_fit",
            Self::TooLate => "too_late",
            Self::ChangedMind => "changed_mind",
            Self::Other => "other",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == text)
    }
}

/// What people call a return: the number of its order, and which of its returns it is. `E-7K3M-9QXP-R1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReturnNumber {
    /// The order.
    pub order: OrderNumber,
    /// Counts the returns of the order from 1 on.
    pub number: i32,
}

impl fmt::Display for ReturnNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-R{}", self.order, self.number)
    }
}

/// What was typed is no number of a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no number of a return")]
pub struct NoReturnNumber;

impl FromStr for ReturnNumber {
    type Err = NoReturnNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (order, number) = text.trim().rsplit_once(['r', 'R']).ok_or(NoReturnNumber)?;
        let order = order.strip_suffix('-').ok_or(NoReturnNumber)?.parse().map_err(|_| NoReturnNumber)?;
        let plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|number| plain && *number >= 1).ok_or(NoReturnNumber)?;
        Ok(Self { order, number })
    }
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Which return.
    pub id: ReturnId,
    /// Of which order.
    pub order: OrderId,
    /// What people call it.
    pub number: ReturnNumber,
    /// How far it is.
    pub state: ReturnState,
    /// Where what of it can be sold again has come to.
    pub location: Option<LocationId>,
    /// The money that was given back for it.
    pub refund: Option<RefundId>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// What is in it.
    pub lines: Vec<ReturnLine>,
    /// What has become of it, in order.
    pub steps: Vec<ReturnStep>,
}

impl Return {
    /// The step that brought it to a state.
    pub fn step(&self, state: ReturnState) -> Option<&ReturnStep> {
        self.steps.iter().find(|step| step.state == state)
    }
}

/// What of an order's line is in a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnLine {
    /// The line of the order.
    pub line: OrderLineId,
    /// How many pieces of it were asked for.
    pub quantity: i64,
    /// Why.
    pub reason: ReturnReason,
    /// What else its customer says, perhaps empty.
    pub comment: String,
    /// How many came, once they are counted.
    pub received: Option<i64>,
    /// How many of them can be sold again.
    pub resellable: Option<i64>,
}

impl ReturnLine {
    /// How many pieces nobody can ask for again: those that came, else those that are still expected.
    pub fn taken(&self, state: ReturnState) -> i64 {
        match self.received {
            Some(received) => received,
            None if state.is_expected() => self.quantity,
            None => 0,
        }
    }
}

/// What brought a return to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnStep {
    /// The state.
    pub state: ReturnState,
    /// The key of the form that asked for it: the same form again does nothing more.
    pub key: String,
    /// Whether staff did it.
    pub by_staff: bool,
    /// What they have to say to the customer, perhaps empty.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// For how long after delivery something can be sent back.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// For how many days.
    pub days: i64,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

impl Window {
    /// Whether what was brought then can be sent back now. Until it is known to have come, the time has not begun.
    fn is_open(self, delivered_at: Option<DateTime<Utc>>) -> bool {
        let length = TimeDelta::try_days(self.days).unwrap_or(TimeDelta::MAX);
        delivered_at.is_none_or(|at| self.now.signed_duration_since(at) <= length)
    }
}

/// How many pieces of each line can be asked for: those that were sent and that no other return has, and within a
/// window those for which it is open. Which piece is in a return nobody knows: it is taken to be the one that came
/// first, of those whose customer could ask for it then. Lines of which there are none are left out.
pub fn returnable(shipments: &[Shipment], returns: &[Return], window: Option<Window>) -> BTreeMap<OrderLineId, i64> {
    let mut sent: Vec<_> = shipments
        .iter()
        .flat_map(|shipment| shipment.lines.iter().map(|line| (line.line, shipment.delivered_at, line.quantity)))
        .collect();
    sent.sort_by_key(|(_, delivered_at, _)| (delivered_at.is_none(), *delivered_at));
    for one in returns {
        let by_staff = one.step(ReturnState::Requested).is_some_and(|step| step.by_staff);
        let then = window.filter(|_| !by_staff).map(|window| Window { now: one.created_at, ..window });
        for line in &one.lines {
            let mut taken = line.taken(one.state);
            // What was sent later, or with another window, must not be found twice either.
            for within in [then, None] {
                for (of, delivered_at, left) in &mut sent {
                    if *of == line.line && within.is_none_or(|window| window.is_open(*delivered_at)) {
                        let pieces = taken.min(*left);
                        *left -= pieces;
                        taken -= pieces;
                    }
                }
            }
        }
    }
    let mut open = BTreeMap::new();
    for (line, delivered_at, left) in sent {
        if left > 0 && window.is_none_or(|window| window.is_open(delivered_at)) {
            *open.entry(line).or_default() += left;
        }
    }
    open
}

#[cfg(test)]
mod tests;
