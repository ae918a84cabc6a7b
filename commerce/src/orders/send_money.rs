//! Staff send back money of an order that no gateway has brought, and note that they have: only then it is refunded.

use super::cancel::{OrderError, locked};
use super::queries::unknown;
use super::{OrderId, OrderNumber, RefundId};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::catalog::queries::currency;
use crate::db::{self, sql};
use crate::money::Money;
use crate::payments::ledger;
use crate::payments::operations::is_sent_by_hand;
use crate::payments::record::{Source, record_within};
use crate::payments::{Action, Fact, OperationId, Outcome, PaymentAttemptId};
use chrono::{DateTime, Utc};
use sea_orm::{DbErr, FromQueryResult, Value};

/// How many transfers a page has.
const PAGE: usize = 50;

/// Money that staff are to send back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What asks for it.
    pub operation: OperationId,
    /// Of which order.
    pub order: OrderNumber,
    /// The address of its customer.
    pub email: String,
    /// How it had come.
    pub gateway: String,
    /// How much.
    pub amount: Money,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What staff are still to send back, the oldest first, from after one of them on, and whether there is more.
///
/// # Errors
/// [`OrderError::NotAllowed`], or when the database fails.
pub async fn to_send(
    shop: &Shop,
    who: &SignedIn,
    after: Option<OperationId>,
) -> Result<(Vec<Transfer>, bool), OrderError> {
    if !who.role.allows(Permission::OrdersRead) {
        return Err(OrderError::NotAllowed);
    }
    let (condition, values) = match after {
        Some(after) => ("p.id > $1", vec![after.into()]),
        None => ("1 = 1", Vec::new()),
    };
    let mut found = open(shop, condition, values).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    Ok((found, more))
}

/// What of an order staff are still to send back.
///
/// # Errors
/// When the database fails.
pub async fn to_send_of(shop: &Shop, order: OrderId) -> Result<Vec<Transfer>, DbErr> {
    open(shop, "a.order_id = $1", vec![order.into()]).await
}

/// What of a refund staff are still to send back, in minor units.
///
/// # Errors
/// When the database fails.
pub async fn to_send_for(shop: &Shop, refund: RefundId) -> Result<i64, DbErr> {
    let open = open(shop, "p.refund_id = $1", vec![refund.into()]).await?;
    Ok(open.iter().map(|transfer| transfer.amount.minor()).sum())
}

async fn open(shop: &Shop, condition: &str, values: Vec<Value>) -> Result<Vec<Transfer>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: OperationId,
        number: String,
        email: String,
        gateway: String,
        currency: String,
        amount: i64,
        created_at: DateTime<Utc>,
    }
    let db = shop.db.latest();
    let text = format!(
        "SELECT p.id, o.number, o.email, a.gateway, a.currency, p.amount, p.created_at FROM payment_operations p
         JOIN payment_attempts a ON a.id = p.attempt_id JOIN orders o ON o.id = a.order_id
         WHERE p.due_at IS NOT NULL AND {} AND {condition} ORDER BY p.id LIMIT {}",
        is_sent_by_hand(&shop.gateways),
        PAGE + 1,
    );
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    let transfer = |row: Row| {
        Ok(Transfer {
            operation: row.id,
            order: row.number.parse().map_err(|_| unknown("order number", &row.number))?,
            email: row.email,
            gateway: row.gateway,
            amount: Money::new(row.amount, currency(&row.currency)?),
            since: row.created_at,
        })
    };
    rows.into_iter().map(transfer).collect()
}

/// Notes that money of an order was sent back by hand; noted again, it was sent once. What was taken off the list
/// meanwhile was sent all the same.
///
/// # Errors
/// [`OrderError::NotFound`] where nothing of the order asks for it, [`OrderError::WrongState`] where a gateway sends
/// it, [`OrderError::TooMuch`] where it was taken off the list and no such money is left that could be sent back.
pub async fn send_money(shop: &Shop, who: &SignedIn, order: OrderId, operation: OperationId) -> Result<(), OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    if db::retry(|| attempt(shop, who.user, order, operation)).await? {
        shop.outbox.notify_one();
        shop.operations.notify_one();
    }
    Ok(())
}

/// Whether it was new.
async fn attempt(shop: &Shop, staff: UserId, order: OrderId, operation: OperationId) -> Result<bool, OrderError> {
    #[derive(FromQueryResult)]
    struct Row {
        attempt_id: PaymentAttemptId,
        amount: i64,
        open: bool,
        listed: bool,
        by_hand: bool,
    }
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    let text = format!(
        "SELECT p.attempt_id, p.amount, {} AS by_hand, p.due_at IS NOT NULL AS listed,
                NOT EXISTS (SELECT 1 FROM payment_events e WHERE e.operation_id = p.id) AS open
         FROM payment_operations p JOIN payment_attempts a ON a.id = p.attempt_id
         WHERE p.id = $1 AND a.order_id = $2",
        is_sent_by_hand(&shop.gateways),
    );
    let row = Row::find_by_statement(sql(&tx, &text, [operation.into(), order.id.into()])).one(&tx).await?;
    let asked = match row.ok_or(OrderError::NotFound)? {
        Row { by_hand: false, .. } => return Err(OrderError::WrongState),
        Row { open: false, .. } => return Ok(false),
        asked => asked,
    };
    let attempts = if asked.listed { Vec::new() } else { ledger::attempts(&tx, order.id).await? };
    if attempts.iter().any(|of| of.id == asked.attempt_id && of.state.refundable() < asked.amount) {
        return Err(OrderError::TooMuch);
    }
    let sent = Fact {
        name: operation.to_string(),
        action: Action::Refund,
        outcome: Outcome::Succeeded,
        amount: Money::new(asked.amount, order.currency),
        reference: None,
        operation: Some(operation),
        reason: None,
    };
    record_within(shop, &tx, asked.attempt_id, &[sent], Source::Staff).await?;
    let after = serde_json::json!({ "order": order.number.to_string(), "amount": asked.amount,
        "currency": order.currency.code() });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::RefundSent, staff) };
    audit::record(&tx, shop.clock.now(), done).await?;
    tx.commit().await?;
    Ok(true)
}
