//! Delivers what is in the outbox.

use super::entity::delivery::{DEAD, DONE, PENDING};
use super::{Event, Handler, HandlerError, Metadata, caused_by};
use crate::Shop;
use crate::db::{placeholders, sql};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::sync::Arc;
use uuid::Uuid;

/// How long a handler has before its delivery is given to another worker.
const LEASE_SECONDS: i64 = 60;

/// After how many attempts a delivery is given up.
const MOST_ATTEMPTS: i32 = 12;

/// How many deliveries one round takes.
const BATCH: u32 = 100;

#[derive(FromQueryResult)]
struct Due {
    event_id: Uuid,
    handler: String,
    attempts: i32,
    due_at: chrono::DateTime<chrono::Utc>,
    kind: String,
    aggregate_id: Uuid,
    data: serde_json::Value,
    metadata: serde_json::Value,
    occurred_at: chrono::DateTime<chrono::Utc>,
}

/// Delivers what is due once; gives how many deliveries were tried.
///
/// # Errors
/// When the database fails; what was not delivered stays due.
pub async fn dispatch_due(shop: &Shop) -> Result<usize, DbErr> {
    let db = shop.db.primary();
    // What is for a handler that this shop does not have would fill the batch and never leave it.
    let names = placeholders(2, shop.handlers.len());
    if names.is_empty() {
        return Ok(0);
    }
    // An event waits for those before it at the same handler and aggregate, also for dead ones.
    let text = format!(
        "SELECT d.event_id, d.handler, d.attempts, d.due_at, e.kind, e.aggregate_id, e.data, e.metadata, e.occurred_at
         FROM event_deliveries d JOIN events e ON e.id = d.event_id
         WHERE d.state = '{PENDING}' AND d.due_at <= $1 AND d.handler IN ({names}) AND NOT EXISTS (
             SELECT 1 FROM event_deliveries b JOIN events f ON f.id = b.event_id
             WHERE b.handler = d.handler AND b.aggregate_id = d.aggregate_id AND b.state <> '{DONE}'
             AND f.aggregate_version < e.aggregate_version)
         ORDER BY d.due_at LIMIT {BATCH}"
    );
    let handlers = shop.handlers.iter().map(|handler| handler.name().into());
    let values = std::iter::once(shop.clock.now().into()).chain(handlers);
    let due = Due::find_by_statement(sql(db, &text, values)).all(db).await?;
    let mut tried = 0;
    for delivery in due {
        let Some(handler) = shop.handlers.iter().find(|handler| handler.name() == delivery.handler) else { continue };
        if lease(shop, &delivery).await? {
            tried += 1;
            deliver(shop, handler, delivery).await?;
        }
    }
    Ok(tried)
}

/// Takes a delivery for this worker; `false` where another one was faster.
async fn lease(shop: &Shop, delivery: &Due) -> Result<bool, DbErr> {
    let db = shop.db.primary();
    let until = shop.clock.now() + TimeDelta::seconds(LEASE_SECONDS);
    let text = format!(
        "UPDATE event_deliveries SET due_at = $4, attempts = attempts + 1
         WHERE event_id = $1 AND handler = $2 AND state = '{PENDING}' AND due_at = $3"
    );
    let values = [delivery.event_id.into(), delivery.handler.clone().into(), delivery.due_at.into(), until.into()];
    Ok(db.execute_raw(sql(db, &text, values)).await?.rows_affected() == 1)
}

async fn deliver(shop: &Shop, handler: &Arc<dyn Handler>, delivery: Due) -> Result<(), DbErr> {
    let metadata: Metadata = serde_json::from_value(delivery.metadata).unwrap_or_default();
    let event = Event {
        id: delivery.event_id,
        kind: delivery.kind,
        aggregate: delivery.aggregate_id,
        data: delivery.data,
        occurred_at: delivery.occurred_at,
        metadata: metadata.clone(),
    };
    let caused = Metadata { causation_id: Some(event.id), source: handler.name().to_owned(), ..metadata };
    let patience = std::time::Duration::from_secs(LEASE_SECONDS.unsigned_abs() / 2);
    let outcome = tokio::time::timeout(patience, caused_by(caused, handler.handle(shop, &event)))
        .await
        .unwrap_or_else(|_| Err(HandlerError::failed("timed out")));
    let attempts = delivery.attempts + 1;
    let (state, due_at, error) = match outcome {
        Ok(()) => (DONE, shop.clock.now(), None),
        Err(error) => {
            tracing::warn!(event.id = %event.id, handler = handler.name(), attempts, %error, "event not handled");
            let state = if attempts >= MOST_ATTEMPTS { DEAD } else { PENDING };
            (state, shop.clock.now() + backoff(attempts), Some(error.to_string()))
        }
    };
    let db = shop.db.primary();
    // A delivery that was settled stays settled, whatever became of the handler afterwards.
    let text = format!(
        "UPDATE event_deliveries SET state = $3, due_at = $4, error = $5
         WHERE event_id = $1 AND handler = $2 AND state = '{PENDING}'"
    );
    let values = [event.id.into(), handler.name().into(), state.into(), due_at.into(), error.into()];
    db.execute_raw(sql(db, &text, values)).await?;
    Ok(())
}

/// Marks a delivery as handled in a transaction of the handler's own, which
/// makes what it does there happen exactly once: `false` where it was
/// handled before, and nothing more is to be done.
///
/// # Errors
/// When the database fails.
pub async fn settle<C: ConnectionTrait>(tx: &C, event: Uuid, handler: &str) -> Result<bool, DbErr> {
    let text = format!(
        "UPDATE event_deliveries SET state = '{DONE}', error = NULL
         WHERE event_id = $1 AND handler = $2 AND state = '{PENDING}'"
    );
    Ok(tx.execute_raw(sql(tx, &text, [event.into(), handler.into()])).await?.rows_affected() == 1)
}

/// How long to wait after the n-th failure: 2, 4, 8 … seconds, an hour at most.
fn backoff(attempts: i32) -> TimeDelta {
    TimeDelta::seconds(1_i64 << attempts.clamp(1, 12)).min(TimeDelta::hours(1))
}
