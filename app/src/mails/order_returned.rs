//! The mails about what is sent back.

use super::order_notice::{About, Notice, Pieces};
use commerce::money::Money;
use commerce::notifications::Mail;

/// How far a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnStep<'a> {
    /// It was asked for.
    Requested,
    /// It may be sent back to this address, given line by line.
    Approved(&'a [String]),
    /// It may not, for this reason.
    Rejected(&'a str),
    /// It has come back.
    Received,
    /// This much is given back for it, and this much of what it cost is not.
    Refunded(Money, Money),
    /// The same as store credit of the account, where it is already.
    Credited(Money, Money),
    /// It has ended without money, for this reason.
    Closed(&'a str),
}

/// Tells how far a return is. `number` is what people call it; `note` is what staff have to say, perhaps empty.
pub fn return_update(about: About<'_>, number: &str, step: ReturnStep<'_>, note: &str, pieces: &[Pieces]) -> Mail {
    let (title, sentence) = match step {
        ReturnStep::Requested => (
            "We have got your return request",
            format!("Your request has the number {number}. We look at it and tell you how it goes on."),
        ),
        ReturnStep::Approved(address) => (
            "You can send it back",
            format!(
                "Please send it within 14 days to {}. Write the number {number} on the parcel, and keep the receipt.",
                address.join(", ")
            ),
        ),
        ReturnStep::Rejected(reason) => (
            "We can’t take your return",
            format!("We have looked at your request {number} and can’t take it. The reason: {reason}"),
        ),
        ReturnStep::Received => (
            "Your return has come",
            format!("What you sent back under the number {number} is here. We tell you when we have refunded it."),
        ),
        ReturnStep::Refunded(amount, deduction) => (
            "We refund your return",
            format!("For what you sent back under the number {number}, we give back {amount}.{}", kept(deduction)),
        ),
        ReturnStep::Credited(amount, deduction) => (
            "We refund your return",
            format!(
                "For what you sent back under the number {number}, {amount} is in your account as store credit.{}",
                kept(deduction)
            ),
        ),
        ReturnStep::Closed(reason) => (
            "Your return is closed",
            format!("The return {number} has ended, and no money is given back for it. The reason: {reason}"),
        ),
    };
    let mut sentences = vec![sentence];
    if !note.is_empty() {
        sentences.push(note.to_owned());
    }
    Notice { title: title.to_owned(), sentences, pieces, way_on: ("See your return", about.url) }.mail(about)
}

fn kept(deduction: Money) -> String {
    match deduction.minor() {
        0 => String::new(),
        _ => format!(" We keep {deduction} of what it cost."),
    }
}
