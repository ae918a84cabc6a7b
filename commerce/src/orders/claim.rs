//! Somebody takes what they ordered as a guest into their account.

use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Orders of guests with the address of an account that has proved it is theirs: `$1` is the account. Drafts are
/// nobody's yet.
pub(crate) const CLAIMABLE: &str = "user_id IS NULL AND email <> '' AND lifecycle <> 'draft' AND LOWER(email) = (
    SELECT LOWER(u.email) FROM users u WHERE u.id = $1 AND u.email_verified_at IS NOT NULL)";

/// How many orders a person could take into their account.
///
/// # Errors
/// When the database fails.
pub async fn claimable<C: ConnectionTrait>(db: &C, user: UserId) -> Result<i64, DbErr> {
    let text = format!("SELECT COUNT(*) AS n FROM orders WHERE {CLAIMABLE}");
    let row = db.query_one_raw(sql(db, &text, [user.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

/// Takes the orders of guests with a person's confirmed address into their account; gives how many. Orders of an
/// account stay where they are, and asked again there is nothing left to take.
///
/// # Errors
/// When the database fails.
pub async fn claim(shop: &Shop, user: UserId) -> Result<u64, DbErr> {
    take(shop.db.primary(), user, shop.clock.now()).await
}

/// As [`claim`], in a transaction of the caller's.
pub(crate) async fn take<C: ConnectionTrait>(tx: &C, user: UserId, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let text = format!("UPDATE orders SET user_id = $1, version = version + 1, updated_at = $2 WHERE {CLAIMABLE}");
    Ok(tx.execute_raw(sql(tx, &text, [user.into(), now.into()])).await?.rows_affected())
}
