//! Somebody makes a key for a program.

use super::{AccessError, ApiKeyId, KEYS_MOST, KeyText, NewKey, entity::api_key, log_in::role_of};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::{self, sql};
use chrono::TimeDelta;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

/// Makes a key; it can't be read again.
///
/// # Errors
/// [`AccessError::TooManyKeys`], [`AccessError::NoScope`] where nothing is left of its scopes, or when the database
/// fails.
pub async fn create_key(shop: &Shop, user: UserId, new: &NewKey) -> Result<KeyText, AccessError> {
    db::retry(|| attempt(shop, user, new)).await
}

async fn attempt(shop: &Shop, user: UserId, new: &NewKey) -> Result<KeyText, AccessError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    // Its owner's row is locked: of two who make the last key at once one does.
    let text = format!("SELECT u.id FROM users u WHERE u.id = $1{}", db::for_update(&tx, "u"));
    tx.query_one_raw(sql(&tx, &text, [user.into()])).await?;
    let text = "SELECT COUNT(*) AS n FROM api_keys WHERE user_id = $1";
    let row = tx.query_one_raw(sql(&tx, text, [user.into()])).await?;
    let keys: i64 = row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default();
    if keys >= KEYS_MOST {
        return Err(AccessError::TooManyKeys);
    }
    let scopes = new.scopes.within(role_of(&tx, user).await?);
    if scopes.is_empty() {
        return Err(AccessError::NoScope);
    }
    let key = KeyText::random();
    let row = api_key::ActiveModel {
        id: Set(ApiKeyId::new(now)),
        user_id: Set(user),
        name: Set(new.name.clone()),
        key_hash: Set(key.hash()),
        ending: Set(key.ending().to_owned()),
        scopes: Set(scopes.to_string()),
        created_at: Set(now),
        used_at: Set(None),
        expires_at: Set(new.days.map(|days| now + TimeDelta::days(days))),
    };
    api_key::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(key)
}
