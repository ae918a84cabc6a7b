//! Money that somebody has with the shop, to be spent here: given for refunds and by staff, and spent on orders.

use crate::accounts::UserId;
use crate::forms::{Errors, FieldError, Fields, Parser, clean, required};
use crate::money::{Currency, Money};
use crate::orders::{OrderId, OrderNumber};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod adjust;
#[cfg(feature = "ssr")]
pub(crate) mod book;
#[cfg(feature = "ssr")]
pub mod queries;

id!(
    /// Identifies an entry of somebody's store credit.
    StoreCreditEntryId
);

/// The code that stands for the way to pay of orders that store credit pays wholly.
pub const METHOD: &str = "store_credit";

/// The most that staff give or take at once, in minor units.
pub const MOST: i64 = 100_000_000_000;

/// The longest reason, in characters.
pub const REASON_MOST: usize = 200;

/// Why somebody's store credit changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Something of an order was refunded.
    Refunded,
    /// An order that it had paid was given up.
    Returned,
    /// An order was paid with it.
    Spent,
    /// Staff gave it.
    Granted,
    /// Staff took it.
    Taken,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Refunded, Self::Returned, Self::Spent, Self::Granted, Self::Taken];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refunded => "refunded",
            Self::Returned => "returned",
            Self::Spent => "spent",
            Self::Granted => "granted",
            Self::Taken => "taken",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == text)
    }
}

/// An entry of somebody's store credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Identifies it.
    pub id: StoreCreditEntryId,
    /// How much came, or below zero how much went.
    pub amount: Money,
    /// Why.
    pub kind: EntryKind,
    /// For which order, if for one.
    pub order: Option<OrderNumber>,
    /// Why, in the words of staff.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What staff do to somebody's store credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// How much is given, or below zero how much is taken.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// Reads the form by which staff give and take: `credit_way`, `credit_amount`, `credit_reason`.
///
/// # Errors
/// What is wrong with it, by field.
pub fn parse_adjustment(fields: &Fields, currency: Currency) -> Result<Adjustment, Errors> {
    let raw = |name: &str| fields.get(name).map(String::as_str);
    let mut parser = Parser::default();
    let sign = match raw("credit_way") {
        Some("give") => Ok(1),
        Some("take") => Ok(-1),
        _ => Err(FieldError::UnknownChoice),
    };
    let sign = parser.field("credit_way", sign);
    let amount = match Money::parse(&clean(raw("credit_amount")), currency) {
        Some(amount) if (1..=MOST).contains(&amount.minor()) => Ok(amount),
        _ => Err(FieldError::Invalid),
    };
    let amount = parser.field("credit_amount", amount);
    let reason = parser.field("credit_reason", required(raw("credit_reason"), REASON_MOST));
    let adjustment = (|| Some(Adjustment { amount: amount?.checked_mul(sign?)?, reason: reason? }))();
    parser.finish(adjustment)
}

/// Reports that somebody got store credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StoreCreditGranted {
    /// Who.
    pub user: UserId,
    /// The entry that says so.
    pub entry: StoreCreditEntryId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub kind: EntryKind,
    /// For which order, if for one.
    pub order: Option<OrderId>,
}
event!(StoreCreditGranted, version 1, about user);

/// Reports that somebody's store credit became less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StoreCreditSpent {
    /// Whose.
    pub user: UserId,
    /// The entry that says so.
    pub entry: StoreCreditEntryId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub kind: EntryKind,
    /// On which order, if on one.
    pub order: Option<OrderId>,
}
event!(StoreCreditSpent, version 1, about user);

#[cfg(test)]
mod tests {
    use super::*;

    fn form(way: &str, amount: &str, reason: &str) -> Fields {
        [("credit_way", way), ("credit_amount", amount), ("credit_reason", reason)]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    }

    #[test]
    fn staff_give_and_take_amounts_above_zero_for_a_reason() {
        let read = |way, amount, reason| parse_adjustment(&form(way, amount, reason), Currency::EUR);
        let of = |minor| Adjustment { amount: Money::new(minor, Currency::EUR), reason: "Late".to_owned() };
        assert_eq!(read("give", " 12.50 ", "Late"), Ok(of(1_250)));
        assert_eq!(read("take", "3", "Late"), Ok(of(-300)));
        for amount in ["", "0", "-1", "1.005", "1e3", "99999999999", "abc"] {
            let errors = read("give", amount, "Late").expect_err(amount);
            assert_eq!(errors, [("credit_amount".to_owned(), FieldError::Invalid)].into(), "{amount}");
        }
        assert_eq!(read("", "0", " ").expect_err("nothing").len(), 3, "all that is wrong, at once");
    }

    #[test]
    fn kinds_are_read_back() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::parse(kind.code()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("text"), kind.code());
        }
    }
}
