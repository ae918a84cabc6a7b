//! Somebody signs in with address and password.

use super::admit::{Admission, Proof, admit};
use super::verification::{self, Purpose};
use super::{AccountError, Device, Password, UserId, UserRegistered, email_key};
use crate::Shop;
use crate::audit::{self, Action, Done};
use crate::db::sql;
use crate::events::{self, NewEvent};
use crate::token::hex;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
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
}

/// Signs in, as far as the password goes.
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
pub async fn sign_in(
    shop: &Shop,
    email: &str,
    password: &Password,
    device: &Device,
) -> Result<Admission, AccountError> {
    let user = verified(shop, email, password, device).await?;
    let tx = shop.db.begin().await?;
    forget_guesses(shop, &tx, email).await?;
    let admission = admit(&tx, user, Proof::Password, device, shop.clock.now()).await?;
    tx.commit().await?;
    Ok(admission)
}

/// Whose address and password these are.
pub(crate) async fn check(
    shop: &Shop,
    email: &str,
    password: &Password,
    device: &Device,
) -> Result<UserId, AccountError> {
    let user = verified(shop, email, password, device).await?;
    forget_guesses(shop, shop.db.primary(), email).await?;
    Ok(user)
}

/// As [`check`], leaving it to the caller to forget the guesses.
async fn verified(shop: &Shop, email: &str, password: &Password, device: &Device) -> Result<UserId, AccountError> {
    let key = email_key(email);
    let _turn = shop.passwords.turn(&key, &device.client).await;
    let db = shop.db.primary();
    tokio::time::sleep(wait_after(count_guess(shop, &key).await? - 1)).await;
    let text = "SELECT id, password_hash, email_verified_at FROM users WHERE email_key = $1";
    let known = Known::find_by_statement(sql(db, text, [key.clone().into()])).one(db).await?;
    let hash = known.as_ref().and_then(|known| known.password_hash.as_deref());
    let right = shop.passwords.matches(password, hash).await?;
    let user = known.as_ref().map(|known| known.id);
    let Some(known) = known.filter(|_| right) else {
        audit::record(db, shop.clock.now(), Done::to(Action::SignInFailed, user)).await?;
        return Err(AccountError::WrongCredentials);
    };
    if known.email_verified_at.is_none() {
        let tx = shop.db.begin().await?;
        forget_guesses(shop, &tx, email).await?;
        let verification = verification::create(shop, &tx, known.id, Purpose::VerifyEmail).await?;
        let event = NewEvent::uncounted(&UserRegistered { user: known.id, verification });
        events::emit(shop, &tx, vec![event]).await?;
        tx.commit().await?;
        shop.outbox.notify_one();
        return Err(AccountError::Unverified);
    }
    Ok(known.id)
}

/// Counts a guess at the password of an address, and says how many there were since the last right one. An address
/// without an account is counted, too: how long answers take must not tell who has one.
async fn count_guess(shop: &Shop, key: &str) -> Result<i32, DbErr> {
    let db = shop.db.primary();
    let text = "INSERT INTO sign_in_guesses (address_hash, guesses, made_at) VALUES ($1, 1, $2)
                ON CONFLICT (address_hash) DO UPDATE SET guesses = sign_in_guesses.guesses + 1, made_at = $2
                RETURNING guesses";
    let values = [address_hash(shop, key).into(), shop.clock.now().into()];
    db.query_one_raw(sql(db, text, values)).await?.map_or(Ok(1), |row| row.try_get("", "guesses"))
}

/// Forgets the guesses at an address whose password was told.
async fn forget_guesses<C: ConnectionTrait>(shop: &Shop, db: &C, email: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM sign_in_guesses WHERE address_hash = $1";
    db.execute_raw(sql(db, text, [address_hash(shop, &email_key(email)).into()])).await.map(drop)
}

fn address_hash(shop: &Shop, key: &str) -> String {
    hex(&shop.sign("guesses at an address", key.as_bytes()))
}

/// Forgets the failures of somebody who has proved all that is asked of them.
pub(crate) async fn forgive<C: ConnectionTrait>(db: &C, user: UserId) -> Result<(), DbErr> {
    let text = "UPDATE users SET failed_sign_ins = 0 WHERE id = $1 AND failed_sign_ins > 0";
    db.execute_raw(sql(db, text, [user.into()])).await.map(drop)
}

/// Takes back that a right password was counted as a guess. Other failures are forgotten by a session only: who has
/// the password could otherwise try second factors without end.
async fn take_back<C: ConnectionTrait>(db: &C, user: UserId) -> Result<(), DbErr> {
    let text = "UPDATE users SET failed_sign_ins = failed_sign_ins - 1 WHERE id = $1 AND failed_sign_ins > 0";
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
        take_back(db, user).await?;
    } else {
        audit::record(db, shop.clock.now(), Done::to(Action::SignInFailed, Some(user))).await?;
    }
    Ok(right)
}

/// Waits as long as somebody has to who has failed again and again.
pub(crate) async fn slow_down(shop: &Shop, user: UserId) -> Result<(), AccountError> {
    let db = shop.db.primary();
    let text = "SELECT failed_sign_ins FROM users WHERE id = $1";
    let row = db.query_one_raw(sql(db, text, [user.into()])).await?.ok_or(AccountError::NotSignedIn)?;
    tokio::time::sleep(wait_after(row.try_get("", "failed_sign_ins")?)).await;
    Ok(())
}

/// How long an answer takes after so many failures in a row.
fn wait_after(failures: i32) -> Duration {
    let over = u32::try_from(failures - FREE_FAILURES).unwrap_or(0);
    if over == 0 { Duration::ZERO } else { Duration::from_secs((1 << (over - 1).min(8)).min(LONGEST_WAIT)) }
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
