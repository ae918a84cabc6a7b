//! An invoice whose order is changed is cancelled, and another one is issued.

use super::{Content, queries};
use crate::db::sql;
use crate::orders::{self, Order, OrderId};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Cancels the invoice of an order, if one was issued and says something else now, and issues another one; in a
/// transaction of the caller's that holds the lock of the order. `before` is the order as it was invoiced.
///
/// # Errors
/// When the database fails. Where somebody else takes the next number at the same moment, the number is not unique: the
/// transaction is then to be tried again.
pub(crate) async fn replace<C: ConnectionTrait>(tx: &C, before: &Order, now: DateTime<Utc>) -> Result<(), DbErr> {
    let Some(invoice) = queries::of_order(tx, before.id).await? else { return Ok(()) };
    let content = Content::of(before);
    let after = orders::queries::by_id(tx, before.id).await?;
    if after.is_some_and(|after| Content::of(&after) == content) {
        return Ok(());
    }
    let content = serde_json::to_value(content).map_err(|error| DbErr::Json(error.to_string()))?;
    let text = "INSERT INTO cancelled_invoices (number, order_id, content, issued_at, cancelled_at)
                VALUES ($1, $2, $3, $4, $5)";
    let values = [invoice.number.into(), before.id.into(), content.into(), invoice.issued_at.into(), now.into()];
    tx.execute_raw(sql(tx, text, values)).await?;
    let text =
        "UPDATE invoices SET number = (SELECT MAX(number) + 1 FROM invoices), issued_at = $2 WHERE order_id = $1";
    tx.execute_raw(sql(tx, text, [before.id.into(), now.into()])).await.map(drop)
}

/// Removes from the cancelled invoices of an order who they were for, in a transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub(crate) async fn anonymise<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<(), DbErr> {
    for cancelled in queries::cancelled_of_order(tx, order).await? {
        let content = cancelled.content.anonymised();
        let content = serde_json::to_value(content).map_err(|error| DbErr::Json(error.to_string()))?;
        let text = "UPDATE cancelled_invoices SET content = $2 WHERE number = $1";
        tx.execute_raw(sql(tx, text, [cancelled.invoice.number.into(), content.into()])).await?;
    }
    Ok(())
}
