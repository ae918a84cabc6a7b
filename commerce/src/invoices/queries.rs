//! Reads of invoices.

use super::{CancelledInvoice, Invoice};
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

/// The invoices of an order that were cancelled, the first one first.
///
/// # Errors
/// When the database fails.
pub async fn cancelled_of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<CancelledInvoice>, DbErr> {
    let text = "SELECT number, content, issued_at, cancelled_at FROM cancelled_invoices WHERE order_id = $1
                ORDER BY number";
    let rows = db.query_all_raw(sql(db, text, [order.into()])).await?;
    rows.iter()
        .map(|row| {
            let content: serde_json::Value = row.try_get("", "content")?;
            Ok(CancelledInvoice {
                invoice: Invoice {
                    order,
                    number: row.try_get("", "number")?,
                    issued_at: row.try_get("", "issued_at")?,
                },
                cancelled_at: row.try_get("", "cancelled_at")?,
                content: serde_json::from_value(content).map_err(|error| DbErr::Json(error.to_string()))?,
            })
        })
        .collect()
}

/// Whether an order was ever placed.
///
/// # Errors
/// When the database fails.
pub async fn is_placed<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<bool, DbErr> {
    let text = "SELECT 1 AS one FROM orders WHERE id = $1 AND placed_at IS NOT NULL";
    Ok(db.query_one_raw(sql(db, text, [order.into()])).await?.is_some())
}
