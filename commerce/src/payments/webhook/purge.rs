//! What gateways have sent is not kept longer than it is of use: there are names and addresses in it.

use crate::Shop;
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How many days after it came a webhook is kept, for who asks what a gateway has said, or tries again to use it.
const KEPT_DAYS: i64 = 90;

/// Deletes webhooks that are older and not to be acted on any more; gives how many. Sent once more, the facts in one
/// are no news to the ledger.
///
/// # Errors
/// When the database fails.
pub async fn purge(shop: &Shop) -> Result<u64, DbErr> {
    let db = shop.db.primary();
    let before = shop.clock.now() - TimeDelta::days(KEPT_DAYS);
    let text = "DELETE FROM webhook_events WHERE received_at < $1 AND due_at IS NULL";
    Ok(db.execute_raw(sql(db, text, [before.into()])).await?.rows_affected())
}
