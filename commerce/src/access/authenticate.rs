//! Whom a bearer token speaks for.

use super::{ApiKeyId, Caller, KeyText, Scopes, jwt};
use crate::Shop;
use crate::accounts::UserId;
use crate::accounts::queries::stored_role;
use crate::db::sql;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How exactly the last use of a key is known, in minutes: who only reads must not write each time.
const USE_MINUTES: i64 = 5;

/// Whom an access token or key speaks for at the shop with this address; `None` where it is not good.
///
/// An access token is taken at its word until it expires; a key is looked up.
///
/// # Errors
/// When the database has to be asked and fails.
pub async fn authenticate(shop: &Shop, issuer: &str, bearer: &str) -> Result<Option<Caller>, DbErr> {
    if !KeyText::is_meant(bearer) {
        return jwt::check(shop, issuer, bearer).await;
    }
    match KeyText::parse(bearer) {
        Some(key) => by_key(shop, &key).await,
        None => Ok(None),
    }
}

async fn by_key(shop: &Shop, key: &KeyText) -> Result<Option<Caller>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ApiKeyId,
        user_id: UserId,
        scopes: String,
        used_at: Option<DateTime<Utc>>,
        role: String,
    }
    let now = shop.clock.now();
    let db = shop.db.latest();
    let text = "SELECT k.id, k.user_id, k.scopes, k.used_at, u.role FROM api_keys k JOIN users u ON u.id = k.user_id
                WHERE k.key_hash = $1 AND (k.expires_at IS NULL OR k.expires_at > $2)";
    let row = Row::find_by_statement(sql(db, text, [key.hash().into(), now.into()])).one(db).await?;
    let Some(row) = row else { return Ok(None) };
    if row.used_at.is_none_or(|used_at| used_at < now - TimeDelta::minutes(USE_MINUTES)) {
        let db = shop.db.primary();
        let text = "UPDATE api_keys SET used_at = $2 WHERE id = $1";
        db.execute_raw(sql(db, text, [row.id.into(), now.into()])).await?;
    }
    let role = stored_role(&row.role)?;
    Ok(Some(Caller { user: row.user_id, role, scopes: Scopes::parse(&row.scopes).within(role) }))
}
