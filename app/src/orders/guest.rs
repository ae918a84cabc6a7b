//! Orders for those who have no account: by the link in the mail, or by number and address.

use super::actions::LOOKUP_FORM;
use super::parcels::parcels_section;
use super::waiting::OrderChoices;
use super::{OrderDetails, status_name};
use crate::forms::{ErrorSummary, TextField, draft};
use crate::head::Head;
use crate::layout::{Drawn, not_found, shop_page, unavailable};
use crate::mails::next_step;
use crate::page::Page;
use crate::returns::returns_section;
use commerce::orders::link::{View, open};
use commerce::orders::{Lifecycle, Order, queries};
use commerce::payments::pay;
use leptos::prelude::*;

/// The order that a signed link opens.
#[component]
pub fn LinkedOrderPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let Some((id, seen)) = page.params.get("link").as_deref().and_then(|link| open(&page.shop, link)) else {
            return expired(&page).await;
        };
        match queries::by_link(page.shop.db.latest(), id).await {
            Ok(Some(order)) => shown(&page, order, seen).await,
            Ok(None) => not_found(&page, "Order not found").await,
            Err(error) => unavailable(&page, error).await,
        }
    })
}

async fn shown(page: &Page, order: Order, seen: View) -> Drawn {
    let number = order.number.to_string();
    page.set_head(Head { title: format!("Order {number}"), ..Head::default() });
    let masked = seen == View::Masked;
    let owed = match pay::owed(page.shop.db.latest(), &order).await {
        Ok(owed) => owed,
        Err(error) => return unavailable(page, error).await,
    };
    let status = status_name(order.status());
    let has_invoice = !masked && order.lifecycle == Lifecycle::Placed;
    let invoice = format!("{}/invoice", page.path());
    // A link that hides names shows what was ordered, and changes nothing.
    let (parcels, returns) = match seen {
        View::Masked => (None, None),
        View::Whole => (parcels_section(page, &order).await, returns_section(page, &order).await),
    };
    let advice = next_step(&order, owed, &page.shop.reference().settings);
    let content = view! {
        <div class="wrap confirmation">
            <h1>"Order "<span class="order-number">{number}</span></h1>
            <p>"Ordered on "{crate::accounts::day(order.created_at)}</p>
            <p>"Status: "<strong class="status">{status}</strong></p>
            <p>{advice}</p>
            {masked.then(|| view! {
                <p class="hint">"Names and streets are not shown here. The link in the mail about your order shows them."</p>
            })}
            {(!masked).then(|| view! { <OrderChoices page=page.clone() order=order.clone() owed=owed /> })}
            {parcels}
            <OrderDetails order=order masked=masked />
            {returns}
            {has_invoice.then(|| view! { <p class="no-print"><a class="button" href=invoice>"Invoice"</a></p> })}
            <p class="no-print">
                "With an account for the same e-mail address you have all your orders in one place. "
                <a href="/auth/register">"Create an account"</a>
            </p>
        </div>
    };
    shop_page(page, content).await
}

/// What to say where a link can't be used, with a way on.
async fn expired(page: &Page) -> Drawn {
    page.set_status(http::StatusCode::NOT_FOUND);
    page.set_head(Head { title: "This link can’t be used".to_owned(), ..Head::default() });
    let content = view! {
        <div class="wrap">
            <div class="narrow">
                <h1>"This link can’t be used"</h1>
                <p>"It has expired, or a part of it is missing."</p>
                <p><a class="button primary" href="/orders/lookup">"Find your order"</a></p>
            </div>
        </div>
    };
    shop_page(page, content).await
}

/// Asks for the number of an order and the address it was made with.
#[component]
pub fn LookupPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let form = match draft(&page, LOOKUP_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        page.set_head(Head { title: "Find your order".to_owned(), ..Head::default() });
        let content = view! {
            <div class="wrap">
                <div class="narrow">
                    <h1>"Find your order"</h1>
                    <p>"For orders without an account. Both are in the mail that confirmed the order."</p>
                    <ErrorSummary form=form.clone() />
                    <form method="post" action="/actions/orders/lookup" novalidate=true>
                        <TextField form=form.clone() name="order_number".to_owned() label="Order number" autocomplete="off".to_owned() maxlength=40 hint="For example E-7K3M-9QXP" />
                        <TextField form=form name="email".to_owned() label="E-mail" kind="email" autocomplete="email".to_owned() inputmode="email" maxlength=254 />
                        <button class="button primary wide">"Find order"</button>
                    </form>
                    <p>"Orders of an account are there: "<a href="/account">"your account"</a></p>
                </div>
            </div>
        };
        shop_page(&page, content).await
    })
}
