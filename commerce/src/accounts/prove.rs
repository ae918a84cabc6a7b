//! Whoever is signed in proves once more who they are, before something that can't be taken back.

use super::{AccountError, Password, RECENT_MINUTES, SignedIn, sign_in};
use crate::Shop;
use crate::db::sql;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// How somebody can prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Whether they have a password.
    pub password: bool,
    /// Whether they have just signed in.
    pub recent: bool,
}

/// How somebody can prove who they are.
///
/// # Errors
/// [`AccountError::NotSignedIn`], or when the database fails.
pub async fn means(shop: &Shop, who: &SignedIn) -> Result<Means, AccountError> {
    let db = shop.db.latest();
    let text = "SELECT u.password_hash IS NOT NULL AS has_password, s.created_at
                FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = $1 AND s.id = $2";
    let row = db.query_one_raw(sql(db, text, [who.user.into(), who.session.into()])).await?;
    let row = row.ok_or(AccountError::NotSignedIn)?;
    let since: DateTime<Utc> = row.try_get("", "created_at")?;
    Ok(Means {
        password: row.try_get("", "has_password")?,
        recent: since + TimeDelta::minutes(RECENT_MINUTES) > shop.clock.now(),
    })
}

/// Whoever has a password must give it; who has none must have signed in within [`RECENT_MINUTES`].
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::SignInAgain`], or when hashing or the database fails.
pub async fn prove(shop: &Shop, who: &SignedIn, password: Option<&Password>) -> Result<(), AccountError> {
    let means = means(shop, who).await?;
    match password {
        _ if !means.password => {
            if means.recent {
                Ok(())
            } else {
                Err(AccountError::SignInAgain)
            }
        }
        Some(password) if sign_in::proves(shop, who.user, password).await? => Ok(()),
        _ => Err(AccountError::WrongCredentials),
    }
}

/// Locks the row of a person until the transaction ends; `false` where they have gone.
pub(super) async fn lock<C: ConnectionTrait>(tx: &C, user: super::UserId) -> Result<bool, DbErr> {
    let text = format!("SELECT u.id FROM users u WHERE u.id = $1{}", crate::db::for_update(tx, "u"));
    Ok(tx.query_one_raw(sql(tx, &text, [user.into()])).await?.is_some())
}
