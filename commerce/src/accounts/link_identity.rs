//! Somebody has another way to sign in to the account they have.

use super::admit::Admission;
use super::identity::{self, Identity, IdentityError, IdentityLinked};
use super::sign_in_with_identity::enter;
use super::{Device, Password, SignedIn, UserId, sign_in};
use crate::Shop;
use crate::db;
use crate::events::{self, NewEvent};
use sea_orm::ConnectionTrait;

/// Links an identity to the account of who is signed in. Whoever finds a browser that was left signed in must not get
/// a way in of their own: the password, where there is one, is asked for.
///
/// # Errors
/// [`IdentityError::WrongCredentials`], [`IdentityError::InUse`], or when the database fails.
pub async fn link_own(
    shop: &Shop,
    who: &SignedIn,
    identity: &Identity,
    password: Option<&Password>,
) -> Result<(), IdentityError> {
    let own = identity::candidate(shop, identity, Some(who)).await?;
    if own.is_some_and(|own| own.password) {
        prove(shop, who.user, password).await?;
    }
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        attempt(&tx, who.user, identity, shop).await?;
        Ok::<_, IdentityError>(tx.commit().await?)
    })
    .await?;
    shop.outbox.notify_one();
    Ok(())
}

/// Links an identity to the account that has the same address, for who knows its password, and signs in.
///
/// # Errors
/// [`IdentityError::Unverified`] unless both the issuer and the shop have made sure of the address,
/// [`IdentityError::WrongCredentials`], [`IdentityError::InUse`], or when the database fails.
pub async fn link_by_address(
    shop: &Shop,
    identity: &Identity,
    password: &Password,
    device: &Device,
) -> Result<Admission, IdentityError> {
    let own = identity::candidate(shop, identity, None).await?.ok_or(IdentityError::Unverified)?;
    prove(shop, own.user, Some(password)).await?;
    let admission = db::retry(|| async {
        let now = shop.clock.now();
        let tx = shop.db.begin().await?;
        attempt(&tx, own.user, identity, shop).await?;
        let admission = enter(&tx, own.user, identity, device, now).await?;
        tx.commit().await?;
        Ok::<_, IdentityError>(admission)
    })
    .await?;
    shop.outbox.notify_one();
    Ok(admission)
}

async fn prove(shop: &Shop, user: UserId, password: Option<&Password>) -> Result<(), IdentityError> {
    let password = password.ok_or(IdentityError::WrongCredentials)?;
    if sign_in::proves(shop, user, password).await? { Ok(()) } else { Err(IdentityError::WrongCredentials) }
}

async fn attempt<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    identity: &Identity,
    shop: &Shop,
) -> Result<(), IdentityError> {
    if identity::link(tx, user, identity, shop.clock.now()).await? {
        // The owner is told: whoever else has the password could keep a way in of their own.
        let event = NewEvent::uncounted(&IdentityLinked { user, provider: identity.provider.clone() });
        events::emit(shop, tx, vec![event]).await?;
        return Ok(());
    }
    if identity::holder(tx, identity).await? == Some(user) { Ok(()) } else { Err(IdentityError::InUse) }
}
