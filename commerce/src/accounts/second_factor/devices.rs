//! Browsers that are trusted: there the password is enough for some weeks.

use super::{TRUSTED_DAYS, TrustedDeviceId};
use crate::Shop;
use crate::accounts::{Device, SignedIn, UserId};
use crate::db::sql;
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Trusts a browser from now on; gives the token that it shows.
pub(super) async fn trust<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<Token, DbErr> {
    let token = Token::random();
    let text = "INSERT INTO trusted_devices (id, user_id, token_hash, device, client, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        TrustedDeviceId::new(now).into(),
        user.into(),
        token.hash().into(),
        device.short_name().into(),
        device.client.clone().into(),
        now.into(),
        (now + TimeDelta::days(TRUSTED_DAYS)).into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(token)
}

/// Whether this person trusts this browser.
pub(in crate::accounts) async fn is_trusted<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let Some(token) = &device.trusted else { return Ok(false) };
    let text = "SELECT id FROM trusted_devices WHERE token_hash = $1 AND user_id = $2 AND expires_at > $3";
    let values = [token.hash().into(), user.into(), now.into()];
    Ok(tx.query_one_raw(sql(tx, text, values)).await?.is_some())
}

/// Trusts no browser of this person any more.
pub(in crate::accounts) async fn forget_all<C: ConnectionTrait>(tx: &C, user: UserId) -> Result<(), DbErr> {
    tx.execute_raw(sql(tx, "DELETE FROM trusted_devices WHERE user_id = $1", [user.into()])).await.map(drop)
}

/// Trusts one of one's own browsers no more.
///
/// # Errors
/// When the database fails.
pub async fn distrust(shop: &Shop, who: &SignedIn, device: TrustedDeviceId) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "DELETE FROM trusted_devices WHERE id = $1 AND user_id = $2";
    db.execute_raw(sql(db, text, [device.into(), who.user.into()])).await.map(drop)
}
