//! What gateways are asked for: written down with the decision, done once that is committed.

use super::ledger::{Attempt, stored_action};
use super::{Action, Due, Gateways, OperationId, PaymentAttemptId, Wish, wishes};
use crate::Shop;
use crate::db::{in_list, sql};
use crate::orders::{OrderId, RefundId};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::collections::HashMap;

/// Why gateways are asked to give back what is more than is due, which nobody has to decide.
pub const BALANCE: &str = "balance";

/// What was asked for and not answered yet.
pub(super) struct Operation {
    pub(super) wish: Wish,
    /// Whether somebody has decided it.
    pub(super) is_decided: bool,
    /// Whether its gateway was not asked yet, since it is let be for a while.
    pub(super) is_paused: bool,
}

/// Whether an operation `p` waits for the end of a pause, and nobody was asked for it.
const IS_PAUSED: &str = "(p.tries = 0 AND p.due_at > p.created_at)";

/// What was asked for at the attempts to pay these orders and not answered yet.
pub(super) async fn operations<C: ConnectionTrait>(db: &C, orders: &[OrderId]) -> Result<Vec<Operation>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        attempt_id: PaymentAttemptId,
        action: String,
        amount: i64,
        reason: String,
        is_paused: bool,
    }
    let (list, values) = in_list(db, 1, orders.iter().copied());
    let text = format!(
        "SELECT p.attempt_id, p.action, p.amount, p.reason, {IS_PAUSED} AS is_paused FROM payment_operations p
         JOIN payment_attempts a ON a.id = p.attempt_id WHERE a.order_id {list} AND p.due_at IS NOT NULL",
    );
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    let operation = |row: Row| {
        let wish = Wish { attempt: row.attempt_id, action: stored_action(&row.action)?, amount: row.amount };
        Ok(Operation { wish, is_decided: row.reason != BALANCE, is_paused: row.is_paused })
    };
    rows.into_iter().map(operation).collect()
}

/// Takes back what waits for the end of a pause, in a transaction of the caller's that holds the order's lock and looks
/// anew what is to be asked for.
///
/// # Errors
/// When the database fails.
pub(super) async fn take_back_paused<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<(), DbErr> {
    let text = format!(
        "DELETE FROM payment_operations WHERE id IN (
             SELECT p.id FROM payment_operations p JOIN payment_attempts a ON a.id = p.attempt_id
             WHERE a.order_id = $1 AND {IS_PAUSED}) AND tries = 0"
    );
    tx.execute_raw(sql(tx, &text, [order.into()])).await.map(drop)
}

/// Takes transfers off the list of staff that nobody has decided and that are not what is too much any more: the order
/// has become dearer since, or what was noted for it was a mistake. Who has made one meanwhile can still note that. In a
/// transaction of the caller's that holds the order's lock and looks anew what is to be asked for; gives whether there
/// were any.
///
/// # Errors
/// When the database fails.
pub(super) async fn drop_transfers<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    due: Due,
    attempts: &[Attempt],
) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: OperationId,
        attempt_id: PaymentAttemptId,
        amount: i64,
        reason: String,
    }
    let refunds = |attempt: &Attempt| attempt.state.under_way.iter().any(|(action, _)| *action == Action::Refund);
    if !attempts.iter().any(|attempt| refunds(attempt) && shop.gateways.by_hand().contains(&attempt.gateway.as_str())) {
        return Ok(false);
    }
    let text = format!(
        "SELECT p.id, p.attempt_id, p.amount, p.reason FROM payment_operations p
         JOIN payment_attempts a ON a.id = p.attempt_id
         WHERE a.order_id = $1 AND p.due_at IS NOT NULL AND p.refund_id IS NULL AND {}
         ORDER BY CASE WHEN p.reason = '{BALANCE}' THEN 1 ELSE 0 END, p.id",
        is_sent_by_hand(&shop.gateways),
    );
    let open = Row::find_by_statement(sql(tx, &text, [order.into()])).all(tx).await?;
    let mut states: Vec<_> = attempts.iter().map(|attempt| attempt.state.clone()).collect();
    for transfer in &open {
        let Some(state) = states.iter_mut().find(|state| state.id == transfer.attempt_id) else { continue };
        let asked = (Action::Refund, transfer.amount);
        if let Some(place) = state.under_way.iter().position(|under_way| *under_way == asked) {
            state.under_way.remove(place);
            state.giving_back -= if transfer.reason == BALANCE { 0 } else { transfer.amount };
        }
    }
    let mut wanted = HashMap::<PaymentAttemptId, i64>::new();
    for wish in wishes(due, &states).iter().filter(|wish| wish.action == Action::Refund) {
        *wanted.entry(wish.attempt).or_default() += wish.amount;
    }
    let mut any = false;
    for Row { id, attempt_id, amount, .. } in open {
        match wanted.get_mut(&attempt_id).filter(|wanted| **wanted >= amount) {
            Some(wanted) => *wanted -= amount,
            None => {
                let text = "UPDATE payment_operations SET due_at = NULL WHERE id = $1";
                tx.execute_raw(sql(tx, text, [id.into()])).await?;
                any = true;
            }
        }
    }
    Ok(any)
}

/// Why a gateway is asked for something.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// In a word.
    pub reason: &'a str,
    /// Who asks.
    pub actor: &'a str,
    /// The refund that has decided it, if one has.
    pub refund: Option<RefundId>,
    /// From when on.
    pub due_at: DateTime<Utc>,
}

impl<'a> Asked<'a> {
    /// By itself.
    pub fn by_system(reason: &'a str, due_at: DateTime<Utc>) -> Self {
        Self { reason, actor: "system", refund: None, due_at }
    }
}

/// Asks for something at a gateway, in a transaction of the caller's; it is done after that, once it is due.
///
/// # Errors
/// When the database fails.
pub async fn ask<C: ConnectionTrait>(tx: &C, wish: Wish, asked: Asked<'_>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let text = "INSERT INTO payment_operations
                (id, attempt_id, action, amount, reason, actor, refund_id, created_at, due_at, tries)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
    let values = [
        OperationId::new(now).into(),
        wish.attempt.into(),
        wish.action.code().into(),
        wish.amount.into(),
        asked.reason.into(),
        asked.actor.into(),
        asked.refund.into(),
        now.into(),
        asked.due_at.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await.map(drop)
}

/// Whether staff are to do something by hand, as a condition on `payment_operations p` at `payment_attempts a`: they
/// send back what no gateway has brought.
pub(crate) fn is_sent_by_hand(gateways: &Gateways) -> String {
    // A list may not be empty.
    let codes: String = gateways.by_hand().iter().map(|code| format!(", '{code}'")).collect();
    format!("(p.action = '{}' AND a.gateway IN (''{codes}))", Action::Refund.code())
}
