//! Writes down what is tried to be paid, and what came of it.

use super::{PaymentAttemptId, PaymentEventId};
use crate::db::sql;
use crate::money::Money;
use crate::orders::OrderId;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Opens an attempt to pay an order, in a transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub async fn open<C: ConnectionTrait>(
    tx: &C,
    order: OrderId,
    gateway: &str,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<PaymentAttemptId, DbErr> {
    let id = PaymentAttemptId::new(now);
    let text = "INSERT INTO payment_attempts (id, order_id, gateway, idempotency_key, currency, amount, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        id.into(),
        order.into(),
        gateway.into(),
        id.to_string().into(),
        amount.currency().code().into(),
        amount.minor().into(),
        now.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    let text = "INSERT INTO payment_events (id, attempt_id, gateway, event_id, action, outcome, amount, created_at)
                VALUES ($1, $2, $3, $4, 'authorise', 'requested', $5, $6)";
    let values = [
        PaymentEventId::new(now).into(),
        id.into(),
        gateway.into(),
        format!("{id}-requested").into(),
        amount.minor().into(),
        now.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(id)
}

/// Notes what the gateway knows an attempt by, in a transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub async fn set_reference<C: ConnectionTrait>(
    tx: &C,
    attempt: PaymentAttemptId,
    reference: Option<&str>,
) -> Result<(), DbErr> {
    let text = "UPDATE payment_attempts SET reference = $2 WHERE id = $1";
    tx.execute_raw(sql(tx, text, [attempt.into(), reference.into()])).await?;
    Ok(())
}

/// The newest attempt to pay an order.
///
/// # Errors
/// When the database fails.
pub async fn newest<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Option<PaymentAttemptId>, DbErr> {
    let text = "SELECT id FROM payment_attempts WHERE order_id = $1 ORDER BY id DESC LIMIT 1";
    db.query_one_raw(sql(db, text, [order.into()])).await?.map(|row| row.try_get("", "id")).transpose()
}
