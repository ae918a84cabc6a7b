//! Finishes what a crash or a silent gateway left open.

use super::CheckoutError;
use super::finalise::finalise;
use crate::Shop;
use crate::db::sql;
use crate::orders::{Lifecycle, OrderId};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How long the request that placed an order is left alone with it, in seconds.
const ALONE_SECONDS: i64 = 60;

/// How many orders one sweep takes.
const BATCH: u32 = 100;

/// Asks the gateways of orders that have awaited their payment for a minute;
/// gives how many there were.
///
/// # Errors
/// When the database fails.
pub async fn finish_open(shop: &Shop) -> Result<usize, DbErr> {
    let db = shop.db.primary();
    let before = shop.clock.now() - TimeDelta::seconds(ALONE_SECONDS);
    let text =
        format!("SELECT id FROM orders WHERE lifecycle = $1 AND created_at < $2 ORDER BY created_at LIMIT {BATCH}");
    let rows = db.query_all_raw(sql(db, &text, [Lifecycle::AwaitingPayment.code().into(), before.into()])).await?;
    for row in &rows {
        let order: OrderId = row.try_get("", "id")?;
        match finalise(shop, order).await {
            Ok(()) => tracing::info!(order.id = %order, "order finished that was left open"),
            Err(CheckoutError::Db(error)) => return Err(error),
            Err(error) => tracing::warn!(order.id = %order, %error, "order left open"),
        }
    }
    Ok(rows.len())
}
