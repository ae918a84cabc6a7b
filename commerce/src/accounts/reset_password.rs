//! Somebody has forgotten their password.

use super::admit::{Admission, Proof, admit};
use super::change_email;
use super::passwords::refuse_common;
use super::second_factor::{devices, end_pending};
use super::verification::{self, Purpose};
use super::{
    AccountError, Device, Password, PasswordChanged, PasswordResetRequested, UserId, VerificationId, email_key,
};
use crate::Shop;
use crate::access::end::end_grants;
use crate::audit::{self, Action, Done};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::token::Token;
use sea_orm::{ConnectionTrait, DbErr};

/// Mails a link to whoever has an account with this address. The answer is the same for all others.
///
/// # Errors
/// When the database fails.
pub async fn request(shop: &Shop, email: &str) -> Result<(), AccountError> {
    let tx = shop.db.begin().await?;
    let text = "SELECT id FROM users WHERE email_key = $1";
    let event = match tx.query_one_raw(sql(&tx, text, [email_key(email).into()])).await? {
        Some(row) => {
            let user: UserId = row.try_get("", "id")?;
            let verification = verification::create(shop, &tx, user, Purpose::ResetPassword).await?;
            PasswordResetRequested { user, verification }
        }
        // Nobody, who gets no mail: as much is written, so that the answer takes as long.
        None => {
            let now = shop.clock.now();
            let (user, verification) = (UserId::new(now), VerificationId::new(now));
            verification::forget(&tx, verification).await?;
            PasswordResetRequested { user, verification }
        }
    };
    events::emit(shop, &tx, vec![NewEvent::uncounted(&event)]).await?;
    tx.commit().await?;
    shop.outbox.notify_one();
    Ok(())
}

/// Whether a link can be used.
///
/// # Errors
/// When the database fails.
pub async fn is_valid(shop: &Shop, link: &Token) -> Result<bool, DbErr> {
    let holder = verification::holder(shop.db.latest(), link, Purpose::ResetPassword, shop.clock.now()).await?;
    Ok(holder.is_some())
}

/// Sets a new password by a mailed link, ends every session and signs in anew: a second factor is asked for as ever.
/// The link has come by mail: so the address is confirmed, too.
///
/// # Errors
/// [`AccountError::InvalidLink`], [`AccountError::CommonPassword`], or when hashing or the database fails.
pub async fn reset(shop: &Shop, link: &Token, password: &Password, device: &Device) -> Result<Admission, AccountError> {
    refuse_common(password, &[])?;
    // Before it costs anything: is it a link at all?
    if !is_valid(shop, link).await? {
        return Err(AccountError::InvalidLink);
    }
    let hash = shop.passwords.hash(password).await?;
    let admission = db::retry(|| attempt(shop, link, &hash, device)).await?;
    shop.outbox.notify_one();
    Ok(admission)
}

async fn attempt(shop: &Shop, link: &Token, hash: &str, device: &Device) -> Result<Admission, AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let user = verification::redeem(&tx, link, Purpose::ResetPassword, now).await?;
    let text = "UPDATE users SET password_hash = $2, email_verified_at = COALESCE(email_verified_at, $3),
                                 failed_sign_ins = 0, updated_at = $3, version = version + 1 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [user.into(), hash.into(), now.into()])).await?;
    tx.execute_raw(sql(&tx, "DELETE FROM sessions WHERE user_id = $1", [user.into()])).await?;
    end_grants(&tx, user).await?;
    devices::forget_all(&tx, user).await?;
    end_pending(&tx, user, now).await?;
    // Whoever had the old password may have asked for another address.
    change_email::forget(&tx, user).await?;
    let admission = admit(&tx, user, Proof::MailedLink, device, now).await?;
    audit::record(&tx, now, Done::by(Action::PasswordChanged, user)).await?;
    events::emit(shop, &tx, vec![NewEvent::uncounted(&PasswordChanged { user })]).await?;
    tx.commit().await?;
    Ok(admission)
}
