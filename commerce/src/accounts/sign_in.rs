//! Somebody signs in with address and password.

use super::verification::{self, Purpose};
use super::{
    AccountError, Device, Password, SESSION_DAYS, SessionId, UserId, UserRegistered, email_key, entity::session,
};
use crate::Shop;
use crate::audit::{self, Action, Done};
use crate::db::sql;
use crate::events::{self, NewEvent};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};
use std::time::Duration;

/// Failures in a row that cost nothing: people mistype.
const FREE_FAILURES: i32 = 4;

/// The longest that somebody waits who has failed again and again, in seconds.
const LONGEST_WAIT: u64 = 5;

#[derive(FromQueryResult)]
struct Known {
    id: UserId,
    password_hash: Option<String>,
    email_verified_at: Option<DateTime<Utc>>,
    failed_sign_ins: i32,
}

/// Signs in; gives the token of the new session.
///
/// After failures in a row an answer takes longer, right or wrong, so that
/// guessing is slow and the owner never locked out.
///
/// # Errors
/// [`AccountError::WrongCredentials`] whatever of it is wrong, after the same
/// time. [`AccountError::Unverified`] for the right password of an address that
/// was not confirmed: the mail is then sent again.
pub async fn sign_in(shop: &Shop, email: &str, password: &Password, device: &Device) -> Result<Token, AccountError> {
    let db = shop.db.primary();
    let text = "SELECT id, password_hash, email_verified_at, failed_sign_ins FROM users WHERE email_key = $1";
    let known = Known::find_by_statement(sql(db, text, [email_key(email).into()])).one(db).await?;
    let failures = known.as_ref().map_or(0, |known| known.failed_sign_ins);
    tokio::time::sleep(wait_after(failures)).await;
    let hash = known.as_ref().and_then(|known| known.password_hash.as_deref());
    if !shop.passwords.matches(password, hash).await? {
        // For an address without an account it changes nothing, in the same time.
        let text = "UPDATE users SET failed_sign_ins = failed_sign_ins + 1 WHERE email_key = $1";
        db.execute_raw(sql(db, text, [email_key(email).into()])).await?;
        let subject = known.map(|known| known.id);
        audit::record(shop, db, failure(subject, device)).await?;
        return Err(AccountError::WrongCredentials);
    }
    let Some(known) = known else { return Err(AccountError::WrongCredentials) };
    let tx = shop.db.begin().await?;
    if known.email_verified_at.is_none() {
        let verification = verification::create(shop, &tx, known.id, Purpose::VerifyEmail).await?;
        let event = NewEvent::user_registered(&UserRegistered { user: known.id, verification });
        events::emit(shop, &tx, vec![event]).await?;
        tx.commit().await?;
        shop.outbox.notify_one();
        return Err(AccountError::Unverified);
    }
    let text = "UPDATE users SET failed_sign_ins = 0 WHERE id = $1 AND failed_sign_ins > 0";
    tx.execute_raw(sql(&tx, text, [known.id.into()])).await?;
    let token = open_session(shop, &tx, known.id, device).await?;
    tx.commit().await?;
    Ok(token)
}

/// Whether a password is that of a person who is known already; wrong ones slow down the next, as at signing in.
pub(super) async fn proves(
    shop: &Shop,
    user: UserId,
    password: &Password,
    device: &Device,
) -> Result<bool, AccountError> {
    let db = shop.db.primary();
    let text = "SELECT password_hash, failed_sign_ins FROM users WHERE id = $1";
    let row = db.query_one_raw(sql(db, text, [user.into()])).await?.ok_or(AccountError::NotSignedIn)?;
    let hash: Option<String> = row.try_get("", "password_hash")?;
    tokio::time::sleep(wait_after(row.try_get("", "failed_sign_ins")?)).await;
    let right = shop.passwords.matches(password, hash.as_deref()).await?;
    if !right {
        let text = "UPDATE users SET failed_sign_ins = failed_sign_ins + 1 WHERE id = $1";
        db.execute_raw(sql(db, text, [user.into()])).await?;
        audit::record(shop, db, failure(Some(user), device)).await?;
    }
    Ok(right)
}

/// A failure for the audit log; whose account it was, nobody knows where there is none.
fn failure(subject: Option<UserId>, device: &Device) -> Done<'_> {
    Done { action: Action::SignInFailed, actor: None, subject, device, before: None, after: None }
}

/// How long an answer takes after so many failures in a row.
fn wait_after(failures: i32) -> Duration {
    let over = u32::try_from(failures - FREE_FAILURES).unwrap_or(0);
    if over == 0 { Duration::ZERO } else { Duration::from_secs((1 << (over - 1).min(8)).min(LONGEST_WAIT)) }
}

/// Begins a session; its token is new, whatever the browser had before.
pub(super) async fn open_session<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: UserId,
    device: &Device,
) -> Result<Token, DbErr> {
    let now = shop.clock.now();
    let token = Token::random();
    let row = session::ActiveModel {
        id: Set(SessionId::new(now)),
        user_id: Set(user),
        token_hash: Set(token.hash()),
        device: Set(device.short_name()),
        client: Set(device.client.clone()),
        created_at: Set(now),
        used_at: Set(now),
        expires_at: Set(now + TimeDelta::days(SESSION_DAYS)),
    };
    session::Entity::insert(row).exec_without_returning(tx).await?;
    let (actor, subject) = (Some(user), Some(user));
    audit::record(shop, tx, Done { action: Action::SignedIn, actor, subject, device, before: None, after: None })
        .await?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_cost_time_and_never_more_than_some_seconds() {
        let seconds = [0, 1, 4, 5, 6, 7, 8, 1_000, i32::MAX].map(|failures| wait_after(failures).as_secs());
        assert_eq!(seconds, [0, 0, 0, 1, 2, 4, 5, 5, 5]);
    }
}
