//! Reads of accounts and sessions.

use super::{IDLE_DAYS, Session, SessionId, SignedIn, UserId};
use crate::Shop;
use crate::db::sql;
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How exactly the last use of a session is known, in minutes: a page that only
/// reads must not write each time.
const USE_MINUTES: i64 = 5;

/// Who is signed in with a token; `None` where nobody is, or not any more.
///
/// # Errors
/// When the database fails.
pub async fn signed_in(shop: &Shop, token: &Token) -> Result<Option<SignedIn>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        session: SessionId,
        used_at: DateTime<Utc>,
        user: UserId,
        name: String,
        email: String,
    }
    let now = shop.clock.now();
    let db = shop.db.latest();
    let text = "SELECT s.id AS session, s.used_at, u.id AS \"user\", u.name, u.email
                FROM sessions s JOIN users u ON u.id = s.user_id
                WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.used_at > $3";
    let values = [token.hash().into(), now.into(), (now - TimeDelta::days(IDLE_DAYS)).into()];
    let Some(row) = Row::find_by_statement(sql(db, text, values)).one(db).await? else { return Ok(None) };
    if row.used_at < now - TimeDelta::minutes(USE_MINUTES) {
        let db = shop.db.primary();
        let text = "UPDATE sessions SET used_at = $2 WHERE id = $1";
        db.execute_raw(sql(db, text, [row.session.into(), now.into()])).await?;
    }
    Ok(Some(SignedIn { session: row.session, user: row.user, name: row.name, email: row.email }))
}

/// Where a person is signed in, the last used first.
///
/// # Errors
/// When the database fails.
pub async fn sessions(shop: &Shop, user: UserId) -> Result<Vec<Session>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: SessionId,
        device: String,
        client: String,
        created_at: DateTime<Utc>,
        used_at: DateTime<Utc>,
    }
    let now = shop.clock.now();
    let db = shop.db.latest();
    let text = "SELECT id, device, client, created_at, used_at FROM sessions
                WHERE user_id = $1 AND expires_at > $2 AND used_at > $3 ORDER BY used_at DESC, id DESC LIMIT 100";
    let values = [user.into(), now.into(), (now - TimeDelta::days(IDLE_DAYS)).into()];
    let rows = Row::find_by_statement(sql(db, text, values)).all(db).await?;
    let session = |row: Row| Session {
        id: row.id,
        device: row.device,
        client: row.client,
        created_at: row.created_at,
        used_at: row.used_at,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// What a mail to a person needs: their address and name.
///
/// # Errors
/// When the database fails.
pub async fn contact<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Option<(String, String)>, DbErr> {
    let text = "SELECT email, name FROM users WHERE id = $1";
    let row = db.query_one_raw(sql(db, text, [user.into()])).await?;
    row.map(|row| Ok((row.try_get("", "email")?, row.try_get("", "name")?))).transpose()
}
