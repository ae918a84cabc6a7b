//! The page that thanks for an order; whoever has its link can come back to it.

use super::OrderDetails;
use super::parcels::parcels_section;
use super::waiting::OrderChoices;
use crate::head::Head;
use crate::layout::{Drawn, not_found, shop_page, unavailable};
use crate::mails::next_step;
use crate::page::Page;
use crate::returns::returns_section;
use commerce::orders::{Lifecycle, Order, Status, queries};
use commerce::payments::pay;
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
    let owed = match pay::owed(page.shop.db.primary(), &order).await {
        Ok(owed) => owed,
        Err(error) => return unavailable(page, error).await,
    };
    let reference = page.shop.reference();
    let number = order.number.to_string();
    page.set_head(Head { title: format!("Order {number}"), ..Head::default() });
    let (status, email) = (status_name(order.status()), order.email.clone());
    let title = match order.lifecycle {
        Lifecycle::AwaitingPayment => "Your order waits for its payment",
        Lifecycle::Cancelled => "Your order is cancelled",
        _ => "Thank you for your order",
    };
    let mailed = order.lifecycle == Lifecycle::Placed;
    let (invoice, is_placed) = (format!("{}/invoice", page.path()), order.lifecycle == Lifecycle::Placed);
    let parcels = parcels_section(page, &order).await;
    let returns = returns_section(page, &order).await;
    let advice = next_step(&order, owed, &reference.settings);
    let content = view! {
            <div class="wrap confirmation">
                <h1>{title}</h1>
                <p class="lead">"Order number "<strong class="order-number">{number}</strong></p>
                <p>"Status: "<strong class="status">{status}</strong></p>
                <p>{advice}</p>
                {mailed.then(|| view! { <p>"We send a confirmation to "<strong>{email}</strong>". Keep the address of this page to come back to your order."</p> })}
                <OrderChoices page=page.clone() order=order.clone() owed=owed />
                {parcels}
                <OrderDetails order=order />
                {returns}
                <p>
                    <a class="button primary" href="/">"Continue shopping"</a>
                    " "
                    {is_placed.then(|| view! { <a class="button" href=invoice>"Invoice"</a> })}
                </p>
            </div>
    };
    shop_page(page, content).await
}
