//! What the forms about returns say.

use super::{Return, ReturnReason};
use crate::forms::{self, Errors, FieldError, Fields, Parser};
use crate::orders::OrderLineId;
use std::collections::BTreeMap;

/// The most characters of what a customer says of a line.
pub const COMMENT_MOST: usize = 500;

/// The most characters of what staff say to a customer.
pub const NOTE_MOST: usize = 500;

/// The longest key of a form.
const KEY_MOST: usize = 100;

/// What is to be sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReturn {
    /// Names the request: made again, it is the same return.
    pub key: String,
    /// What is in it; a line is there once.
    pub lines: Vec<Wanted>,
}

/// Pieces of a line that are to be sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The line of the order.
    pub line: OrderLineId,
    /// How many pieces.
    pub quantity: i64,
    /// Why.
    pub reason: ReturnReason,
    /// What else there is to say, perhaps nothing.
    pub comment: String,
}

/// What of a line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The line of the order.
    pub line: OrderLineId,
    /// How many pieces came.
    pub received: i64,
    /// How many of them can be sold again.
    pub resellable: i64,
}

fn field<'a>(fields: &'a Fields, name: &str, line: OrderLineId) -> (String, Option<&'a str>) {
    let name = format!("{name}-{line}");
    let raw = fields.get(&name).map(String::as_str);
    (name, raw)
}

/// A number of pieces of `0..=most`; none where nothing was entered.
fn pieces(raw: Option<&str>, most: i64) -> Result<i64, FieldError> {
    let text = forms::clean(raw);
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse().ok().filter(|number| (0..=most).contains(number));
    number.ok_or(FieldError::QuantityOutOfRange)
}

impl NewReturn {
    /// Reads the field `key`, and for each line of which something is left `quantity-`, `reason-` and `comment-` with
    /// its identifier. Lines of which nothing is wanted need no reason.
    ///
    /// # Errors
    /// Everything that is wrong with them; under `lines` that there is nothing to send back.
    pub fn parse(fields: &Fields, left: &BTreeMap<OrderLineId, i64>) -> Result<Self, Errors> {
        let mut parser = Parser::default();
        let key = parser.field("key", forms::required(fields.get("key").map(String::as_str), KEY_MOST));
        let mut lines = Vec::new();
        let mut complete = true;
        for (line, most) in left {
            let (name, raw) = field(fields, "quantity", *line);
            let quantity = parser.field(&name, pieces(raw, *most));
            if quantity == Some(0) {
                continue;
            }
            let (name, raw) = field(fields, "reason", *line);
            let reason = raw.and_then(ReturnReason::parse).ok_or(FieldError::UnknownChoice);
            let reason = parser.field(&name, reason);
            let (name, raw) = field(fields, "comment", *line);
            let comment = parser.field(&name, forms::optional(raw, COMMENT_MOST));
            match (quantity, reason, comment) {
                (Some(quantity), Some(reason), Some(comment)) => {
                    lines.push(Wanted { line: *line, quantity, reason, comment });
                }
                _ => complete = false,
            }
        }
        if lines.is_empty() && complete {
            parser.field::<()>("lines", Err(FieldError::Required));
        }
        parser.finish(key.map(|key| Self { key, lines }))
    }
}

/// Reads for each line of a return `received-` and `resellable-` with its identifier.
///
/// # Errors
/// Everything that is wrong with them: more than was asked for, or more to be sold again than came.
pub fn parse_counts(fields: &Fields, of: &Return) -> Result<Vec<Counted>, Errors> {
    let mut parser = Parser::default();
    let mut counted = Vec::with_capacity(of.lines.len());
    for line in &of.lines {
        let (name, raw) = field(fields, "received", line.line);
        let received = parser.field(&name, pieces(raw, line.quantity));
        let (name, raw) = field(fields, "resellable", line.line);
        let resellable = parser.field(&name, pieces(raw, received.unwrap_or(line.quantity)));
        if let (Some(received), Some(resellable)) = (received, resellable) {
            counted.push(Counted { line: line.line, received, resellable });
        }
    }
    parser.finish(Some(counted))
}
