//! Sign-ins that wait for their second factor.

use super::{PENDING_MINUTES, PendingId, TRIES, TRIES_PER_HOUR};
use crate::accounts::{AccountError, UserId};
use crate::db::{for_update, sql};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// A sign-in that waits.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Pending {
    pub id: PendingId,
    pub user: UserId,
    /// Whether a mailed link has led here.
    pub by_mail: bool,
    pub tries: i32,
    pub codes_sent: i32,
    pub code_sent_at: Option<DateTime<Utc>>,
    /// Wrong codes of the account within an hour.
    pub tries_lately: i64,
    /// Codes mailed to the account within an hour.
    pub sent_lately: i64,
}

/// Has a sign-in wait; gives the token by which it goes on.
pub(in crate::accounts) async fn open<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    by_mail: bool,
    now: DateTime<Utc>,
) -> Result<Token, DbErr> {
    let token = Token::random();
    let text =
        "INSERT INTO pending_sign_ins (id, user_id, token_hash, by_mail, tries, codes_sent, created_at, expires_at)
                VALUES ($1, $2, $3, $4, 0, 0, $5, $6)";
    let values = [
        PendingId::new(now).into(),
        user.into(),
        token.hash().into(),
        by_mail.into(),
        now.into(),
        (now + TimeDelta::minutes(PENDING_MINUTES)).into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(token)
}

/// Ends every sign-in of a person that waits: the password that led to it is theirs no more. What was tried counts on.
pub(in crate::accounts) async fn end_all<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "UPDATE pending_sign_ins SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2";
    tx.execute_raw(sql(tx, text, [user.into(), now.into()])).await.map(drop)
}

/// Ends the sign-in that waits under a token, where `user` is who it waits for.
///
/// # Errors
/// [`AccountError::PasskeyRefused`] where it waits for somebody else: they would not see who they are.
pub(in crate::accounts) async fn close_pending<C: ConnectionTrait>(
    tx: &C,
    token: &Token,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    match find(tx, token, now).await {
        Ok(pending) if pending.user == user => Ok(pending.close(tx).await?),
        Ok(_) => Err(AccountError::PasskeyRefused("somebody else's".to_owned())),
        Err(AccountError::NoPendingSignIn) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The sign-in that waits under a token.
///
/// # Errors
/// [`AccountError::NoPendingSignIn`] where there is none, or not any more.
pub(super) async fn find<C: ConnectionTrait>(
    db: &C,
    token: &Token,
    now: DateTime<Utc>,
) -> Result<Pending, AccountError> {
    let text = "SELECT p.id, p.user_id AS \"user\", p.by_mail, p.tries, p.codes_sent, p.code_sent_at,
                       (SELECT CAST(COALESCE(SUM(o.tries), 0) AS BIGINT) FROM pending_sign_ins o
                        WHERE o.user_id = p.user_id AND o.created_at > $3) AS tries_lately,
                       (SELECT CAST(COALESCE(SUM(o.codes_sent), 0) AS BIGINT) FROM pending_sign_ins o
                        WHERE o.user_id = p.user_id AND o.created_at > $3) AS sent_lately
                FROM pending_sign_ins p WHERE p.token_hash = $1 AND p.expires_at > $2";
    let values = [token.hash().into(), now.into(), (now - TimeDelta::hours(1)).into()];
    let found = Pending::find_by_statement(sql(db, text, values)).one(db).await?;
    found.ok_or(AccountError::NoPendingSignIn)
}

/// The sign-in that waits under a token, and nobody else at work on one of the same account until the end of `tx`.
pub(super) async fn lock<C: ConnectionTrait>(
    tx: &C,
    token: &Token,
    now: DateTime<Utc>,
) -> Result<Pending, AccountError> {
    let user = find(tx, token, now).await?.user;
    let text = format!("SELECT u.id FROM users u WHERE u.id = $1{}", for_update(tx, "u"));
    tx.query_one_raw(sql(tx, &text, [user.into()])).await?;
    // What was counted before the lock may be more by now.
    find(tx, token, now).await
}

impl Pending {
    /// # Errors
    /// [`AccountError::TooManyTries`].
    pub fn may_try(&self) -> Result<(), AccountError> {
        if self.tries >= TRIES || self.tries_lately >= TRIES_PER_HOUR {
            Err(AccountError::TooManyTries)
        } else {
            Ok(())
        }
    }

    /// Counts a wrong answer, for the account, too.
    pub async fn count_failure<C: ConnectionTrait>(&self, tx: &C) -> Result<(), DbErr> {
        let text = "UPDATE pending_sign_ins SET tries = tries + 1 WHERE id = $1";
        tx.execute_raw(sql(tx, text, [self.id.into()])).await?;
        let text = "UPDATE users SET failed_sign_ins = failed_sign_ins + 1 WHERE id = $1";
        tx.execute_raw(sql(tx, text, [self.user.into()])).await.map(drop)
    }

    /// Waits no more.
    pub async fn close<C: ConnectionTrait>(&self, tx: &C) -> Result<(), DbErr> {
        tx.execute_raw(sql(tx, "DELETE FROM pending_sign_ins WHERE id = $1", [self.id.into()])).await.map(drop)
    }
}
