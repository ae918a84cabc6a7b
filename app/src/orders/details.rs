//! What an order's pages show of it.

use crate::checkout::{Amounts, Postal, method_name};
use crate::layout::Pic;
use commerce::checkout::Address;
use commerce::money::Money;
use commerce::orders::Order;
use leptos::prelude::*;

/// Where an order goes, how it comes and is paid, and what was bought.
#[component]
pub fn OrderDetails(
    order: Order,
    /// Whether whoever sees it may not know names and streets.
    #[prop(optional)]
    masked: bool,
) -> impl IntoView {
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| {
            let options = line.options.to_string();
            let amount = line.unit_price.checked_mul(line.quantity.into());
            view! {
                <li>
                    <Pic picture=line.picture.clone() sizes="4rem" />
                    <div>
                        <p>{line.quantity}" × "{line.name.clone()}</p>
                        {(!options.is_empty()).then(|| view! { <p class="hint">{options}</p> })}
                    </div>
                    <p>{amount.map(|amount| amount.to_string())}</p>
                </li>
            }
        })
        .collect();
    let delivery = Money::new(order.delivery.amounts.gross, order.currency);
    let note = (!order.note.is_empty() && !masked).then(|| {
        view! { <section><h2>"Your note"</h2><p class="note">{order.note.clone()}</p></section> }
    });
    let phone = (!order.phone.is_empty() && !masked).then(|| view! { <p>{format!("Phone: {}", order.phone)}</p> });
    let postal = |address: &Address| {
        if masked {
            let lines: Vec<_> = address.masked().into_iter().map(|line| view! { <span>{line}</span> }).collect();
            view! { <address class="postal">{lines}</address> }.into_any()
        } else {
            view! { <Postal address=address.clone() /> }.into_any()
        }
    };
    view! {
        <div class="with-summary">
            <div class="stack">
                <section><h2>"Delivery to"</h2>{postal(&order.delivery_address)}{phone}</section>
                <section><h2>"Invoice to"</h2>{postal(&order.billing_address)}</section>
                <section><h2>"Delivery"</h2><p>{order.delivery_name.clone()}</p></section>
                <section><h2>"Payment"</h2><p>{method_name(&order.payment_method)}</p></section>
                {note}
            </div>
            <section class="summary" aria-labelledby="bought">
                <h2 id="bought">"What you bought"</h2>
                <ul class="summary-lines">{lines}</ul>
                <Amounts subtotal=order.subtotal() delivery=Some(delivery) taxes=order.tax_by_rate() total=order.to_pay() credit=order.store_credit />
            </section>
        </div>
    }
}
