//! Reads of invoices and of what is paid of them.

use super::Invoice;
use crate::db::sql;
use crate::orders::{self, Order, OrderId, OrderNumber};
use sea_orm::{ConnectionTrait, DbErr};

/// The invoice of an order, if it was issued.
///
/// # Errors
/// When the database fails.
pub async fn of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Option<Invoice>, DbErr> {
    let text = "SELECT number, issued_at FROM invoices WHERE order_id = $1";
    let row = db.query_one_raw(sql(db, text, [order.into()])).await?;
    row.map(|row| Ok(Invoice { order, number: row.try_get("", "number")?, issued_at: row.try_get("", "issued_at")? }))
        .transpose()
}

/// Whether an order was ever placed.
///
/// # Errors
/// When the database fails.
pub async fn is_placed<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<bool, DbErr> {
    let text = "SELECT 1 AS one FROM orders WHERE id = $1 AND placed_at IS NOT NULL";
    Ok(db.query_one_raw(sql(db, text, [order.into()])).await?.is_some())
}

/// What was paid of an order less what went back, in minor units of its currency, by the ledger of payments.
///
/// # Errors
/// When the database fails.
pub async fn paid<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<i64, DbErr> {
    let text = "SELECT CAST(COALESCE(SUM(CASE e.action WHEN 'capture' THEN e.amount ELSE -e.amount END), 0) AS BIGINT)
                    AS paid
                FROM payment_events e JOIN payment_attempts a ON a.id = e.attempt_id
                WHERE a.order_id = $1 AND e.outcome = 'succeeded' AND e.action IN ('capture', 'refund')";
    let row = db.query_one_raw(sql(db, text, [order.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "paid"))
}

/// Anybody's order by its number, for staff.
///
/// # Errors
/// When the database fails.
pub async fn order_by_number<C: ConnectionTrait>(db: &C, number: OrderNumber) -> Result<Option<Order>, DbErr> {
    let text = "SELECT id FROM orders WHERE number = $1";
    let Some(row) = db.query_one_raw(sql(db, text, [number.to_string().into()])).await? else { return Ok(None) };
    orders::queries::by_id(db, row.try_get("", "id")?).await
}
