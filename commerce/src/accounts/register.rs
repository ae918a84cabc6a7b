//! Somebody asks for an account.

use super::passwords::refuse_common;
use super::verification::{self, Purpose};
use super::{AccountError, Registration, RegistrationRepeated, UserId, UserRegistered, email_key};
use crate::Shop;
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use sea_orm::ConnectionTrait;

/// Makes an account whose address is to be confirmed by a link in a mail.
///
/// Whoever has one with this address already gets a mail that says so; the
/// answer is the same, so that nobody learns who has an account here.
///
/// # Errors
/// [`AccountError::CommonPassword`], or when hashing or the database fails.
pub async fn register(shop: &Shop, registration: &Registration) -> Result<(), AccountError> {
    refuse_common(&registration.password, &[&registration.name, &registration.email])?;
    let hash = shop.passwords.hash(&registration.password).await?;
    db::retry(|| attempt(shop, registration, &hash)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(shop: &Shop, registration: &Registration, hash: &str) -> Result<(), AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let key = email_key(&registration.email);
    // Whoever asked before has proved nothing: their password must not wait for the owner to confirm the address.
    let text = "DELETE FROM users WHERE email_key = $1 AND email_verified_at IS NULL";
    tx.execute_raw(sql(&tx, text, [key.clone().into()])).await?;
    let text =
        "INSERT INTO users (id, email, email_key, name, password_hash, role, failed_sign_ins, version, created_at,
                                   updated_at)
                VALUES ($1, $2, $3, $4, $5, 'customer', 0, 1, $6, $6) ON CONFLICT (email_key) DO NOTHING";
    let id = UserId::new(now);
    let values = [
        id.into(),
        registration.email.clone().into(),
        key.clone().into(),
        registration.name.clone().into(),
        hash.into(),
        now.into(),
    ];
    let event = if tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() == 1 {
        let verification = verification::create(shop, &tx, id, Purpose::VerifyEmail).await?;
        NewEvent::uncounted(&UserRegistered { user: id, verification })
    } else {
        let row = tx.query_one_raw(sql(&tx, "SELECT id FROM users WHERE email_key = $1", [key.into()])).await?;
        let Some(row) = row else { return Ok(()) };
        NewEvent::uncounted(&RegistrationRepeated { user: row.try_get("", "id")? })
    };
    events::emit(shop, &tx, vec![event]).await?;
    Ok(tx.commit().await?)
}
