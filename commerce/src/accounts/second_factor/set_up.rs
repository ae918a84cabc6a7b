//! Somebody gets a second factor, or gives one up.

use super::totp::TotpSecret;
use super::{FactorAdded, FactorId, FactorKind, FactorRemoved, devices, queries, recovery};
use crate::Shop;
use crate::accounts::{AccountError, Password, SignedIn, UserId, sign_in};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::sealed::Place;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

/// How long an authenticator app may wait to be confirmed, in minutes.
const UNCONFIRMED_MINUTES: i64 = 15;

/// Begins to set up an authenticator app for who proves who they are. It counts once a code of it was seen.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::FactorExists`], or when the database fails.
pub async fn begin_totp(shop: &Shop, who: &SignedIn, password: &Password) -> Result<(), AccountError> {
    prove(shop, who, password).await?;
    db::retry(async || {
        let now = shop.clock.now();
        let tx = shop.db.begin().await?;
        let text = "DELETE FROM second_factors WHERE user_id = $1 AND kind = $2 AND confirmed_at IS NULL";
        tx.execute_raw(sql(&tx, text, [who.user.into(), FactorKind::Totp.code().into()])).await?;
        let id = FactorId::new(now);
        let secret = shop.keys.seal(place(id), TotpSecret::random().as_bytes());
        insert(&tx, id, who.user, FactorKind::Totp, Some(secret), None, now).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// What an authenticator app that is being set up is told.
///
/// # Errors
/// When the database fails, or the secret can't be opened.
pub async fn totp_to_confirm(shop: &Shop, who: &SignedIn) -> Result<Option<TotpSecret>, AccountError> {
    Ok(totp_of(shop, shop.db.latest(), who.user, false).await?.map(|(_, secret, _)| secret))
}

/// Confirms an authenticator app by one of its codes: from now on it is asked for at signing in.
///
/// # Errors
/// [`AccountError::WrongCode`], [`AccountError::NoFactor`] where none is being set up, or when the database fails.
pub async fn confirm_totp(shop: &Shop, who: &SignedIn, code: &str) -> Result<(), AccountError> {
    db::retry(async || {
        let now = shop.clock.now();
        let tx = shop.db.begin().await?;
        let found = totp_of(shop, &tx, who.user, false).await?;
        let (id, secret, last) = found.ok_or(AccountError::NoFactor)?;
        let step = secret.step_of(code, now, last).ok_or(AccountError::WrongCode)?;
        let text = "UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE id = $1 AND confirmed_at IS NULL";
        if tx.execute_raw(sql(&tx, text, [id.into(), now.into(), step.into()])).await?.rows_affected() == 0 {
            return Err(AccountError::NoFactor);
        }
        added(shop, &tx, who, FactorKind::Totp, now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    shop.outbox.notify_one();
    Ok(())
}

/// Has codes mailed at signing in, for who proves who they are.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::Unverified`] where nobody knows whose the address is,
/// [`AccountError::FactorExists`], or when the database fails.
pub async fn add_email(shop: &Shop, who: &SignedIn, password: &Password) -> Result<(), AccountError> {
    prove(shop, who, password).await?;
    db::retry(async || {
        let now = shop.clock.now();
        let tx = shop.db.begin().await?;
        let text = "SELECT id FROM users WHERE id = $1 AND email_verified_at IS NOT NULL";
        if tx.query_one_raw(sql(&tx, text, [who.user.into()])).await?.is_none() {
            return Err(AccountError::Unverified);
        }
        insert(&tx, FactorId::new(now), who.user, FactorKind::Email, None, Some(now), now).await?;
        added(shop, &tx, who, FactorKind::Email, now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    shop.outbox.notify_one();
    Ok(())
}

/// Takes a factor away from who proves who they are; with the last one go recovery codes and trusted browsers.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::NoFactor`] where there is none, or when the database fails.
pub async fn remove(shop: &Shop, who: &SignedIn, kind: FactorKind, password: &Password) -> Result<(), AccountError> {
    prove(shop, who, password).await?;
    db::retry(async || {
        let tx = shop.db.begin().await?;
        let text = "DELETE FROM second_factors WHERE user_id = $1 AND kind = $2 AND confirmed_at IS NOT NULL";
        if tx.execute_raw(sql(&tx, text, [who.user.into(), kind.code().into()])).await?.rows_affected() == 0 {
            return Err(AccountError::NoFactor);
        }
        removed(shop, &tx, who, kind).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    shop.outbox.notify_one();
    Ok(())
}

pub(in crate::accounts) async fn prove(shop: &Shop, who: &SignedIn, password: &Password) -> Result<(), AccountError> {
    if sign_in::proves(shop, who.user, password).await? { Ok(()) } else { Err(AccountError::WrongCredentials) }
}

/// What follows from a factor more: who has no recovery codes gets some, and a mail tells of it.
pub(in crate::accounts) async fn added(
    shop: &Shop,
    tx: &DatabaseTransaction,
    who: &SignedIn,
    kind: FactorKind,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    if queries::factors(tx, who.user).await?.recovery_codes == 0 {
        recovery::make(shop, tx, who, now).await?;
    }
    let event = NewEvent::uncounted(&FactorAdded { user: who.user, kind });
    Ok(events::emit(shop, tx, vec![event]).await?)
}

/// What follows from a factor less.
pub(in crate::accounts) async fn removed(
    shop: &Shop,
    tx: &DatabaseTransaction,
    who: &SignedIn,
    kind: FactorKind,
) -> Result<(), AccountError> {
    if !queries::factors(tx, who.user).await?.any() {
        recovery::forget(tx, who.user).await?;
        devices::forget_all(tx, who.user).await?;
    }
    let event = NewEvent::uncounted(&FactorRemoved { user: who.user, kind });
    Ok(events::emit(shop, tx, vec![event]).await?)
}

async fn insert(
    tx: &DatabaseTransaction,
    id: FactorId,
    user: UserId,
    kind: FactorKind,
    secret: Option<String>,
    confirmed_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    let text = "INSERT INTO second_factors (id, user_id, kind, secret, last_step, confirmed_at, created_at)
                VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (user_id, kind) DO NOTHING";
    let values = [id.into(), user.into(), kind.code().into(), secret.into(), confirmed_at.into(), now.into()];
    if tx.execute_raw(sql(tx, text, values)).await?.rows_affected() == 1 {
        Ok(())
    } else {
        Err(AccountError::FactorExists)
    }
}

/// Somebody's authenticator app, confirmed or just being set up: its row, what it knows, and the last step used.
pub(super) async fn totp_of<C: ConnectionTrait>(
    shop: &Shop,
    db: &C,
    user: UserId,
    confirmed: bool,
) -> Result<Option<(FactorId, TotpSecret, i64)>, AccountError> {
    let which = if confirmed { "f.confirmed_at IS NOT NULL" } else { "f.confirmed_at IS NULL AND f.created_at > $3" };
    let text = format!(
        "SELECT f.id, f.secret, f.last_step FROM second_factors f WHERE f.user_id = $1 AND f.kind = $2 AND {which}"
    );
    let mut values = vec![user.into(), FactorKind::Totp.code().into()];
    if !confirmed {
        values.push((shop.clock.now() - TimeDelta::minutes(UNCONFIRMED_MINUTES)).into());
    }
    let Some(row) = db.query_one_raw(sql(db, &text, values)).await? else { return Ok(None) };
    let id: FactorId = row.try_get("", "id")?;
    let sealed: String = row.try_get("", "secret")?;
    let secret = shop.keys.open(place(id), &sealed)?;
    Ok(Some((id, TotpSecret::from_bytes(secret), row.try_get("", "last_step")?)))
}

fn place(id: FactorId) -> Place {
    Place { table: "second_factors", column: "secret", row: id.0 }
}
