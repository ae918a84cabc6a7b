//! Somebody takes a way to sign in away from their account.

use super::SignedIn;
use super::identity::{IdentityError, LinkedId};
use crate::Shop;
use crate::db::{self, sql};
use sea_orm::ConnectionTrait;

/// Unlinks an identity of a person's own; one that is none is unlinked already.
///
/// # Errors
/// [`IdentityError::LastWayIn`] where neither a password nor another identity would be left, or when the database
/// fails.
pub async fn unlink_identity(shop: &Shop, who: &SignedIn, linked: LinkedId) -> Result<(), IdentityError> {
    db::retry(|| attempt(shop, who, linked)).await
}

async fn attempt(shop: &Shop, who: &SignedIn, linked: LinkedId) -> Result<(), IdentityError> {
    let tx = shop.db.begin().await?;
    // One at a time: two at once would each count on the other.
    let text = "UPDATE users SET updated_at = $2, version = version + 1 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [who.user.into(), shop.clock.now().into()])).await?;
    let text = "DELETE FROM accounts WHERE id = $1 AND user_id = $2
                AND (EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND u.password_hash IS NOT NULL)
                     OR EXISTS (SELECT 1 FROM accounts a WHERE a.user_id = $2 AND a.id <> $1))";
    let values = [linked.into(), who.user.into()];
    if tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() == 0 {
        let text = "SELECT 1 AS one FROM accounts WHERE id = $1 AND user_id = $2";
        let values = [linked.into(), who.user.into()];
        return match tx.query_one_raw(sql(&tx, text, values)).await? {
            Some(_) => Err(IdentityError::LastWayIn),
            None => Ok(()),
        };
    }
    Ok(tx.commit().await?)
}
