//! Somebody signs in with address and password.

use super::verification::{self, Purpose};
use super::{
    AccountError, Device, Password, SESSION_DAYS, SessionId, UserId, UserRegistered, email_key, entity::session,
};
use crate::Shop;
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

/// The most that is kept of what a browser says of itself, in characters.
const DEVICE_MOST: usize = 200;

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
/// guessing is slow and the owner never locked out. A guess counts before it is
/// checked, and a client's guesses at one account are checked one after the
/// other: making many at once gains nothing. Guesses of others make nobody wait
/// longer than [`LONGEST_WAIT`].
///
/// # Errors
/// [`AccountError::WrongCredentials`] whatever of it is wrong, after the same
/// time. [`AccountError::Unverified`] for the right password of an address that
/// was not confirmed: the mail is then sent again.
pub async fn sign_in(shop: &Shop, email: &str, password: &Password, device: &Device) -> Result<Token, AccountError> {
    let user = check(shop, email, password, device).await?;
    let tx = shop.db.begin().await?;
    forgive(&tx, user).await?;
    let token = open_session(&tx, user, device, shop.clock.now()).await?;
    tx.commit().await?;
    Ok(token)
}

/// Whose address and password these are. What has failed before is still to be [forgiven](forgive).
pub(crate) async fn check(
    shop: &Shop,
    email: &str,
    password: &Password,
    device: &Device,
) -> Result<UserId, AccountError> {
    let key = email_key(email);
    let _turn = shop.passwords.turn(&key, &device.client).await;
    let db = shop.db.primary();
    // For an address without an account it changes nothing, in the same time.
    let text = "UPDATE users SET failed_sign_ins = failed_sign_ins + 1 WHERE email_key = $1
                RETURNING id, password_hash, email_verified_at, failed_sign_ins";
    let known = Known::find_by_statement(sql(db, text, [key.into()])).one(db).await?;
    let failures = known.as_ref().map_or(0, |known| known.failed_sign_ins - 1);
    tokio::time::sleep(wait_after(failures)).await;
    let hash = known.as_ref().and_then(|known| known.password_hash.as_deref());
    let right = shop.passwords.matches(password, hash).await?;
    let Some(known) = known.filter(|_| right) else { return Err(AccountError::WrongCredentials) };
    if known.email_verified_at.is_none() {
        let tx = shop.db.begin().await?;
        forgive(&tx, known.id).await?;
        let verification = verification::create(shop, &tx, known.id, Purpose::VerifyEmail).await?;
        let event = NewEvent::user_registered(&UserRegistered { user: known.id, verification });
        events::emit(shop, &tx, vec![event]).await?;
        tx.commit().await?;
        shop.outbox.notify_one();
        return Err(AccountError::Unverified);
    }
    Ok(known.id)
}

/// Forgets the failures of somebody who has proved who they are.
pub(crate) async fn forgive<C: ConnectionTrait>(db: &C, user: UserId) -> Result<(), DbErr> {
    let text = "UPDATE users SET failed_sign_ins = 0 WHERE id = $1 AND failed_sign_ins > 0";
    db.execute_raw(sql(db, text, [user.into()])).await.map(drop)
}

/// Whether a password is that of a person who is known already; wrong ones slow down the next, as at signing in.
pub(super) async fn proves(shop: &Shop, user: UserId, password: &Password) -> Result<bool, AccountError> {
    let _turn = shop.passwords.turn(&user.to_string(), "").await;
    let db = shop.db.primary();
    let text = "UPDATE users SET failed_sign_ins = failed_sign_ins + 1 WHERE id = $1
                RETURNING password_hash, failed_sign_ins";
    let row = db.query_one_raw(sql(db, text, [user.into()])).await?.ok_or(AccountError::NotSignedIn)?;
    let hash: Option<String> = row.try_get("", "password_hash")?;
    let failures: i32 = row.try_get("", "failed_sign_ins")?;
    tokio::time::sleep(wait_after(failures - 1)).await;
    let right = shop.passwords.matches(password, hash.as_deref()).await?;
    if right {
        forgive(db, user).await?;
    }
    Ok(right)
}

/// How long an answer takes after so many failures in a row.
fn wait_after(failures: i32) -> Duration {
    let over = u32::try_from(failures - FREE_FAILURES).unwrap_or(0);
    if over == 0 { Duration::ZERO } else { Duration::from_secs((1 << (over - 1).min(8)).min(LONGEST_WAIT)) }
}

/// Begins a session; its token is new, whatever the browser had before.
pub(super) async fn open_session<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<Token, DbErr> {
    let token = Token::random();
    let row = session::ActiveModel {
        id: Set(SessionId::new(now)),
        user_id: Set(user),
        token_hash: Set(token.hash()),
        device: Set(device.name.chars().filter(|c| !c.is_control()).take(DEVICE_MOST).collect()),
        client: Set(device.client.clone()),
        created_at: Set(now),
        used_at: Set(now),
        expires_at: Set(now + TimeDelta::days(SESSION_DAYS)),
    };
    session::Entity::insert(row).exec_without_returning(tx).await?;
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
