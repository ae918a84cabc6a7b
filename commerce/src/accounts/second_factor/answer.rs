//! Somebody shows their second factor, and is signed in.

use super::pending::{self, Pending};
use super::{Answer, Factors, RecoveryCodeUsed, devices, email_code, open_pending, queries, recovery, set_up};
use crate::Shop;
use crate::accounts::admit::open_session;
use crate::accounts::{AccountError, Device, UserId, sign_in};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::token::Token;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

/// A sign-in that is complete.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The token of the session.
    pub session: Token,
    /// The token by which the browser is trusted, where that was asked for.
    pub trusted: Option<Token>,
}

/// Which ways there are to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// By an authenticator app.
    pub totp: bool,
    /// By a code in a mail.
    pub email: bool,
    /// Whether such a code was sent.
    pub email_sent: bool,
    /// By a passkey.
    pub passkey: bool,
    /// By a recovery code.
    pub recovery: bool,
}

/// How somebody who waits under this token can answer; `None` where nobody waits, or not any more.
///
/// # Errors
/// When the database fails.
pub async fn ways(shop: &Shop, token: &Token) -> Result<Option<Ways>, AccountError> {
    let db = shop.db.latest();
    let pending = match pending::find(db, token, shop.clock.now()).await {
        Ok(pending) if pending.may_try().is_ok() => pending,
        Ok(_) | Err(AccountError::NoPendingSignIn) => return Ok(None),
        Err(error) => return Err(error),
    };
    let factors = queries::factors(db, pending.user).await?;
    Ok(Some(Ways {
        totp: factors.totp,
        email: email_code::is_allowed(&pending, factors),
        email_sent: pending.codes_sent > 0,
        passkey: factors.passkeys > 0,
        recovery: factors.recovery_codes > 0,
    }))
}

/// Answers for a sign-in that waits under this token; `trust` has this browser trusted for some weeks.
///
/// Wrong answers are counted before anything else can be tried, so that no number of requests at once gets more of
/// them, and slow down whatever comes next as wrong passwords do.
///
/// # Errors
/// [`AccountError::NoPendingSignIn`], [`AccountError::WrongCode`], [`AccountError::TooManyTries`], or when the
/// database fails.
pub async fn answer(
    shop: &Shop,
    token: &Token,
    answer: &Answer,
    device: &Device,
    trust: bool,
) -> Result<Entered, AccountError> {
    let user = pending::find(shop.db.primary(), token, shop.clock.now()).await?.user;
    sign_in::slow_down(shop, user).await?;
    let entered = db::retry(|| attempt(shop, token, answer, device, trust)).await?;
    shop.outbox.notify_one();
    entered.ok_or(AccountError::WrongCode)
}

async fn attempt(
    shop: &Shop,
    token: &Token,
    answer: &Answer,
    device: &Device,
    trust: bool,
) -> Result<Option<Entered>, AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let pending = pending::lock(&tx, token, now).await?;
    pending.may_try()?;
    if !is_right(shop, &tx, &pending, answer, now).await? {
        pending.count_failure(&tx).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let entered = enter(&tx, &pending, device, trust, now).await?;
    tx.commit().await?;
    Ok(Some(entered))
}

/// Begins the session that was waited for.
pub(super) async fn enter(
    tx: &DatabaseTransaction,
    pending: &Pending,
    device: &Device,
    trust: bool,
    now: DateTime<Utc>,
) -> Result<Entered, AccountError> {
    pending.close(tx).await?;
    let session = open_session(tx, pending.user, device, now).await?;
    let trusted = if trust { Some(devices::trust(tx, pending.user, device, now).await?) } else { None };
    Ok(Entered { session, trusted })
}

/// Whether an answer is right; if so it is used up.
async fn is_right(
    shop: &Shop,
    tx: &DatabaseTransaction,
    pending: &Pending,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Result<bool, AccountError> {
    match answer {
        Answer::Totp(code) => is_of_app(shop, tx, pending.user, code, now).await,
        Answer::Recovery(code) => is_of_paper(shop, tx, pending.user, code).await,
        Answer::Email(code) => {
            let factors: Factors = queries::factors(tx, pending.user).await?;
            Ok(email_code::is_allowed(pending, factors) && email_code::matches(shop, pending, code, now))
        }
    }
}

/// Whether this is a code of somebody's app or one of their recovery codes; if so it is used up, if not it is one of
/// the wrong answers that an account takes.
///
/// # Errors
/// [`AccountError::TooManyTries`], or when the database fails.
pub(crate) async fn shows(
    shop: &Shop,
    tx: &DatabaseTransaction,
    user: UserId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool, AccountError> {
    let token = open_pending(tx, user, false, now).await?;
    let pending = pending::lock(tx, &token, now).await?;
    pending.may_try()?;
    let right = is_of_app(shop, tx, user, code, now).await? || is_of_paper(shop, tx, user, code).await?;
    if right {
        pending.close(tx).await?
    } else {
        pending.count_failure(tx).await?
    }
    Ok(right)
}

async fn is_of_app(
    shop: &Shop,
    tx: &DatabaseTransaction,
    user: UserId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<bool, AccountError> {
    let Some((id, secret, last)) = set_up::totp_of(shop, tx, user, true).await? else { return Ok(false) };
    let Some(step) = secret.step_of(code, now, last) else { return Ok(false) };
    let text = "UPDATE second_factors SET last_step = $2 WHERE id = $1 AND last_step < $2";
    Ok(tx.execute_raw(sql(tx, text, [id.into(), step.into()])).await?.rows_affected() == 1)
}

async fn is_of_paper(shop: &Shop, tx: &DatabaseTransaction, user: UserId, code: &str) -> Result<bool, AccountError> {
    let Some(left) = recovery::redeem(shop, tx, user, code).await? else { return Ok(false) };
    let event = RecoveryCodeUsed { user, left };
    events::emit(shop, tx, vec![NewEvent::uncounted(&event)]).await?;
    Ok(true)
}
