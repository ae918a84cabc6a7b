//! Finishes what a crash, a silent gateway or a shopper who went away has left open.

use super::ledger::{self, Attempt};
use super::pay::pay;
use super::record::{Source, record};
use super::{Action, GatewayError, OperationId, OperationRequest};
use crate::Shop;
use crate::checkout::CheckoutError;
use crate::db::sql;
use crate::orders::cancel::{self, Cause};
use crate::orders::{Lifecycle, Order, OrderId, queries};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// How many orders one sweep takes.
const BATCH: u32 = 100;

/// How long until an order that still waits is looked at again, in seconds.
const AGAIN_SECONDS: i64 = 60;

/// How long a gateway that does not answer can keep an order waiting that is past its time, in minutes. Money that it
/// tells of later goes back.
pub(crate) const SILENCE_MINUTES: i64 = 120;

/// Asks the gateways of orders that have awaited their payment for a minute, those first that were asked longest ago;
/// cancels those that nobody has paid in time. Gives how many there were.
///
/// # Errors
/// When the database fails.
pub async fn settle_due(shop: &Shop) -> Result<usize, DbErr> {
    let db = shop.db.primary();
    let now = shop.clock.now();
    let text = format!(
        "SELECT id, check_at FROM orders WHERE lifecycle = $1 AND check_at <= $2 ORDER BY check_at LIMIT {BATCH}"
    );
    let rows = db.query_all_raw(sql(db, &text, [Lifecycle::AwaitingPayment.code().into(), now.into()])).await?;
    for row in &rows {
        let (order, due): (OrderId, DateTime<Utc>) = (row.try_get("", "id")?, row.try_get("", "check_at")?);
        let text = "UPDATE orders SET check_at = $3 WHERE id = $1 AND check_at = $2";
        let next = now + TimeDelta::seconds(AGAIN_SECONDS);
        let taken = db.execute_raw(sql(db, text, [order.into(), due.into(), next.into()])).await?;
        if taken.rows_affected() == 1 {
            settle(shop, order).await?;
        }
    }
    Ok(rows.len())
}

/// Asks what became of an order's payment; past its time it is placed or cancelled.
async fn settle(shop: &Shop, id: OrderId) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let Some(order) = queries::by_id(db, id).await? else { return Ok(()) };
    let late = order.pay_by.is_none_or(|by| by <= shop.clock.now());
    let mut silent = false;
    for attempt in ledger::attempts(db, id).await? {
        // Nobody is there to be sent to a gateway's page; what was asked for without an answer may have been charged.
        if attempt.reference.is_none() && !attempt.has_failed() {
            match pay(shop, id).await {
                Ok(_) | Err(CheckoutError::PaymentDeclined) => {}
                Err(CheckoutError::Db(error)) => return Err(error),
                Err(error) => tracing::warn!(order.id = %id, %error, "order left open"),
            }
        } else {
            silent |= ask(shop, &order, &attempt, late).await?.is_none();
        }
    }
    let Some(order) = queries::by_id(db, id).await? else { return Ok(()) };
    if order.lifecycle != Lifecycle::AwaitingPayment {
        tracing::info!(order.id = %id, "order finished that was left open");
        return Ok(());
    }
    let long_ago = order.pay_by.is_none_or(|by| by <= shop.clock.now() - TimeDelta::minutes(SILENCE_MINUTES));
    if late && (!silent || long_ago) {
        cancel::cancel_unpaid(shop, id, Cause::Unpaid).await?;
        tracing::info!(order.id = %id, "order cancelled that nobody has paid");
    }
    Ok(())
}

/// Asks a gateway for what has happened to an attempt, and ends it first where it is too late for it; `None` where
/// the gateway does not answer.
async fn ask(shop: &Shop, order: &Order, attempt: &Attempt, end: bool) -> Result<Option<()>, DbErr> {
    let Some(gateway) = shop.gateways.get(&attempt.gateway) else { return Ok(Some(())) };
    let payment = attempt.payment(&order.number.to_string());
    let mut facts = Vec::new();
    if end && attempt.state.balance.authorised == 0 && !attempt.has_failed() {
        let end = OperationRequest {
            // The attempt's own identifier: ended again, it stays ended.
            id: OperationId(attempt.id.0),
            payment: payment.clone(),
            action: Action::Void,
            amount: attempt.amount,
            again: false,
        };
        match gateway.operate(&end).await {
            Ok(ended) => facts.extend(ended),
            Err(GatewayError::Unavailable(_)) => return Ok(None),
            // What can't be ended was paid, or has ended by itself.
            Err(_) => {}
        }
    }
    match gateway.look_up(&payment).await {
        Ok(known) => facts.extend(known),
        Err(error) => {
            tracing::warn!(order.id = %order.id, gateway = attempt.gateway, %error, "payment not looked up");
            return Ok(None);
        }
    }
    record(shop, attempt.id, &facts, Source::Sweep).await?;
    Ok(Some(()))
}
