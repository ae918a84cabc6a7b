//! Forgets what nobody has come back for: old carts and refused forms.

use super::GUEST_DAYS;
use crate::Shop;
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How many carts one sweep forgets.
const BATCH: u32 = 500;

/// Deletes carts of guests that were not touched for 30 days and hold no stock, and drafts that have expired.
///
/// # Errors
/// When the database fails.
pub async fn purge(shop: &Shop) -> Result<u64, DbErr> {
    let now = shop.clock.now();
    let db = shop.db.primary();
    db.execute_raw(sql(db, "DELETE FROM form_drafts WHERE expires_at <= $1", [now.into()])).await?;
    // Placing leaves it, to hold fewer locks for less time.
    let text = "DELETE FROM checkouts WHERE EXISTS (SELECT 1 FROM orders o WHERE o.cart_id = checkouts.cart_id)";
    db.execute_raw(sql(db, text, [])).await?;
    // The time is asked for twice: somebody may come back to a cart while it is chosen.
    let text = format!(
        "DELETE FROM carts WHERE id IN (
             SELECT k.id FROM carts k WHERE k.updated_at < $1 AND (k.user_id IS NULL OR k.token_hash IS NULL)
             AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.cart_id = k.id)
             AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.cart_id = k.id) LIMIT {BATCH})
         AND updated_at < $1"
    );
    let before = now - TimeDelta::days(GUEST_DAYS);
    Ok(db.execute_raw(sql(db, &text, [before.into()])).await?.rows_affected())
}
