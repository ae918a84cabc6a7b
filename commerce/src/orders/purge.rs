//! Forgets the drafts that nobody submits: they say who called, and where they live.

use super::Lifecycle;
use super::compose::Composition;
use crate::Shop;
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How many days a draft is kept that nobody changes any more.
const DRAFT_DAYS: i64 = 90;

/// How many days one is kept that has nothing in it.
const EMPTY_DAYS: i64 = 1;

/// How many drafts one round deletes.
const BATCH: u32 = 500;

/// Deletes drafts that were not changed for 90 days, or for a day where there is nothing in them; gives how many.
///
/// # Errors
/// When the database fails.
pub async fn purge_drafts(shop: &Shop) -> Result<u64, DbErr> {
    let now = shop.clock.now();
    let db = shop.db.primary();
    // The time is asked for twice: somebody may come back to a draft while it is chosen, and it is a new one then.
    let text = format!(
        "DELETE FROM orders WHERE id IN (
             SELECT o.id FROM orders o LEFT JOIN order_revisions r ON r.order_id = o.id
             WHERE o.lifecycle = $1
             AND (o.updated_at < $2 OR (o.updated_at < $3 AND (r.content IS NULL OR r.content = $4))) LIMIT {BATCH})
         AND lifecycle = $1 AND updated_at < $3"
    );
    let nothing = serde_json::to_value(Composition::empty()).map_err(|error| DbErr::Json(error.to_string()))?;
    let values = [
        Lifecycle::Draft.code().into(),
        (now - TimeDelta::days(DRAFT_DAYS)).into(),
        (now - TimeDelta::days(EMPTY_DAYS)).into(),
        nothing.into(),
    ];
    Ok(db.execute_raw(sql(db, &text, values)).await?.rows_affected())
}
