//! The mail that confirms an order.

use super::frame::{button, frame};
use chrono::TimeDelta;
use commerce::notifications::Mail;
use commerce::orders::{Lifecycle, Order, Payment};
use commerce::payments::PaymentTerms;
use commerce::settings::Settings;
use leptos::prelude::*;
use std::fmt::Write;

/// The way to pay by which money comes to the account of the shop.
const BY_TRANSFER: &str = "bank_transfer";

/// How long an order that comes from a cart waits for its payment at most.
const FROM_CART: TimeDelta = TimeDelta::hours(2);

/// Confirms an order whose page is at `order_url`.
pub fn order_confirmation(order: &Order, settings: &Settings, order_url: &str) -> Mail {
    Mail {
        recipient: order.email.clone(),
        subject: format!("Your order {} at {}", order.number, settings.name),
        text: text(order, settings, order_url),
        html: html(order, settings, order_url),
    }
}

/// What happens next, by the terms of payment.
pub fn next_step(order: &Order, settings: &Settings) -> String {
    match (order.lifecycle, order.payment) {
        (Lifecycle::Cancelled, Payment::Paid | Payment::PartlyPaid | Payment::PartlyRefunded)
            if !order.keeps_payment =>
        {
            return "It is cancelled. What was paid is on its way back.".to_owned();
        }
        (Lifecycle::Cancelled, _) => return "It is cancelled: nothing will be sent.".to_owned(),
        // What waits for days was put together or changed by staff, who have mailed how to pay it.
        (Lifecycle::AwaitingPayment, _) if order.pay_by.is_some_and(|by| by - order.created_at > FROM_CART) => {
            return "It waits for your payment. We send it as soon as it is paid.".to_owned();
        }
        (Lifecycle::AwaitingPayment, _) => {
            return "We have not heard of your payment yet. If you have just paid, look at this page again in a moment."
                .to_owned();
        }
        (_, Payment::Paid | Payment::Authorised) => {
            return "It is paid, and we are getting it ready.".to_owned();
        }
        _ => {}
    }
    match order.payment_terms {
        PaymentTerms::InAdvance if is_partly_paid(order) || order.payment_method != BY_TRANSFER => {
            "A part of it is still to be paid. We send it as soon as it is.".to_owned()
        }
        PaymentTerms::InAdvance => format!(
            "Please transfer {} to {} with the reference {}. We send your order as soon as it has arrived.",
            order.due(),
            settings.bank_account,
            order.number,
        ),
        PaymentTerms::OnDelivery => {
            format!("We are getting your order ready. Please have {} in cash at hand when it comes.", order.due())
        }
        PaymentTerms::Invoice => {
            "We are getting your order ready. You pay by the invoice that comes with it.".to_owned()
        }
    }
}

/// Whether money has come for a part of it: store credit is no money, and what it leaves is known from the start.
fn is_partly_paid(order: &Order) -> bool {
    order.payment == Payment::PartlyPaid && order.store_credit.minor() == 0
}

fn text(order: &Order, settings: &Settings, order_url: &str) -> String {
    let mut text = format!("Thank you for your order {}.\n\n{}\n\n", order.number, next_step(order, settings));
    for line in &order.lines {
        let options = line.options.to_string();
        let options = if options.is_empty() { options } else { format!(" ({options})") };
        let gross = commerce::money::Money::new(line.total.amounts.gross, order.currency);
        let _ = writeln!(text, "{} × {}{options}  {gross}", line.quantity, line.name);
    }
    let delivery = commerce::money::Money::new(order.delivery.amounts.gross, order.currency);
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
fn html(order: &Order, settings: &Settings, order_url: &str) -> String {
    let amount = |minor| commerce::money::Money::new(minor, order.currency).to_string();
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
        <p>{next_step(order, settings)}</p>
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
