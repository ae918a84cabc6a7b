//! Who may see which sheet: who may see the order, and staff. Where `cancelled` is the number of an invoice of the
//! order that was cancelled, they see what cancels it.

use super::sheet::{Received, Sheet, cancellation, invoice, packing_slip};
use crate::mails::BY_TRANSFER;
use commerce::Shop;
use commerce::accounts::{Permission, SignedIn, UserId};
use commerce::db::DbErr;
use commerce::fulfilment;
use commerce::invoices::{Content, issue, queries as invoices};
use commerce::orders::link::{View, open};
use commerce::orders::refund::GivenBack;
use commerce::orders::{Order, OrderNumber, queries};
use commerce::payments::{Balance, ledger, pay};
use commerce::token::Token;

/// The invoice of the order that a token opens.
///
/// # Errors
/// When the database fails.
pub async fn invoice_by_token(shop: &Shop, token: &str, cancelled: Option<i64>) -> Result<Option<Sheet>, DbErr> {
    let Some(token) = Token::parse(token) else { return Ok(None) };
    of_order(shop, queries::by_access_token(shop.db.primary(), &token.hash()).await?, cancelled).await
}

/// The invoice of the order that a link opens, where the link shows names and streets.
///
/// # Errors
/// When the database fails.
pub async fn invoice_by_link(shop: &Shop, link: &str, cancelled: Option<i64>) -> Result<Option<Sheet>, DbErr> {
    let Some((order, View::Whole)) = open(shop, link) else { return Ok(None) };
    of_order(shop, queries::by_link(shop.db.latest(), order).await?, cancelled).await
}

/// The invoice of a person's own order.
///
/// # Errors
/// When the database fails.
pub async fn own_invoice(
    shop: &Shop,
    user: UserId,
    number: OrderNumber,
    cancelled: Option<i64>,
) -> Result<Option<Sheet>, DbErr> {
    of_order(shop, queries::own_by_number(shop.db.latest(), user, number).await?, cancelled).await
}

/// The invoice of anybody's order, for staff who may see orders.
///
/// # Errors
/// When the database fails.
pub async fn any_invoice(
    shop: &Shop,
    who: &SignedIn,
    number: OrderNumber,
    cancelled: Option<i64>,
) -> Result<Option<Sheet>, DbErr> {
    of_order(shop, any_order(shop, who, number).await?, cancelled).await
}

/// What is in a parcel of anybody's order, for staff who may see orders.
///
/// # Errors
/// When the database fails.
pub async fn any_packing_slip(
    shop: &Shop,
    who: &SignedIn,
    number: OrderNumber,
    parcel: i32,
) -> Result<Option<Sheet>, DbErr> {
    let Some(order) = any_order(shop, who, number).await? else { return Ok(None) };
    let db = shop.db.latest();
    let shipments = fulfilment::queries::shipments_of_order(db, order.id).await?;
    let Some(shipment) = shipments.iter().find(|shipment| shipment.number == parcel) else { return Ok(None) };
    let lines: Vec<_> =
        fulfilment::queries::ordered_by_line(db, order.id).await?.into_iter().map(|(line, _)| line).collect();
    Ok(Some(packing_slip(&order, &lines, shipment, &shop.reference().settings)))
}

async fn any_order(shop: &Shop, who: &SignedIn, number: OrderNumber) -> Result<Option<Order>, DbErr> {
    if !who.role.allows(Permission::OrdersRead) {
        return Ok(None);
    }
    commerce::orders::queries::by_number(shop.db.latest(), number).await
}

/// What was never placed has no invoice.
async fn of_order(shop: &Shop, order: Option<Order>, cancelled: Option<i64>) -> Result<Option<Sheet>, DbErr> {
    let Some(order) = order else { return Ok(None) };
    let reference = shop.reference();
    let settings = &reference.settings;
    if let Some(number) = cancelled {
        let all = invoices::cancelled_of_order(shop.db.latest(), order.id).await?;
        return Ok(all.iter().find(|of| of.invoice.number == number).map(|of| cancellation(of, settings)));
    }
    let Some((order, issued)) = issue::with_order(shop, order).await? else { return Ok(None) };
    let received = received(shop, &order).await?;
    let replaced = invoices::cancelled_of_order(shop.db.latest(), order.id).await?;
    Ok(Some(invoice(&Content::of(&order), &issued, received, &replaced, settings)))
}

async fn received(shop: &Shop, order: &Order) -> Result<Received, DbErr> {
    let db = shop.db.latest();
    let attempts = ledger::attempts(db, order.id).await?;
    let sum = |of: fn(&Balance) -> i64| attempts.iter().map(|attempt| of(&attempt.state.balance)).sum::<i64>();
    let as_credit = GivenBack::of(db, order.id).await?;
    Ok(Received {
        store_credit: order.store_credit.minor(),
        taken: sum(|balance| balance.captured),
        set_aside: sum(Balance::held),
        given_back: sum(|balance| balance.refunded) + as_credit.credited + as_credit.credit(order).returned,
        due: pay::owed(db, order).await?.minor(),
        by_transfer: order.payment_method == BY_TRANSFER,
    })
}
