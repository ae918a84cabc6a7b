//! An order stands: its payment is agreed, or needs no agreement.

use super::{Order, OrderEvent};
use crate::Shop;
use crate::db::sql;
use crate::events::{self, NewEvent};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Marks an order placed and reports it, in a transaction of the caller's that holds its lock. Does nothing for one that
/// can't be placed any more.
///
/// # Errors
/// When the database fails.
pub(crate) async fn place<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &Order,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(lifecycle) = order.lifecycle.after(OrderEvent::Place) else { return Ok(()) };
    let text =
        "UPDATE orders SET lifecycle = $2, placed_at = $3, pay_by = NULL, check_at = NULL, version = version + 1,
                    updated_at = $3 WHERE id = $1 AND lifecycle = $4 RETURNING version";
    let values = [order.id.into(), lifecycle.code().into(), now.into(), order.lifecycle.code().into()];
    let Some(row) = tx.query_one_raw(sql(tx, text, values)).await? else { return Ok(()) };
    events::emit(shop, tx, vec![NewEvent::of(&order.placed(), row.try_get("", "version")?)]).await
}
