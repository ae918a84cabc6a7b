//! The shopper presses checkout: their stock is held.

use super::queries::demands;
use super::{CheckoutError, entity, hold_until};
use crate::Shop;
use crate::cart::{self, CartId, change_line::confirm_prices};
use crate::db::{self, sql};
use crate::inventory::claims;
use crate::token::{Token, hex};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Begins the checkout of a guest's cart: holds its stock for ten minutes. While
/// an earlier hold runs this is progress like a step, and its half hour goes on;
/// only one that has expired or was released begins anew. What was entered
/// before is kept.
///
/// # Errors
/// [`CheckoutError`]; then nothing is held that was not before.
pub async fn start(shop: &Shop, token: &Token, client: IpAddr) -> Result<(), CheckoutError> {
    let client = hex(&Sha256::digest(network(client).to_string()));
    let version = db::retry(|| attempt(shop, token, &client)).await?;
    shop.sessions.changed(&token.hash(), version).await;
    Ok(())
}

async fn attempt(shop: &Shop, token: &Token, client: &str) -> Result<i64, CheckoutError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let (id, version) =
        cart::queries::lock_and_touch(&tx, &token.hash(), now).await?.ok_or(CheckoutError::EmptyCart)?;
    let cart = cart::queries::by_id(&tx, id).await?.ok_or(CheckoutError::EmptyCart)?;
    if cart.lines.is_empty() {
        return Err(CheckoutError::EmptyCart);
    }
    // What is only short may be held by claims that have expired: claiming finds out.
    if cart.lines.iter().any(|line| line.unit_price.is_none()) {
        return Err(CheckoutError::LineProblem);
    }
    let (holds, running_since) = holds_of(&tx, client, id, now).await?;
    if holds >= i64::from(shop.holds_per_client) {
        return Err(CheckoutError::TooManyHolds);
    }
    let started_at = running_since.unwrap_or(now);
    let expires_at = hold_until(started_at, now);
    confirm_prices(&tx, &cart).await?;
    let row = entity::ActiveModel {
        cart_id: Set(id),
        contact: Set(None),
        delivery_method: Set(None),
        payment_method: Set(None),
        use_credit: Set(false),
        note: Set(String::new()),
        client: Set(client.to_owned()),
        hold_started_at: Set(started_at),
        hold_expires_at: Set(expires_at),
    };
    let again = OnConflict::column(entity::Column::CartId)
        .update_columns([entity::Column::Client, entity::Column::HoldStartedAt, entity::Column::HoldExpiresAt])
        .to_owned();
    entity::Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
    // Last, since whoever wants the same goods waits for it.
    claims::claim_for_cart(shop, &tx, id, &demands(&cart), expires_at).await?;
    tx.commit().await?;
    Ok(version)
}

/// How many other carts hold stock for a client, and since when the hold of this cart runs, if it does.
async fn holds_of<C: ConnectionTrait>(
    tx: &C,
    client: &str,
    cart: CartId,
    now: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>), DbErr> {
    let text = "SELECT (
                    SELECT COUNT(*) FROM checkouts k WHERE k.client = $1 AND k.hold_expires_at > $2
                    AND k.cart_id <> $3 AND EXISTS (SELECT 1 FROM claims c WHERE c.cart_id = k.cart_id)
                ) AS holds, (
                    SELECT k.hold_started_at FROM checkouts k WHERE k.cart_id = $3
                    AND EXISTS (SELECT 1 FROM claims c WHERE c.cart_id = k.cart_id AND c.expires_at > $2)
                ) AS running_since";
    let row = tx.query_one_raw(sql(tx, text, [client.into(), now.into(), cart.into()])).await?;
    row.map_or(Ok((0, None)), |row| Ok((row.try_get("", "holds")?, row.try_get("", "running_since")?)))
}

/// What one customer of a network has for themselves: an IPv4 address, or an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let mut segments = address.segments();
            segments[4..].fill(0);
            IpAddr::V6(segments.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
