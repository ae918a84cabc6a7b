//! Somebody changes the password they know.

use super::admit::open_session;
use super::change_email;
use super::passwords::refuse_common;
use super::second_factor::{devices, end_pending};
use super::sign_in;
use super::{AccountError, Device, Password, PasswordChanged, SignedIn};
use crate::Shop;
use crate::access::end::end_grants;
use crate::audit::{self, Action, Done};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::token::Token;
use sea_orm::ConnectionTrait;

/// Sets a new password, ends every session, signs every program out, trusts no browser any more, and gives the token
/// of a new session for this device.
///
/// # Errors
/// [`AccountError::WrongCredentials`] where `current` is wrong, [`AccountError::CommonPassword`], or when hashing
/// or the database fails.
pub async fn change_password(
    shop: &Shop,
    who: &SignedIn,
    current: &Password,
    new: &Password,
    device: &Device,
) -> Result<Token, AccountError> {
    refuse_common(new, &[&who.name, &who.email])?;
    if !sign_in::proves(shop, who.user, current).await? {
        return Err(AccountError::WrongCredentials);
    }
    let hash = shop.passwords.hash(new).await?;
    let token = db::retry(|| attempt(shop, who, &hash, device)).await?;
    shop.outbox.notify_one();
    Ok(token)
}

async fn attempt(shop: &Shop, who: &SignedIn, hash: &str, device: &Device) -> Result<Token, AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let text = "UPDATE users SET password_hash = $2, failed_sign_ins = 0, updated_at = $3, version = version + 1
                WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [who.user.into(), hash.into(), now.into()])).await?;
    tx.execute_raw(sql(&tx, "DELETE FROM sessions WHERE user_id = $1", [who.user.into()])).await?;
    end_grants(&tx, who.user).await?;
    let text = "DELETE FROM verification_tokens WHERE user_id = $1";
    tx.execute_raw(sql(&tx, text, [who.user.into()])).await?;
    devices::forget_all(&tx, who.user).await?;
    end_pending(&tx, who.user, now).await?;
    change_email::forget(&tx, who.user).await?;
    let token = open_session(&tx, who.user, device, now).await?;
    audit::record(&tx, now, Done::by(Action::PasswordChanged, who.user)).await?;
    events::emit(shop, &tx, vec![NewEvent::uncounted(&PasswordChanged { user: who.user })]).await?;
    tx.commit().await?;
    Ok(token)
}
