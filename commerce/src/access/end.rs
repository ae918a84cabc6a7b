//! A program signs out, or somebody ends what it has.

use super::{AccessError, ApiKeyId, GrantId, refresh};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr};

/// Signs a program out that shows its refresh token, used or not. Access tokens are good until they expire.
///
/// # Errors
/// [`AccessError::InvalidToken`] for what never was a token, or when the database fails.
pub async fn log_out(shop: &Shop, token: &str) -> Result<(), AccessError> {
    let (id, _) = refresh::read(shop, token).ok_or(AccessError::InvalidToken)?;
    let db = shop.db.primary();
    db.execute_raw(sql(db, "DELETE FROM api_grants WHERE id = $1", [id.into()])).await?;
    Ok(())
}

/// Signs a program of a person's own out.
///
/// # Errors
/// When the database fails.
pub async fn end_grant(shop: &Shop, user: UserId, grant: GrantId) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "DELETE FROM api_grants WHERE id = $1 AND user_id = $2";
    db.execute_raw(sql(db, text, [grant.into(), user.into()])).await.map(drop)
}

/// Signs every program of a person out, where they sign out everywhere themselves. Keys that they have made stay.
pub(crate) async fn end_grants<C: ConnectionTrait>(db: &C, user: UserId) -> Result<(), DbErr> {
    db.execute_raw(sql(db, "DELETE FROM api_grants WHERE user_id = $1", [user.into()])).await.map(drop)
}

/// Ends a key of a person's own.
///
/// # Errors
/// When the database fails.
pub async fn revoke_key(shop: &Shop, user: UserId, key: ApiKeyId) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "DELETE FROM api_keys WHERE id = $1 AND user_id = $2";
    db.execute_raw(sql(db, text, [key.into(), user.into()])).await.map(drop)
}
