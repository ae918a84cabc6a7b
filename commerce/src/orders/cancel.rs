//! An order is given up: its stock is free again, and what was paid goes back.

use super::return_credit::return_credit;
use super::{Fulfilment, Lifecycle, Order, OrderEvent, OrderId, OrderNumber, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::inventory::{Actor, claims, ship};
use crate::payments::ledger;
use crate::payments::record::{lock, settle_up};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

/// Why an order is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody has paid it in time.
    Unpaid,
    /// Its shopper wants to change the cart first.
    CartChanged,
    /// Its customer does not want it any more.
    Customer,
    /// Staff have given it up.
    Staff,
}

/// Reports that an order was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderCancelled {
    /// Which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// Why.
    pub cause: Cause,
    /// Whether its stock can be sold again.
    pub restocked: bool,
    /// Whether what was paid goes back.
    pub refunded: bool,
}
event!(OrderCancelled, version 1, about order);

/// Why an order could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no such order, or not for whoever asks.
    #[error("no such order")]
    NotFound,
    /// It is not in a state in which this can be done.
    #[error("not in this state")]
    WrongState,
    /// It is to be paid in advance, and is not.
    #[error("not paid")]
    Unpaid,
    /// More than there is: pieces of a line, or money that was paid.
    #[error("too much")]
    TooMuch,
    /// Nothing was chosen.
    #[error("nothing chosen")]
    Nothing,
    /// Store credit belongs to an account, and there is none.
    #[error("no account")]
    NoAccount,
    /// What is to be shipped is not held where it is to be shipped from.
    #[error("not held there")]
    NotHeld,
    /// Whoever asks may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

db::transient_by_db!(OrderError);

/// What becomes of an order that is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancellation {
    pub cause: Cause,
    pub actor: Actor,
    /// Whether its stock can be sold again: what is broken or lost can't.
    pub restock: bool,
    /// Whether what was paid goes back.
    pub refund: bool,
}

/// Whether a customer may give an order up by themselves: until it is made ready.
pub fn by_customer(order: &Order) -> bool {
    let open = matches!(order.lifecycle, Lifecycle::AwaitingPayment | Lifecycle::InReview | Lifecycle::Placed);
    open && order.fulfilment == Fulfilment::Unfulfilled
}

/// Whether staff may give an order up: until something of it was shipped. A draft is nobody's yet, and deleted.
pub fn by_staff(order: &Order) -> bool {
    let stands = order.lifecycle != Lifecycle::Draft && order.lifecycle.after(OrderEvent::Cancel).is_some();
    stands && order.fulfilment == Fulfilment::Unfulfilled
}

/// A customer gives up an order of their own, which whoever calls has made sure of.
///
/// # Errors
/// [`OrderError::WrongState`] once it is made ready. Given up before, it stays so.
pub async fn cancel_own(shop: &Shop, order: OrderId) -> Result<(), OrderError> {
    let cancellation = Cancellation { cause: Cause::Customer, actor: Actor::Shopper, restock: true, refund: true };
    cancel(shop, order, cancellation, |order, _| by_customer(order), None).await
}

/// Staff give up an order that was not shipped.
///
/// # Errors
/// [`OrderError`].
pub async fn cancel_for(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    restock: bool,
    refund: bool,
) -> Result<(), OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    let cancellation = Cancellation { cause: Cause::Staff, actor: Actor::Staff(who.user), restock, refund };
    cancel(shop, order, cancellation, |order, _| by_staff(order), Some(who.user)).await
}

/// Gives up an order whose payment was not agreed in time; one that was meanwhile stays, as does one that was given more
/// time. Gives whether it was given up.
///
/// # Errors
/// When the database fails.
pub(crate) async fn cancel_unpaid(shop: &Shop, order: OrderId) -> Result<bool, DbErr> {
    let cancellation = Cancellation { cause: Cause::Unpaid, actor: Actor::System, restock: true, refund: true };
    let unpaid =
        |order: &Order, now| order.lifecycle == Lifecycle::AwaitingPayment && order.pay_by.is_none_or(|by| by <= now);
    match cancel(shop, order, cancellation, unpaid, None).await {
        Ok(()) => Ok(true),
        Err(OrderError::Db(error)) => Err(error),
        Err(_) => Ok(false),
    }
}

async fn cancel(
    shop: &Shop,
    order: OrderId,
    cancellation: Cancellation,
    may: fn(&Order, DateTime<Utc>) -> bool,
    staff: Option<UserId>,
) -> Result<(), OrderError> {
    db::retry(|| attempt(shop, order, cancellation, may, staff)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(())
}

async fn attempt(
    shop: &Shop,
    order: OrderId,
    cancellation: Cancellation,
    may: fn(&Order, DateTime<Utc>) -> bool,
    staff: Option<UserId>,
) -> Result<(), OrderError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    if order.lifecycle == Lifecycle::Cancelled {
        return Ok(());
    }
    if !may(&order, now) {
        return Err(OrderError::WrongState);
    }
    give_up(shop, &tx, &order, cancellation, now).await?;
    if let Some(staff) = staff {
        let after = serde_json::json!({ "order": order.number.to_string(), "restocked": cancellation.restock,
            "refunded": cancellation.refund });
        let done = Done { after: Some(after), ..Done::by(audit::Action::OrderCancelled, staff) };
        audit::record(&tx, now, Done { subject: None, ..done }).await?;
    }
    Ok(tx.commit().await?)
}

/// An order whose lock the transaction holds from here on.
pub(crate) async fn locked<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<Order, OrderError> {
    match lock(tx, order).await {
        Err(DbErr::RecordNotFound(_)) => return Err(OrderError::NotFound),
        outcome => outcome?,
    }
    queries::by_id(tx, order).await?.ok_or(OrderError::NotFound)
}

/// Gives up an order whose lock the transaction of the caller's holds.
pub(crate) async fn give_up<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &Order,
    cancellation: Cancellation,
    now: DateTime<Utc>,
) -> Result<(), OrderError> {
    let text = "UPDATE orders SET lifecycle = $2, cancelled_at = $3, updated_at = $3, pay_by = NULL, check_at = NULL,
                    keeps_payment = $4, version = version + 1 WHERE id = $1 RETURNING version";
    let values = [order.id.into(), Lifecycle::Cancelled.code().into(), now.into(), (!cancellation.refund).into()];
    let row = tx.query_one_raw(sql(tx, text, values)).await?.ok_or(OrderError::NotFound)?;
    let version: i64 = row.try_get("", "version")?;
    if cancellation.restock {
        claims::release_order(shop, tx, order.id, &cancellation.actor).await?;
    } else {
        ship::write_off(shop, tx, order.id, &cancellation.actor).await?;
    }
    let cancelled = OrderCancelled {
        order: order.id,
        number: order.number,
        cause: cancellation.cause,
        restocked: cancellation.restock,
        refunded: cancellation.refund,
    };
    events::emit(shop, tx, vec![NewEvent::of(&cancelled, version)]).await?;
    if cancellation.refund {
        return_credit(shop, tx, order, now).await?;
    }
    // Nobody is to pay it any more.
    ledger::end_open(tx, &ledger::attempts(tx, order.id).await?, "cancelled", now).await?;
    Ok(settle_up(shop, tx, order.id, now, &[]).await?)
}
