//! Finishes what a crash, a silent gateway or a shopper who went away has left open.

use super::ledger::{self, Attempt};
use super::pay::pay_again;
use super::record::{Source, record};
use super::{Action, GatewayError, OperationId, OperationRequest};
use crate::Shop;
use crate::checkout::CheckoutError;
use crate::db::sql;
use crate::orders::cancel;
use crate::orders::{Lifecycle, Order, OrderId, queries};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{TryStreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

/// How many orders one sweep takes at most.
pub const BATCH: usize = 100;

/// How many orders are seen to at a time: most of the while is a gateway's.
const AT_ONCE: usize = 8;

/// How long until an order that still waits is looked at again, in seconds at least.
const AGAIN_SECONDS: i64 = 60;

/// How long until it is looked at again at most, in seconds: the longer it waits, the less often.
const AGAIN_MOST_SECONDS: i64 = 3_600;

/// How long it is asked what became of the rest of an order's payment, in hours; after that gateways tell by
/// themselves.
const REST_HOURS: i64 = 24;

/// How long a gateway that does not answer can keep an order waiting that is past its time, in minutes: it may have been
/// paid. Nobody is offered to pay it any more. Money that the gateway tells of later goes back.
pub(crate) const SILENCE_MINUTES: i64 = 120;

/// Asks the gateways of orders that have awaited their payment, or the rest of it, for a minute, those first that were
/// asked longest ago; cancels those that nobody has paid in time. Gives how many there were.
///
/// # Errors
/// When the database fails.
pub async fn settle_due(shop: &Shop) -> Result<usize, DbErr> {
    let db = shop.db.primary();
    let now = shop.clock.now();
    let text = format!(
        "SELECT id, check_at, pay_by, updated_at FROM orders
         WHERE lifecycle IN ($1, $2) AND check_at <= $3 ORDER BY check_at LIMIT {BATCH}"
    );
    let [waits, placed] = [Lifecycle::AwaitingPayment, Lifecycle::Placed].map(|lifecycle| lifecycle.code().into());
    let rows = db.query_all_raw(sql(db, &text, [waits, placed, now.into()])).await?;
    let see_to = async |row: &QueryResult| {
        let (order, due): (OrderId, DateTime<Utc>) = (row.try_get("", "id")?, row.try_get("", "check_at")?);
        let text = "UPDATE orders SET check_at = $3 WHERE id = $1 AND check_at = $2";
        let next = next_look(now, row.try_get("", "updated_at")?, row.try_get("", "pay_by")?);
        let taken = db.execute_raw(sql(db, text, [order.into(), due.into(), next.into()])).await?;
        if taken.rows_affected() == 1 { settle(shop, order, next).await } else { Ok(()) }
    };
    stream::iter(rows.iter().map(Ok)).try_for_each_concurrent(AT_ONCE, see_to).await?;
    Ok(rows.len())
}

/// When an order that has not changed since a while is looked at again.
fn next_look(now: DateTime<Utc>, changed_at: DateTime<Utc>, pay_by: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let pause = ((now - changed_at).num_seconds() / 10).clamp(AGAIN_SECONDS, AGAIN_MOST_SECONDS);
    let ends = pay_by.map(|by| [by, by + TimeDelta::minutes(SILENCE_MINUTES)]).into_iter().flatten();
    ends.filter(|end| *end > now).fold(now + TimeDelta::seconds(pause), DateTime::min)
}

/// Asks what became of an order's payment; past its time it is placed or cancelled. It is looked at again at `next`.
async fn settle(shop: &Shop, id: OrderId, next: DateTime<Utc>) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let Some(order) = queries::by_id(db, id).await? else { return Ok(()) };
    if order.lifecycle == Lifecycle::Placed {
        return settle_rest(shop, &order, next).await;
    }
    let late = order.pay_by.is_none_or(|by| by <= shop.clock.now());
    let mut silent = false;
    let attempts = ledger::attempts(db, id).await?;
    for (number, attempt) in (1..).zip(&attempts) {
        // Nobody is there to be sent to a gateway's page; what was asked for without an answer may have been charged.
        let is_last = number == attempts.len();
        let requested = if is_last && attempt.is_unanswered() { request(shop, id).await? } else { None };
        let no_answer = match requested {
            Some(no_answer) => no_answer,
            None => ask(shop, &order, attempt, late).await?.is_none(),
        };
        silent |= no_answer && may_be_paid(shop, attempt);
    }
    let Some(order) = queries::by_id(db, id).await? else { return Ok(()) };
    if order.lifecycle != Lifecycle::AwaitingPayment {
        tracing::info!(order.id = %id, "order finished that was left open");
        return Ok(());
    }
    let waits_since = shop.clock.now() - TimeDelta::minutes(if silent { SILENCE_MINUTES } else { 0 });
    if order.pay_by.is_none_or(|by| by <= waits_since) && cancel::cancel_unpaid(shop, id).await? {
        tracing::info!(order.id = %id, "order cancelled that nobody has paid");
    }
    Ok(())
}

/// Whether somebody may have paid by an attempt without our knowing: nobody has where there was no page to pay on yet,
/// unless its gateway needs none.
fn may_be_paid(shop: &Shop, attempt: &Attempt) -> bool {
    let charges = shop.gateways.get(&attempt.gateway).is_some_and(|gateway| gateway.charges_at_once());
    attempt.reference.is_some() || charges
}

/// Requests once more what a gateway was asked for last without an answer; gives whether it is silent still, and none
/// where that is not to be requested any more.
async fn request(shop: &Shop, id: OrderId) -> Result<Option<bool>, DbErr> {
    match pay_again(shop, id).await {
        Ok(silent) => Ok(silent),
        Err(CheckoutError::PaymentDeclined) => Ok(Some(false)),
        Err(CheckoutError::Db(error)) => Err(error),
        Err(error) => {
            tracing::warn!(order.id = %id, %error, "order left open");
            Ok(None)
        }
    }
}

/// Asks what became of the rest of an order's payment, until it is paid, or nobody has for a day. It is looked at again
/// at `next`.
async fn settle_rest(shop: &Shop, order: &Order, next: DateTime<Utc>) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let since = shop.clock.now() - TimeDelta::hours(REST_HOURS);
    let mut waits = false;
    let attempts = ledger::attempts(db, order.id).await?;
    for (number, attempt) in (1..).zip(&attempts) {
        let unpaid = attempt.state.balance.authorised == 0 && attempt.is_open() && attempt.created_at > since;
        if unpaid && attempt.is_unanswered() && number == attempts.len() {
            waits = true;
            request(shop, order.id).await?;
        } else if unpaid && attempt.redirect_to.is_some() {
            waits = true;
            ask(shop, order, attempt, false).await?;
        }
    }
    if !waits {
        // Unless its customer has begun to pay meanwhile.
        let text = "UPDATE orders SET check_at = NULL WHERE id = $1 AND lifecycle = $2 AND check_at = $3";
        db.execute_raw(sql(db, text, [order.id.into(), Lifecycle::Placed.code().into(), next.into()])).await?;
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
