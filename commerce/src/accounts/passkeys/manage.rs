//! What people do about their passkeys.

use super::{PASSKEY_NAME_MOST, PASSKEYS_MOST, Passkey, PasskeyId};
use crate::Shop;
use crate::accounts::second_factor::{FactorKind, set_up};
use crate::accounts::{AccountError, Password, SignedIn, UserId};
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// Somebody's passkeys, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn passkeys(shop: &Shop, user: UserId) -> Result<Vec<Passkey>, DbErr> {
    let db = shop.db.latest();
    let text = format!(
        "SELECT id, name, created_at, used_at FROM passkeys WHERE user_id = $1 ORDER BY id LIMIT {PASSKEYS_MOST}"
    );
    Passkey::find_by_statement(sql(db, &text, [user.into()])).all(db).await
}

/// Calls one of one's own passkeys something else.
///
/// # Errors
/// When the database fails.
pub async fn rename(shop: &Shop, who: &SignedIn, passkey: PasskeyId, name: &str) -> Result<(), DbErr> {
    let name: String = name.chars().take(PASSKEY_NAME_MOST).collect();
    let db = shop.db.primary();
    let text = "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2";
    db.execute_raw(sql(db, text, [passkey.into(), who.user.into(), name.into()])).await.map(drop)
}

/// Takes a passkey away from who proves who they are.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::NoFactor`] where they have no such one, or when the database
/// fails.
pub async fn remove(shop: &Shop, who: &SignedIn, passkey: PasskeyId, password: &Password) -> Result<(), AccountError> {
    set_up::prove(shop, who, password).await?;
    db::retry(async || {
        let tx = shop.db.begin().await?;
        let text = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2";
        if tx.execute_raw(sql(&tx, text, [passkey.into(), who.user.into()])).await?.rows_affected() == 0 {
            return Err(AccountError::NoFactor);
        }
        set_up::removed(shop, &tx, who, FactorKind::Passkey).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    shop.outbox.notify_one();
    Ok(())
}
