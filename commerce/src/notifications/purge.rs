//! Forgets old mails: they tell who bought what.

use crate::Shop;
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

/// How long mails are kept, in days: a mail is never sent again after so long.
const KEPT_DAYS: i64 = 90;

/// Deletes mails that are older.
///
/// # Errors
/// When the database fails.
pub async fn purge(shop: &Shop) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let before = shop.clock.now() - TimeDelta::days(KEPT_DAYS);
    db.execute_raw(sql(db, "DELETE FROM mails WHERE created_at < $1", [before.into()])).await.map(drop)
}
