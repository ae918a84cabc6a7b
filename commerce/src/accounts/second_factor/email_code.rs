//! Codes by mail, for a sign-in that waits.

use super::pending::{self, Pending};
use super::{Factors, PENDING_MINUTES, PendingId, SignInCodeRequested, queries};
use crate::Shop;
use crate::accounts::AccountError;
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;

/// How many codes are mailed for a sign-in.
const CODES: i32 = 3;

/// How many codes are mailed to an account in an hour.
const CODES_PER_HOUR: i64 = 10;

/// Mails a code to whoever waits under this token. It is good for as long as a sign-in waits; an earlier one no more.
///
/// # Errors
/// [`AccountError::NoPendingSignIn`], [`AccountError::NoFactor`] where mail is no factor of theirs,
/// [`AccountError::TooManyTries`] where several were mailed, or when the database fails.
pub async fn send(shop: &Shop, token: &Token) -> Result<(), AccountError> {
    db::retry(|| attempt(shop, token)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(shop: &Shop, token: &Token) -> Result<(), AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let pending = pending::lock(&tx, token, now).await?;
    if !is_allowed(&pending, queries::factors(&tx, pending.user).await?) {
        return Err(AccountError::NoFactor);
    }
    pending.may_try()?;
    if pending.codes_sent >= CODES || pending.sent_lately >= CODES_PER_HOUR {
        return Err(AccountError::TooManyTries);
    }
    let number = pending.codes_sent + 1;
    let text = "UPDATE pending_sign_ins SET codes_sent = $2, code_sent_at = $3 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [pending.id.into(), number.into(), now.into()])).await?;
    let event = SignInCodeRequested { user: pending.user, pending: pending.id, number };
    events::emit(shop, &tx, vec![NewEvent::uncounted(&event)]).await?;
    Ok(tx.commit().await?)
}

/// Whether mail proves anything: who has come by a mailed link has shown already that they read it.
pub(super) fn is_allowed(pending: &Pending, factors: Factors) -> bool {
    factors.email && (!pending.by_mail || !(factors.totp || factors.passkeys > 0))
}

/// Whether this is the code that was mailed last.
pub(super) fn matches(shop: &Shop, pending: &Pending, typed: &str, now: DateTime<Utc>) -> bool {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let fresh = pending.code_sent_at.is_some_and(|sent| now < sent + TimeDelta::minutes(PENDING_MINUTES));
    fresh && code(shop, pending.id, pending.codes_sent) == typed
}

/// The code of a sign-in. It follows from its identifier, so that neither the database nor an event need hold it.
pub fn code(shop: &Shop, pending: PendingId, number: i32) -> String {
    let bytes = shop.sign("sign-in code", &[pending.0.as_bytes(), &number.to_be_bytes()[..]].concat());
    // Of so many numbers no remainder is noticeably likelier than another.
    format!("{:06}", u128::from_be_bytes(bytes) % 1_000_000)
}
