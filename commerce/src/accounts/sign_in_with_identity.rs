//! Somebody signs in by who they are at another provider.

use super::admit::{Admission, Proof, admit};
use super::identity::{self, Identity, IdentityError};
use super::{Device, UserId, email_key};
use crate::Shop;
use crate::db::{self, sql};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Signs in, as far as an issuer can say who somebody is. Who is not known yet gets an account, if the issuer has made sure of
/// their address and nobody here has it.
///
/// # Errors
/// [`IdentityError::Unverified`], [`IdentityError::MustProve`] where there is an account with the address: it is never
/// linked without its owner's doing. Or when the database fails.
pub async fn sign_in_with_identity(
    shop: &Shop,
    identity: &Identity,
    device: &Device,
) -> Result<Admission, IdentityError> {
    db::retry(|| attempt(shop, identity, device)).await
}

async fn attempt(shop: &Shop, identity: &Identity, device: &Device) -> Result<Admission, IdentityError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let user = match identity::holder(&tx, identity).await? {
        Some(user) => user,
        None => newcomer(&tx, identity, now).await?,
    };
    let admission = enter(&tx, user, identity, device, now).await?;
    tx.commit().await?;
    Ok(admission)
}

/// Makes an account for somebody who is not known yet.
async fn newcomer<C: ConnectionTrait>(
    tx: &C,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<UserId, IdentityError> {
    let email = identity.proven_email().ok_or(IdentityError::Unverified)?;
    let key = email_key(&email);
    // Whoever asked for an account with this address has proved nothing, and the issuer has.
    let text = "DELETE FROM users WHERE email_key = $1 AND email_verified_at IS NULL";
    tx.execute_raw(sql(tx, text, [key.clone().into()])).await?;
    let text = "INSERT INTO users (id, email, email_key, email_verified_at, name, role, failed_sign_ins, version,
                                   created_at, updated_at)
                VALUES ($1, $2, $3, $5, $4, 'customer', 0, 1, $5, $5) ON CONFLICT (email_key) DO NOTHING";
    let user = UserId::new(now);
    let values = [user.into(), email.clone().into(), key.into(), identity.person(&email).into(), now.into()];
    if tx.execute_raw(sql(tx, text, values)).await?.rows_affected() == 1
        && identity::link(tx, user, identity, now).await?
    {
        return Ok(user);
    }
    // They may have come twice at once.
    identity::holder(tx, identity).await?.ok_or(IdentityError::MustProve)
}

/// Lets somebody in whom an identity is linked to.
pub(super) async fn enter<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    identity: &Identity,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<Admission, DbErr> {
    let text = "UPDATE accounts SET used_at = $3 WHERE issuer = $1 AND subject = $2";
    let values = [identity.issuer.clone().into(), identity.subject.clone().into(), now.into()];
    tx.execute_raw(sql(tx, text, values)).await?;
    admit(tx, user, Proof::Issuer, device, now).await
}
