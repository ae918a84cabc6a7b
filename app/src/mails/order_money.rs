//! The mails about what is paid and given back, and about orders that are given up.

use super::order_confirmation::{how_to_pay, next_step};
use super::order_notice::{About, Notice, Pieces};
use crate::accounts::day;
use chrono::{DateTime, Utc};
use commerce::money::Money;
use commerce::notifications::Mail;

/// Where money went back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundedTo<'a> {
    /// The way it was paid, as people call it.
    Method(&'a str),
    /// By hand, by a way that is agreed with the customer.
    ByHand,
    /// Store credit of the account.
    StoreCredit,
}

impl RefundedTo<'_> {
    fn sentence(self, amount: Money) -> String {
        match self {
            Self::Method(method) => format!(
                "We have sent {amount} back the way you paid: {method}. It can take some days until you see it there."
            ),
            Self::ByHand => format!("We have sent {amount} back to you. It can take some days until you see it."),
            Self::StoreCredit => format!("We have added {amount} to your store credit. You can pay with it at once."),
        }
    }
}

/// Tells that money went back; `pieces` is what it was for, empty where it was for no goods.
pub fn refund_issued(about: About<'_>, amount: Money, to: RefundedTo<'_>, pieces: &[Pieces]) -> Mail {
    let title = format!("We have refunded {amount}");
    Notice { title, sentences: vec![to.sentence(amount)], pieces, way_on: ("See your order", about.url) }.mail(about)
}

/// Tells that money goes back that somebody has to send by hand, and what has become store credit with it.
pub fn refund_decided(about: About<'_>, amount: Money, credit: Option<Money>) -> Mail {
    let mut sentences = vec![format!("We send {amount} back to you, and tell you when it is done.")];
    sentences.extend(credit.map(|credit| RefundedTo::StoreCredit.sentence(credit)));
    let title = format!("We will refund {amount}");
    Notice { title, sentences, pieces: &[], way_on: ("See your order", about.url) }.mail(about)
}

/// Tells that an order was given up, why if there is more to say, and what goes back: money, and store credit.
pub fn order_cancelled(about: About<'_>, reason: Option<&str>, refund: Option<Money>, credit: Option<Money>) -> Mail {
    let mut sentences = vec!["Your order was cancelled. Nothing of it will be sent.".to_owned()];
    sentences.extend(reason.map(|reason| format!("The reason: {reason}")));
    sentences
        .extend(refund.map(|amount| format!("We send {amount} back the way you paid, and tell you when it is done.")));
    sentences
        .extend(credit.map(|amount| format!("{amount} that you had paid with store credit is in your account again.")));
    if refund.or(credit).is_none() {
        sentences.push("There is nothing to pay.".to_owned());
    }
    let title = "Your order was cancelled".to_owned();
    Notice { title, sentences, pieces: &all_pieces(about), way_on: ("See your order", about.url) }.mail(about)
}

/// Reminds somebody of what is still to be paid, at `pay_url`; `until` is when the order is given up.
pub fn payment_reminder(about: About<'_>, due: Money, until: Option<DateTime<Utc>>, pay_url: &str) -> Mail {
    let mut sentences = vec![format!("{due} of your order is still to be paid. We send it as soon as it is.")];
    sentences.extend(until.map(|until| format!("We keep it for you until {}.", day(until))));
    sentences.push("If you have paid in the last days, there is nothing to do.".to_owned());
    let title = "Your order waits for its payment".to_owned();
    Notice { title, sentences, pieces: &all_pieces(about), way_on: ("Pay now", pay_url) }.mail(about)
}

/// Hands an order that staff have put together to its customer, to be paid at `pay_url`; `until` is when it is given
/// up.
pub fn order_to_pay(about: About<'_>, until: Option<DateTime<Utc>>, pay_url: &str) -> Mail {
    let amount = about.order.due();
    let mut sentences = vec![format!("We have put your order together. Please pay {amount}: then we send it.")];
    sentences.extend(until.map(|until| format!("We keep everything for you until {}.", day(until))));
    let title = "Your order is ready to be paid".to_owned();
    Notice { title, sentences, pieces: &all_pieces(about), way_on: ("Pay now", pay_url) }.mail(about)
}

/// What a changed order means for whoever pays it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing is to be done.
    None,
    /// This much is to be paid on the page of the order.
    ToPay(Money),
    /// This much is to be paid as agreed: by transfer, in cash, by invoice.
    AsAgreed(Money),
    /// What was paid too much goes back.
    GoesBack,
}

/// Tells that staff have changed an order that came to `before`.
pub fn order_changed(about: About<'_>, before: Money, difference: Difference) -> Mail {
    let total = about.order.to_pay();
    let mut sentences = vec![match total == before {
        true => format!("We have changed your order. It comes to {total}, as before."),
        false => format!("We have changed your order. It comes to {total} now; before it was {before}."),
    }];
    sentences.extend(match difference {
        Difference::None => None,
        Difference::ToPay(amount) => Some(how_to_pay(about.order, amount, about.settings)),
        Difference::AsAgreed(amount) => Some(next_step(about.order, amount, about.settings)),
        Difference::GoesBack => Some("What you have paid too much goes back the way you paid.".to_owned()),
    });
    let way_on = if let Difference::ToPay(_) = difference { "Pay now" } else { "See your order" };
    let title = "Your order was changed".to_owned();
    Notice { title, sentences, pieces: &all_pieces(about), way_on: (way_on, about.url) }.mail(about)
}

/// Tells that a payment was declined; at `pay_url` it can be paid in another way.
pub fn payment_declined(about: About<'_>, until: Option<DateTime<Utc>>, pay_url: &str) -> Mail {
    let amount = about.order.due();
    let mut sentences = vec![format!("The payment of {amount} did not go through, and nothing was charged.")];
    sentences.push("You can try again, or choose another way to pay.".to_owned());
    sentences.extend(until.map(|until| format!("We keep your order until {}.", day(until))));
    let title = "Your payment did not go through".to_owned();
    Notice { title, sentences, pieces: &all_pieces(about), way_on: ("Pay now", pay_url) }.mail(about)
}

fn all_pieces(about: About<'_>) -> Vec<Pieces> {
    let order = about.order;
    let pieces = |line: &commerce::orders::OrderLine| {
        Pieces::of(line, line.quantity.into()).for_amount(Money::new(line.total.amounts.gross, order.currency))
    };
    order.lines.iter().map(pieces).collect()
}
