//! Reads of keys and of where programs are signed in.

use super::{ApiKey, ApiKeyId, Grant, GrantId, REFRESH_DAYS, Scopes};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DbErr, FromQueryResult};

/// The keys of a person, the newest first, also those that have expired lately.
///
/// # Errors
/// When the database fails.
pub async fn keys(shop: &Shop, user: UserId) -> Result<Vec<ApiKey>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: ApiKeyId,
        name: String,
        ending: String,
        scopes: String,
        created_at: DateTime<Utc>,
        used_at: Option<DateTime<Utc>>,
        expires_at: Option<DateTime<Utc>>,
    }
    let db = shop.db.latest();
    let text = "SELECT id, name, ending, scopes, created_at, used_at, expires_at FROM api_keys
                WHERE user_id = $1 ORDER BY created_at DESC, id DESC";
    let rows = Row::find_by_statement(sql(db, text, [user.into()])).all(db).await?;
    let key = |row: Row| ApiKey {
        id: row.id,
        name: row.name,
        ending: row.ending,
        scopes: Scopes::parse(&row.scopes),
        created_at: row.created_at,
        used_at: row.used_at,
        expires_at: row.expires_at,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Where programs are signed in for a person, the last used first.
///
/// # Errors
/// When the database fails.
pub async fn grants(shop: &Shop, user: UserId) -> Result<Vec<Grant>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: GrantId,
        device: String,
        client: String,
        created_at: DateTime<Utc>,
        used_at: DateTime<Utc>,
    }
    let now = shop.clock.now();
    let db = shop.db.latest();
    let text = "SELECT id, device, client, created_at, used_at FROM api_grants
                WHERE user_id = $1 AND expires_at > $2 AND used_at > $3 ORDER BY used_at DESC, id DESC LIMIT 100";
    let values = [user.into(), now.into(), (now - TimeDelta::days(REFRESH_DAYS)).into()];
    let rows = Row::find_by_statement(sql(db, text, values)).all(db).await?;
    let grant = |row: Row| Grant {
        id: row.id,
        device: row.device,
        client: row.client,
        created_at: row.created_at,
        used_at: row.used_at,
    };
    Ok(rows.into_iter().map(grant).collect())
}
