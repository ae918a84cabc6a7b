//! What gateways have sent and nobody could use, and how it is tried again.

use super::outcome::{UNMATCHED, UNREADABLE, WAITING};
use crate::Shop;
use crate::audit::{self, Action, Done};
use crate::db::{self, sql};
use crate::payments::WebhookId;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::json;

/// How often a webhook is tried before somebody should look: for some hours.
const MANY_TRIES: i32 = 8;

/// A webhook that nobody could use.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Unused {
    /// Identifies it.
    pub id: WebhookId,
    /// Whose it is.
    pub gateway: String,
    /// What the gateway calls it.
    pub event_id: String,
    /// What it says has happened.
    pub kind: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: i32,
    /// What became of it.
    pub outcome: String,
}

/// Which webhooks nobody could use: those that were given up, and those that were tried often.
pub(crate) fn is_unused() -> String {
    format!("(w.outcome IN ('{UNMATCHED}', '{UNREADABLE}') OR (w.due_at IS NOT NULL AND w.tries >= {MANY_TRIES}))")
}

/// What gateways have sent and nobody could use, the first first.
///
/// # Errors
/// When the database fails.
pub async fn unused<C: ConnectionTrait>(db: &C) -> Result<Vec<Unused>, DbErr> {
    let text = format!(
        "SELECT w.id, w.gateway, w.event_id, w.kind, w.received_at, w.tries, w.outcome
         FROM webhook_events w WHERE {} ORDER BY w.received_at, w.id",
        is_unused()
    );
    Unused::find_by_statement(sql(db, &text, [])).all(db).await
}

/// Has all of it tried again as if it had just come, for somebody at the command line, who may everything; gives how
/// much there was.
///
/// # Errors
/// When the database fails.
pub async fn replay_from_command_line(shop: &Shop) -> Result<u64, DbErr> {
    db::retry(|| attempt(shop)).await
}

async fn attempt(shop: &Shop) -> Result<u64, DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let text =
        format!("UPDATE webhook_events AS w SET due_at = $1, tries = 0, outcome = '{WAITING}' WHERE {}", is_unused());
    let again = tx.execute_raw(sql(&tx, &text, [now.into()])).await?.rows_affected();
    if again > 0 {
        let (before, after) = (Some(json!({})), Some(json!({ "webhooks": again })));
        let done = Done { action: Action::WebhooksReplayed, actor: None, subject: None, before, after };
        audit::record(&tx, now, done).await?;
    }
    tx.commit().await?;
    Ok(again)
}
