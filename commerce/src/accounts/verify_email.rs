//! Somebody proves that an address is theirs.

use super::admit::{Admission, Proof, admit};
use super::sign_in;
use super::verification::{self, Purpose};
use super::{AccountError, Device, Password};
use crate::Shop;
use crate::db::{self, sql};
use crate::token::Token;
use sea_orm::{ConnectionTrait, DbErr};

/// Whether a link can be used: a mail program that looks at it first uses nothing up.
///
/// # Errors
/// When the database fails.
pub async fn is_valid(shop: &Shop, link: &Token) -> Result<bool, DbErr> {
    let holder = verification::holder(shop.db.latest(), link, Purpose::VerifyEmail, shop.clock.now()).await?;
    Ok(holder.is_some())
}

/// Confirms the address that the link was mailed to, and signs in.
///
/// The password shows that who reads the mail is who registered: somebody else
/// may have, with this address and a password of their own.
///
/// # Errors
/// [`AccountError::InvalidLink`], [`AccountError::WrongCredentials`], or when the database fails.
pub async fn verify_email(
    shop: &Shop,
    link: &Token,
    password: &Password,
    device: &Device,
) -> Result<Admission, AccountError> {
    let db = shop.db.primary();
    let now = shop.clock.now();
    let user = verification::holder(db, link, Purpose::VerifyEmail, now).await?.ok_or(AccountError::InvalidLink)?;
    if !sign_in::proves(shop, user, password).await? {
        return Err(AccountError::WrongCredentials);
    }
    db::retry(|| attempt(shop, link, device)).await
}

async fn attempt(shop: &Shop, link: &Token, device: &Device) -> Result<Admission, AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let user = verification::redeem(&tx, link, Purpose::VerifyEmail, now).await?;
    let text = "UPDATE users SET email_verified_at = COALESCE(email_verified_at, $2), updated_at = $2,
                                 version = version + 1 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [user.into(), now.into()])).await?;
    let admission = admit(&tx, user, Proof::Password, device, now).await?;
    tx.commit().await?;
    Ok(admission)
}
