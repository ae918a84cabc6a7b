//! The first admin, and any that is made at the command line.

use super::passwords::refuse_common;
use super::{AccountError, Registration, Role, StaffError, UserId, change_role, email_key};
use crate::Shop;
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, DbErr};

/// Makes somebody an admin: with an account of their own they keep their password, otherwise one is made with the
/// given one, its address confirmed. `true` where one was made.
///
/// # Errors
/// [`StaffError::Account`] for a password that is too common, or when hashing or the database fails.
pub async fn create_admin(shop: &Shop, registration: &Registration) -> Result<bool, StaffError> {
    refuse_common(&registration.password, &[&registration.name, &registration.email]).map_err(StaffError::Account)?;
    let hash = shop.passwords.hash(&registration.password).await.map_err(StaffError::Account)?;
    let account = db::retry(|| confirmed_account(shop, registration, &hash)).await;
    let (user, is_new) = account.map_err(StaffError::Account)?;
    db::retry(|| change_role::attempt(shop, None, user, Role::Admin)).await?;
    Ok(is_new)
}

/// Whether there is an admin.
///
/// # Errors
/// When the database fails.
pub async fn exists<C: ConnectionTrait>(db: &C) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM users WHERE role = $1 LIMIT 1";
    Ok(db.query_one_raw(sql(db, text, [Role::Admin.code().into()])).await?.is_some())
}

async fn confirmed_account(
    shop: &Shop,
    registration: &Registration,
    hash: &str,
) -> Result<(UserId, bool), AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let key = email_key(&registration.email);
    // As at registering: whoever has not shown that the address is theirs makes room.
    let text = "DELETE FROM users WHERE email_key = $1 AND email_verified_at IS NULL";
    tx.execute_raw(sql(&tx, text, [key.clone().into()])).await?;
    let text = "INSERT INTO users (id, email, email_key, email_verified_at, name, password_hash, role, failed_sign_ins,
                                   version, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, 'customer', 0, 1, $4, $4) ON CONFLICT (email_key) DO NOTHING";
    let id = UserId::new(now);
    let (email, name) = (registration.email.clone(), registration.name.clone());
    let values = [id.into(), email.into(), key.clone().into(), now.into(), name.into(), hash.into()];
    let is_new = tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() == 1;
    let row = tx.query_one_raw(sql(&tx, "SELECT id FROM users WHERE email_key = $1", [key.into()])).await?;
    let user = row.ok_or(AccountError::NotSignedIn)?.try_get("", "id")?;
    tx.commit().await?;
    Ok((user, is_new))
}
