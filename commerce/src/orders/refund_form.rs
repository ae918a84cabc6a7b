//! What staff type of money that goes back.

use super::refund::{LineGivenBack, Refund, RefundMethod};
use super::{Order, OrderLineId};
use crate::forms::{self, Errors, FieldError, Fields, Parser, clean};
use crate::inventory::parse_number;
use crate::money::Money;
use std::collections::HashMap;

/// The field of how much goes back.
pub const AMOUNT: &str = "refund_amount";

/// What the fields of lines begin with.
const LINE: &str = "quantity-";

/// The field of for how many pieces of a line money goes back.
pub fn field_of(line: OrderLineId) -> String {
    format!("{LINE}{line}")
}

/// Reads for which pieces of an order how much goes back. An amount that was left empty is what the pieces cost; one
/// that was typed is for the pieces, if there are any. How many of them are left, the use case knows.
///
/// # Errors
/// What is wrong with which field.
pub fn parse(fields: &Fields, order: &Order) -> Result<Refund, Errors> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    let mut parser = Parser::default();
    let (mut lines, mut is_by_piece) = (Vec::new(), false);
    for (name, raw) in fields {
        let Some(id) = name.strip_prefix(LINE).and_then(|id| id.parse().ok()) else { continue };
        let most = order.lines.iter().find(|line| line.id == id).map_or(0, |line| line.quantity);
        let pieces = match clean(Some(raw)).as_str() {
            "" => Ok(0),
            text => parse_number(Some(text), 0..=most.into())
                .and_then(|pieces| i32::try_from(pieces).map_err(|_| FieldError::Invalid)),
        };
        is_by_piece |= pieces != Ok(0);
        lines.extend(parser.field(name, pieces).filter(|pieces| *pieces > 0).map(|pieces| (id, pieces)));
    }
    let amount = match clean(get(AMOUNT)).as_str() {
        "" if is_by_piece => Ok(None),
        "" => Err(FieldError::Required),
        text => {
            Money::parse(text, order.currency).filter(|amount| amount.minor() > 0).map(Some).ok_or(FieldError::Invalid)
        }
    };
    let amount = parser.field(AMOUNT, amount);
    let key = parser.field("key", forms::required(get("key"), 200));
    let reason = parser.field("reason", forms::required(get("reason"), 200));
    let method = RefundMethod::parse(get("method").unwrap_or_default()).unwrap_or(RefundMethod::Original);
    let refund = (|| Some(Refund { key: key?, amount: amount?, lines, method, reason: reason? }))();
    parser.finish(refund)
}

/// Which fields ask for more than there is, where this many pieces of each line were given back before.
pub fn too_much(refund: &Refund, order: &Order, given_back: &HashMap<OrderLineId, LineGivenBack>) -> Errors {
    let left = |id: &OrderLineId| {
        let ordered = order.lines.iter().find(|line| line.id == *id).map_or(0, |line| i64::from(line.quantity));
        ordered - given_back.get(id).map_or(0, |given| given.pieces)
    };
    let pieces = refund.lines.iter().filter(|(id, pieces)| i64::from(*pieces) > left(id));
    let errors: Errors = pieces.map(|(id, _)| (field_of(*id), FieldError::Wrong)).collect();
    if errors.is_empty() { [(AMOUNT.to_owned(), FieldError::Wrong)].into() } else { errors }
}
