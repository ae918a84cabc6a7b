//! Reads of invoices and of what is paid of them.

use super::Invoice;
use crate::db::sql;
use crate::orders::OrderId;
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
