//! What was given up is delivered again.

use super::entity::delivery::{DEAD, PENDING};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, StaffError, UserId};
use crate::audit::{self, Action, Done};
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, DbErr, Value};
use serde_json::json;
use uuid::Uuid;

/// A delivery: an event at a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryId {
    /// The event.
    pub event: Uuid,
    /// The handler.
    pub handler: String,
}

/// Has one delivery that was given up, or all of them, tried again as if for the first time; gives how many there
/// were. What waits behind them follows by itself.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::EventsWrite`], or when the database fails.
pub async fn replay(shop: &Shop, who: &SignedIn, only: Option<&DeliveryId>) -> Result<u64, StaffError> {
    who.require(Permission::EventsWrite)?;
    let again = db::retry(|| attempt(shop, Some(who.user), only)).await?;
    shop.outbox.notify_one();
    Ok(again)
}

/// The same for all by somebody at the command line, who may everything.
///
/// # Errors
/// When the database fails.
pub async fn replay_from_command_line(shop: &Shop) -> Result<u64, DbErr> {
    db::retry(|| attempt(shop, None, None)).await
}

async fn attempt(shop: &Shop, actor: Option<UserId>, only: Option<&DeliveryId>) -> Result<u64, DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let mut values: Vec<Value> = vec![now.into()];
    let mut condition = "";
    if let Some(only) = only {
        condition = " AND event_id = $2 AND handler = $3";
        values.extend([only.event.into(), only.handler.clone().into()]);
    }
    let text = format!(
        "UPDATE event_deliveries SET state = '{PENDING}', attempts = 0, due_at = $1, leased_until = NULL, error = NULL
         WHERE state = '{DEAD}'{condition}"
    );
    let again = tx.execute_raw(sql(&tx, &text, values)).await?.rows_affected();
    if again > 0 {
        let after = match only {
            Some(only) => json!({ "event": only.event, "handler": only.handler }),
            None => json!({ "events": again }),
        };
        let done =
            Done { action: Action::EventsReplayed, actor, subject: None, before: Some(json!({})), after: Some(after) };
        audit::record(&tx, now, done).await?;
    }
    tx.commit().await?;
    Ok(again)
}
