//! Gateways are asked for what was decided: captures, refunds, voids. Each is written down before and has a key of its
//! own, so that a crash in between asks again, and it happens once.

use super::ledger::{self, stored_action};
use super::operations::is_sent_by_hand;
use super::pay::payment_of;
use super::record::{Source, record};
use super::{Action, Fact, GatewayError, OperationId, OperationRequest, Outcome, PaymentAttemptId};
use crate::Shop;
use crate::db::sql;
use crate::money::Money;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{TryStreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How many operations one round takes at most.
pub const BATCH: usize = 50;

/// How many gateways are asked at a time.
const AT_ONCE: usize = 8;

/// How long an operation is left to whoever asks for it, in seconds.
const LEASE_SECONDS: i64 = 60;

#[derive(FromQueryResult)]
struct Due {
    id: OperationId,
    attempt_id: PaymentAttemptId,
    action: String,
    amount: i64,
    due_at: DateTime<Utc>,
    tries: i32,
}

/// Asks gateways for what is due; gives how much was. What staff are to send back is left to them.
///
/// # Errors
/// When the database fails; what was not asked for stays due.
pub async fn operate_due(shop: &Shop) -> Result<usize, DbErr> {
    let db = shop.db.primary();
    let text = format!(
        "SELECT p.id, p.attempt_id, p.action, p.amount, p.due_at, p.tries FROM payment_operations p
         JOIN payment_attempts a ON a.id = p.attempt_id
         WHERE p.due_at <= $1 AND NOT {} ORDER BY p.due_at LIMIT {BATCH}",
        is_sent_by_hand(&shop.gateways),
    );
    let due = Due::find_by_statement(sql(db, &text, [shop.clock.now().into()])).all(db).await?;
    let count = due.len();
    let operate = |operation| operate(shop, operation);
    stream::iter(due.into_iter().map(Ok)).try_for_each_concurrent(AT_ONCE, operate).await?;
    Ok(count)
}

async fn operate(shop: &Shop, due: Due) -> Result<(), DbErr> {
    let db = shop.db.primary();
    // Whoever moves it first has it; it comes back by itself should they die.
    let until = shop.clock.now() + lease(due.tries);
    let text = "UPDATE payment_operations SET due_at = $3, tries = tries + 1 WHERE id = $1 AND due_at = $2";
    let values = [due.id.into(), due.due_at.into(), until.into()];
    if db.execute_raw(sql(db, text, values)).await?.rows_affected() == 0 {
        return Ok(());
    }
    let Some((order, gateway, currency)) = ledger::head(db, due.attempt_id).await? else { return Ok(()) };
    let Some(payment) = payment_of(shop, order, due.attempt_id).await? else { return Ok(()) };
    let Some(gateway) = shop.gateways.get(&gateway) else {
        tracing::error!(order.id = %order, gateway, "a payment's gateway is not configured any more");
        return Ok(());
    };
    let request = OperationRequest {
        id: due.id,
        payment,
        action: stored_action(&due.action)?,
        amount: Money::new(due.amount, currency),
        again: due.tries > 0,
    };
    match gateway.operate(&request).await {
        Ok(facts) => record(shop, due.attempt_id, &facts, Source::Request).await.map(drop),
        Err(GatewayError::Unavailable(reason)) => {
            tracing::warn!(order.id = %order, operation = %due.id, reason, "a gateway was not reached");
            Ok(())
        }
        Err(error) => {
            tracing::error!(order.id = %order, operation = %due.id, %error, "a gateway refused");
            let refused = Fact {
                name: due.id.to_string(),
                action: request.action,
                outcome: Outcome::Failed,
                amount: request.amount,
                reference: None,
                operation: Some(due.id),
                reason: Some(error.to_string()),
            };
            let mut facts = vec![refused];
            // What can't be let go any more was taken meanwhile, and goes back then.
            if request.action == Action::Void {
                match gateway.look_up(&request.payment).await {
                    Ok(known) => facts.extend(known),
                    Err(GatewayError::Unavailable(reason)) => {
                        tracing::warn!(order.id = %order, operation = %due.id, reason, "a gateway was not reached");
                        return Ok(());
                    }
                    Err(error) => tracing::error!(order.id = %order, %error, "a gateway does not know its payment"),
                }
            }
            record(shop, due.attempt_id, &facts, Source::Request).await.map(drop)
        }
    }
}

/// How long until it is asked for again: 1, 2, 4 … minutes, six hours at most.
fn lease(tries: i32) -> TimeDelta {
    TimeDelta::seconds(LEASE_SECONDS << tries.clamp(0, 9)).min(TimeDelta::hours(6))
}
