//! The page that thanks for an order; whoever has its link can come back to it.

use crate::checkout::{Amounts, Postal, method_name};
use crate::head::Head;
use crate::layout::{Drawn, Pic, not_found, shop_page, unavailable};
use crate::mails::next_step;
use crate::page::Page;
use commerce::money::Money;
use commerce::orders::{Order, Status, queries};
use commerce::token::Token;
use leptos::prelude::*;

/// The order that the token in the address opens.
#[component]
pub fn ConfirmationPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let order = match page.params.get("token").as_deref().and_then(Token::parse) {
            Some(token) => match queries::by_access_token(page.shop.db.primary(), &token.hash()).await {
                Ok(order) => order,
                Err(error) => return unavailable(&page, error).await,
            },
            None => None,
        };
        match order {
            Some(order) => shown(&page, order).await,
            None => not_found(&page, "Order not found").await,
        }
    })
}

/// What people call a state.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Processing => "Processing",
        Status::Shipped => "Shipped",
        Status::Delivered => "Delivered",
        Status::Cancelled => "Cancelled",
    }
}

async fn shown(page: &Page, order: Order) -> Drawn {
    let reference = page.shop.reference();
    let number = order.number.to_string();
    page.set_head(Head { title: format!("Order {number}"), ..Head::default() });
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
    let note = (!order.note.is_empty()).then(|| {
        view! { <section><h2>"Your note"</h2><p class="note">{order.note.clone()}</p></section> }
    });
    let content = view! {
            <div class="wrap confirmation">
                <h1>"Thank you for your order"</h1>
                <p class="lead">"Order number "<strong class="order-number">{number}</strong></p>
                <p>"Status: "<strong class="status">{status_name(order.status())}</strong></p>
                <p>{next_step(&order, &reference.settings)}</p>
                <p>"We send a confirmation to "<strong>{order.email.clone()}</strong>". Keep the address of this page to come back to your order."</p>
                <div class="with-summary">
                    <div class="stack">
                        <section><h2>"Delivery to"</h2><Postal address=order.delivery_address.clone() /></section>
                        <section><h2>"Invoice to"</h2><Postal address=order.billing_address.clone() /></section>
                        <section><h2>"Delivery"</h2><p>{order.delivery_name.clone()}</p></section>
                        <section><h2>"Payment"</h2><p>{method_name(&order.payment_method)}</p></section>
                        {note}
                    </div>
                    <section class="summary" aria-labelledby="bought">
                        <h2 id="bought">"What you bought"</h2>
                        <ul class="summary-lines">{lines}</ul>
                        <Amounts subtotal=order.subtotal() delivery=Some(delivery) taxes=order.tax_by_rate() total=order.to_pay() />
                    </section>
                </div>
                <p><a class="button primary" href="/">"Continue shopping"</a></p>
            </div>
    };
    shop_page(page, content).await
}
