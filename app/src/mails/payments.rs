//! The mails about payments that need a look, for staff.

use super::accounts::mail;
use crate::checkout::method_name;
use commerce::notifications::Mail;
use commerce::orders::OrderNumber;
use commerce::settings::Settings;

/// What a gateway did not do, or has done by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentTrouble {
    /// It has not taken money that was set aside; its word for why, if it gave one.
    NotTaken(Option<String>),
    /// It has not given money back, or a bank has sent it back; its word for why, if it gave one.
    NotGivenBack(Option<String>),
    /// It has let go what was set aside.
    Lapsed,
}

/// Tells staff that a payment of an order needs a look.
pub fn payment_trouble(
    to: &str,
    order: OrderNumber,
    gateway: &str,
    trouble: &PaymentTrouble,
    settings: &Settings,
    public_url: &str,
) -> Mail {
    let gateway = method_name(gateway);
    let (subject, text, reason) = match trouble {
        PaymentTrouble::NotTaken(reason) => (
            "Payment not taken",
            format!("{gateway} has refused to take money of the order {order} that it had set aside."),
            reason.as_deref(),
        ),
        PaymentTrouble::NotGivenBack(reason) => {
            ("Refund refused", format!("Money of the order {order} did not go back by {gateway}."), reason.as_deref())
        }
        PaymentTrouble::Lapsed => (
            "Authorisation lapsed",
            format!("{gateway} has let go what was set aside for the order {order}: it is not paid any more."),
            None,
        ),
    };
    let told = reason.map(|reason| format!(" It says: {reason}.")).unwrap_or_default();
    let text = format!("{text}{told} Please look at the order and, if need be, at the account there.");
    let url = format!("{public_url}/admin/orders/{order}");
    mail(to, settings, &format!("{subject}: {order}"), &text, "Look at the order", &url)
}
