//! Reads of second factors.

use super::{Factors, TrustedDeviceId};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// What somebody has to prove themselves with.
///
/// # Errors
/// When the database fails.
pub async fn factors<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Factors, DbErr> {
    let text = "SELECT (SELECT COUNT(*) FROM second_factors
                        WHERE user_id = $1 AND kind = 'totp' AND confirmed_at IS NOT NULL) AS totp,
                       (SELECT COUNT(*) FROM second_factors
                        WHERE user_id = $1 AND kind = 'email' AND confirmed_at IS NOT NULL) AS email,
                       (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) AS passkeys,
                       (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1) AS recovery_codes";
    let Some(row) = db.query_one_raw(sql(db, text, [user.into()])).await? else { return Ok(Factors::default()) };
    Ok(Factors {
        totp: row.try_get::<i64>("", "totp")? > 0,
        email: row.try_get::<i64>("", "email")? > 0,
        passkeys: row.try_get("", "passkeys")?,
        recovery_codes: row.try_get("", "recovery_codes")?,
    })
}

/// A browser that need not show the second factor each time.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct TrustedDevice {
    /// Identifies it.
    pub id: TrustedDeviceId,
    /// What the browser said of itself.
    pub device: String,
    /// The network address it was trusted at.
    pub client: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// The browsers that somebody trusts, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn trusted_devices(shop: &Shop, user: UserId) -> Result<Vec<TrustedDevice>, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT id, device, client, created_at, expires_at FROM trusted_devices
                WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC LIMIT 100";
    TrustedDevice::find_by_statement(sql(db, text, [user.into(), shop.clock.now().into()])).all(db).await
}
