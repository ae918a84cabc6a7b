//! The mail that confirms an order.

use super::frame::{button, frame};
use commerce::money::Money;
use commerce::notifications::Mail;
use commerce::orders::{Fulfilment, Lifecycle, Order, Payment};
use commerce::payments::PaymentTerms;
use commerce::settings::Settings;
use leptos::prelude::*;
use std::fmt::Write;

/// The way to pay by which money comes to the account of the shop.
pub(crate) const BY_TRANSFER: &str = "bank_transfer";

/// Confirms an order of which `owed` is still to be paid and whose page is at `order_url`.
pub fn order_confirmation(order: &Order, owed: Money, settings: &Settings, order_url: &str) -> Mail {
    let advice = next_step(order, owed, settings);
    Mail {
        recipient: order.email.clone(),
        subject: format!("Your order {} at {}", order.number, settings.name),
        text: text(order, &advice, order_url),
        html: html(order, settings, advice, order_url),
    }
}

/// What happens next with an order of which `owed` is still to be paid.
pub fn next_step(order: &Order, owed: Money, settings: &Settings) -> String {
    match (order.lifecycle, order.payment) {
        (Lifecycle::Cancelled, Payment::Paid | Payment::PartlyPaid | Payment::PartlyRefunded)
            if !order.keeps_payment =>
        {
            return "It is cancelled. What was paid is on its way back.".to_owned();
        }
        (Lifecycle::Cancelled, _) => return "It is cancelled: nothing will be sent.".to_owned(),
        (Lifecycle::AwaitingPayment, _) if order.waits_as_placed() => {
            return "We have not heard of your payment yet. If you have just paid, look at this page again in a moment."
                .to_owned();
        }
        // Staff have mailed how to pay it.
        (Lifecycle::AwaitingPayment, _) => {
            return "It waits for your payment. We send it as soon as it is paid.".to_owned();
        }
        (_, Payment::Refunded) => return "What was paid was given back.".to_owned(),
        _ if owed.minor() == 0 => {
            let sent = match order.fulfilment {
                Fulfilment::Unfulfilled => "we are getting it ready",
                Fulfilment::PartlyShipped => "a part of it is on its way",
                Fulfilment::Shipped => "on its way",
                Fulfilment::Delivered => "it has come",
            };
            return format!("It is paid, and {sent}.");
        }
        _ => {}
    }
    match order.payment_terms {
        PaymentTerms::InAdvance => how_to_pay(order, owed, settings),
        PaymentTerms::OnDelivery => {
            format!("We are getting your order ready. Please have {owed} in cash at hand when it comes.")
        }
        PaymentTerms::Invoice => {
            "We are getting your order ready. You pay by the invoice that comes with it.".to_owned()
        }
    }
}

/// How this much of a placed order is paid before it is sent.
pub(super) fn how_to_pay(order: &Order, owed: Money, settings: &Settings) -> String {
    if order.payment_method != BY_TRANSFER {
        return format!("{owed} is still to be paid. We send your order as soon as it is.");
    }
    format!(
        "Please transfer {owed} to {} with the reference {}. We send your order as soon as it has arrived.",
        settings.bank_account, order.number,
    )
}

fn text(order: &Order, advice: &str, order_url: &str) -> String {
    let mut text = format!("Thank you for your order {}.\n\n{advice}\n\n", order.number);
    for line in &order.lines {
        let options = line.options.to_string();
        let options = if options.is_empty() { options } else { format!(" ({options})") };
        let gross = Money::new(line.total.amounts.gross, order.currency);
        let _ = writeln!(text, "{} × {}{options}  {gross}", line.quantity, line.name);
    }
    let delivery = Money::new(order.delivery.amounts.gross, order.currency);
    let _ = writeln!(text, "{}  {delivery}\nTotal  {}", order.delivery_name, order.to_pay());
    for (name, amount) in by_credit(order) {
        let _ = writeln!(text, "{name}  {amount}");
    }
    text.push('\n');
    let _ =
        writeln!(text, "Delivery to:\n{}\n\nFollow your order: {order_url}", order.delivery_address.lines().join("\n"));
    text
}

/// What store credit has paid, and what is left, where it has.
fn by_credit(order: &Order) -> Vec<(&'static str, String)> {
    if order.store_credit.minor() == 0 {
        return Vec::new();
    }
    vec![("Paid with store credit", order.store_credit.to_string()), ("To pay", order.due().to_string())]
}

/// Mail readers know tables and inline styles, and little else.
fn html(order: &Order, settings: &Settings, advice: String, order_url: &str) -> String {
    let amount = |minor| Money::new(minor, order.currency).to_string();
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| {
            let options = line.options.to_string();
            view! {
                <tr>
                    <td style="padding:8px 0;border-bottom:1px solid #ddd">
                        {line.quantity}" × "{line.name.clone()}
                        {(!options.is_empty()).then(|| view! { <br /><small style="color:#555">{options}</small> })}
                    </td>
                    <td style="padding:8px 0;border-bottom:1px solid #ddd;text-align:right">
                        {amount(line.total.amounts.gross)}
                    </td>
                </tr>
            }
        })
        .collect();
    let address: Vec<_> = order.delivery_address.lines().into_iter().map(|line| view! { {line}<br /> }).collect();
    let credit: Vec<_> = by_credit(order)
        .into_iter()
        .map(|(name, amount)| {
            view! {
                <tr>
                    <td style="padding:8px 0">{name}</td>
                    <td style="padding:8px 0;text-align:right">{amount}</td>
                </tr>
            }
        })
        .collect();
    let content = view! {
        <p>"Your order number is "<strong>{order.number.to_string()}</strong>"."</p>
        <p>{advice}</p>
        <table role="presentation" style="width:100%;border-collapse:collapse">
            <tbody>
                {lines}
                <tr>
                    <td style="padding:8px 0">{order.delivery_name.clone()}</td>
                    <td style="padding:8px 0;text-align:right">{amount(order.delivery.amounts.gross)}</td>
                </tr>
                <tr>
                    <td style="padding:8px 0"><strong>"Total"</strong></td>
                    <td style="padding:8px 0;text-align:right"><strong>{order.to_pay().to_string()}</strong></td>
                </tr>
                {credit}
            </tbody>
        </table>
        <h2 style="font-size:18px">"Delivery to"</h2>
        <p>{address}</p>
        {button("Follow your order", order_url)}
    };
    frame(&settings.name, "Thank you for your order", content)
}
