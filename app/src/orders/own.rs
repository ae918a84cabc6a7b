//! An order of whoever is signed in.

use super::parcels::parcels_section;
use super::waiting::OrderChoices;
use super::{OrderDetails, status_name};
use crate::accounts::{account_page, day, member};
use crate::layout::{not_found, unavailable};
use crate::mails::next_step;
use crate::page::Page;
use crate::returns::returns_section;
use commerce::orders::{Lifecycle, queries};
use commerce::payments::pay;
use leptos::prelude::*;

/// The order with the number in the address, if it is theirs: nobody learns which numbers others have.
#[component]
pub fn OwnOrderPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let number = page.params.get("number").and_then(|number| number.parse().ok());
        let order = match number {
            Some(number) => queries::own_by_number(page.shop.db.latest(), who.user, number).await,
            None => Ok(None),
        };
        let order = match order {
            Ok(Some(order)) => order,
            Ok(None) => return not_found(&page, "Order not found").await,
            Err(error) => return unavailable(&page, error).await,
        };
        let owed = match pay::owed(page.shop.db.latest(), &order).await {
            Ok(owed) => owed,
            Err(error) => return unavailable(&page, error).await,
        };
        let status = status_name(order.status());
        let (invoice, is_placed) = (format!("{}/invoice", page.path()), order.lifecycle == Lifecycle::Placed);
        let parcels = parcels_section(&page, &order).await;
        let returns = returns_section(&page, &order).await;
        let advice = next_step(&order, owed, &page.shop.reference().settings);
        let content = view! {
            <div class="confirmation">
                <h2>"Order "<span class="order-number">{order.number.to_string()}</span></h2>
                <p>"Ordered on "{day(order.created_at)}</p>
                <p>"Status: "<strong class="status">{status}</strong></p>
                <p>{advice}</p>
                <OrderChoices page=page.clone() order=order.clone() owed=owed />
                {parcels}
                <OrderDetails order=order />
                {returns}
                <p class="no-print">
                    {is_placed.then(|| view! { <a class="button" href=invoice>"Invoice"</a> })}
                    " "
                    <a href="/account">"All your orders"</a>
                </p>
            </div>
        };
        account_page(&page, "Order", content).await
    })
}
