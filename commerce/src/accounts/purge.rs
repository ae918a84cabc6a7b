//! Forgets sessions and links that have expired, and accounts that nobody confirmed.

use super::IDLE_DAYS;
use crate::Shop;
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How long an address may stay unconfirmed, in days: it may be somebody else's.
const UNCONFIRMED_DAYS: i64 = 30;

/// Deletes what has expired.
///
/// # Errors
/// When the database fails.
pub async fn purge(shop: &Shop) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let db = shop.db.primary();
    let idle = now - TimeDelta::days(IDLE_DAYS);
    let text = "DELETE FROM sessions WHERE expires_at <= $1 OR used_at <= $2";
    db.execute_raw(sql(db, text, [now.into(), idle.into()])).await?;
    db.execute_raw(sql(db, "DELETE FROM verification_tokens WHERE expires_at <= $1", [now.into()])).await?;
    for table in ["recovery_sheets", "trusted_devices", "passkey_challenges"] {
        let text = format!("DELETE FROM {table} WHERE expires_at <= $1");
        db.execute_raw(sql(db, &text, [now.into()])).await?;
    }
    // For so long what was tried in them counts.
    let text = "DELETE FROM pending_sign_ins WHERE created_at <= $1";
    db.execute_raw(sql(db, text, [(now - TimeDelta::hours(1)).into()])).await?;
    db.execute_raw(sql(db, "DELETE FROM email_changes WHERE expires_at <= $1", [now.into()])).await?;
    db.execute_raw(sql(db, "DELETE FROM sign_in_flows WHERE expires_at <= $1", [now.into()])).await?;
    // Who guesses on has long been slow.
    let text = "DELETE FROM sign_in_guesses WHERE made_at <= $1";
    db.execute_raw(sql(db, text, [(now - TimeDelta::days(1)).into()])).await?;
    let text = "DELETE FROM users WHERE email_verified_at IS NULL AND created_at <= $1";
    db.execute_raw(sql(db, text, [(now - TimeDelta::days(UNCONFIRMED_DAYS)).into()])).await?;
    Ok(())
}
