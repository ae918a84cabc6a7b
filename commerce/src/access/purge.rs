//! Forgets what has expired.

use super::{REFRESH_DAYS, signing_keys};
use crate::Shop;
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How long a key is listed after it has expired, in days: so that its owner sees why a program has stopped.
const LISTED_DAYS: i64 = 30;

/// Deletes what has expired.
///
/// # Errors
/// When the database fails.
pub async fn purge(shop: &Shop) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let db = shop.db.primary();
    let text = "DELETE FROM api_grants WHERE expires_at <= $1 OR used_at <= $2";
    let values = [now.into(), (now - TimeDelta::days(REFRESH_DAYS)).into()];
    db.execute_raw(sql(db, text, values)).await?;
    let text = "DELETE FROM api_keys WHERE expires_at <= $1";
    db.execute_raw(sql(db, text, [(now - TimeDelta::days(LISTED_DAYS)).into()])).await?;
    signing_keys::purge(shop).await
}
