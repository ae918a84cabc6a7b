//! What the forms about orders do.

use crate::accounts::sign_in_for;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::forms::{Fields, clean};
use commerce::fulfilment::ship::{Parcel, deliver, ship};
use commerce::money::Money;
use commerce::orders::cancel::{OrderError, cancel_for};
use commerce::orders::receive_money::receive_money;
use commerce::orders::refund::{Refund, RefundMethod, refund};
use commerce::orders::search::by_number;
use commerce::orders::{Order, OrderLineId};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    register_explicit::<ShipParcel>();
    register_explicit::<NoteDelivered>();
    register_explicit::<CancelForCustomer>();
    register_explicit::<GiveBack>();
    register_explicit::<NotePaid>();
}

/// Who asks, about which order, and the address of its page; whoever asks otherwise is answered.
async fn asked(page: &Page, fields: &Fields) -> Option<(SignedIn, Order, String)> {
    let number = fields.get("number").and_then(|number| number.parse().ok());
    let path = number.map_or("/admin/orders".to_owned(), |number| format!("/admin/orders/{number}"));
    let who = match page.signed_in().await {
        Ok(Some(who)) => who,
        Ok(None) => {
            page.see_other(&sign_in_for(&path));
            return None;
        }
        Err(error) => {
            answer(page, &path, Err(error.into()), "");
            return None;
        }
    };
    let order = match number {
        Some(number) => by_number(&page.shop, &who, number).await,
        None => Ok(None),
    };
    match order {
        Ok(Some(order)) => Some((who, order, path)),
        Ok(None) => {
            page.see_other("/admin/orders?refused=no-order");
            None
        }
        Err(error) => {
            answer(page, &path, Err(error), "");
            None
        }
    }
}

fn answer(page: &Page, path: &str, outcome: Result<(), OrderError>, done: &str) {
    let code = match outcome {
        Ok(()) => return page.see_other(&format!("{path}?done={done}")),
        Err(OrderError::NotFound) => "no-order",
        Err(OrderError::WrongState) => "order-state",
        Err(OrderError::Unpaid) => "order-unpaid",
        Err(OrderError::TooMuch) => "order-too-much",
        Err(OrderError::Nothing) => "order-nothing",
        Err(OrderError::NoAccount) => "order-no-account",
        Err(OrderError::NotHeld) => "order-not-held",
        Err(OrderError::NotAllowed) => "forbidden",
        Err(error @ OrderError::Db(_)) => {
            log_failure(&error);
            "unavailable"
        }
    };
    page.see_other(&format!("{path}?refused={code}"));
}

fn text(fields: &Fields, name: &str) -> String {
    clean(fields.get(name).map(String::as_str)).chars().take(200).collect()
}

/// What a form says of an amount in the currency of its order.
fn money(fields: &Fields, order: &Order) -> Result<Money, OrderError> {
    Money::parse(&text(fields, "amount"), order.currency).ok_or(OrderError::Nothing)
}

/// Sends a parcel.
#[server(prefix = "/actions", endpoint = "admin/order-ship")]
pub async fn ship_parcel(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((who, order, path)) = asked(&page, &fields).await else { return Ok(()) };
    let line = |(name, quantity): (&String, &String)| {
        let id: OrderLineId = name.strip_prefix("line-")?.parse().ok()?;
        Some((id, quantity.trim().parse::<i64>().ok()?))
    };
    let Ok(location) = text(&fields, "location").parse() else {
        answer(&page, &path, Err(OrderError::NotHeld), "");
        return Ok(());
    };
    let carrier = match text(&fields, "carrier") {
        name if name.is_empty() => "manual".to_owned(),
        name => name,
    };
    let parcel = Parcel {
        key: text(&fields, "key"),
        location,
        carrier,
        tracking_number: Some(text(&fields, "tracking")).filter(|number| !number.is_empty()),
        lines: fields.iter().filter_map(line).collect(),
    };
    let outcome = ship(&page.shop, &who, order.id, &parcel).await.map(drop);
    answer(&page, &path, outcome, "order-shipped");
    Ok(())
}

/// Notes that a parcel has come.
#[server(prefix = "/actions", endpoint = "admin/order-delivered")]
pub async fn note_delivered(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((who, _, path)) = asked(&page, &fields).await else { return Ok(()) };
    let outcome = match text(&fields, "shipment").parse() {
        Ok(shipment) => deliver(&page.shop, &who, shipment).await,
        Err(_) => Err(OrderError::NotFound),
    };
    answer(&page, &path, outcome, "order-delivered");
    Ok(())
}

/// Gives an order up for its customer.
#[server(prefix = "/actions", endpoint = "admin/order-cancel")]
pub async fn cancel_for_customer(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((who, order, path)) = asked(&page, &fields).await else { return Ok(()) };
    let (restock, refund) = (fields.contains_key("restock"), fields.contains_key("refund"));
    let outcome = cancel_for(&page.shop, &who, order.id, restock, refund).await;
    answer(&page, &path, outcome, "order-cancelled");
    Ok(())
}

/// Gives money back.
#[server(prefix = "/actions", endpoint = "admin/order-refund")]
pub async fn give_back(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((who, order, path)) = asked(&page, &fields).await else { return Ok(()) };
    let outcome = match money(&fields, &order) {
        Ok(amount) => {
            let asked = Refund {
                key: text(&fields, "key"),
                amount: Some(amount),
                lines: Vec::new(),
                method: RefundMethod::parse(&text(&fields, "method")).unwrap_or(RefundMethod::Original),
                reason: text(&fields, "reason"),
            };
            refund(&page.shop, &who, order.id, &asked).await.map(drop)
        }
        Err(error) => Err(error),
    };
    answer(&page, &path, outcome, "order-refunded");
    Ok(())
}

/// Notes money that came.
#[server(prefix = "/actions", endpoint = "admin/order-paid")]
pub async fn note_paid(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some((who, order, path)) = asked(&page, &fields).await else { return Ok(()) };
    let outcome = match money(&fields, &order) {
        Ok(amount) => receive_money(&page.shop, &who, order.id, amount, &text(&fields, "key")).await,
        Err(error) => Err(error),
    };
    answer(&page, &path, outcome, "order-paid");
    Ok(())
}
