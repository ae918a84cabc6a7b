//! Store credit that an order was paid with goes back to whoever spent it.

use super::refund::GivenBack;
use super::{Order, queries};
use crate::Shop;
use crate::money::Money;
use crate::store_credit::EntryKind;
use crate::store_credit::book::{Posting, post};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Gives back all of it that has not gone back before, in a transaction of the caller's that holds the order's lock and
/// gives it up.
pub(super) async fn return_credit<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &Order,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if order.store_credit.minor() == 0 {
        return Ok(());
    }
    let left = GivenBack::of(tx, order.id).await?.credit(order).kept();
    // Whoever has erased their account has given it up with it.
    let Some(owner) = queries::owner(tx, order.id).await?.filter(|_| left > 0) else { return Ok(()) };
    let amount = Money::new(left, order.currency);
    post(shop, tx, Posting::of_order(owner, amount, EntryKind::Returned, order.id), now).await.map(drop)
}
