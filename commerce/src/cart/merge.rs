//! A guest signs in: what is in their cart comes into the one of their account.

use super::queries::{AVAILABLE_TO_CART, by_id};
use super::{CartError, CartId, account_token};
use crate::Shop;
use crate::accounts::UserId;
use crate::catalog::VariationId;
use crate::db::{self, for_update, sql};
use crate::forms::MAX_QUANTITY;
use crate::inventory::claims;
use crate::token::Token;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::collections::HashMap;

/// What has become of a line of which there were more than can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// Of what.
    pub variation: VariationId,
    /// How many were in both carts.
    pub wanted: i64,
}

/// Brings a guest's cart into that of an account: quantities are summed, and
/// clamped to what can be had. Nothing is taken out: what is sold out stays as
/// a line that says so. Gives what was lowered; `None` where the guest had nothing.
///
/// The guest's cart stays in the database for 30 days, without a token.
///
/// # Errors
/// [`CartError`]; both carts are then as they were.
pub async fn merge(shop: &Shop, guest: &Token, user: UserId) -> Result<Option<Vec<Lowered>>, CartError> {
    let Some((lowered, version)) = db::retry(|| attempt(shop, guest, user)).await? else { return Ok(None) };
    shop.sessions.ended(&[guest.hash()]).await;
    shop.sessions.changed(&account_token(shop, user).hash(), version).await;
    Ok(Some(lowered))
}

#[derive(FromQueryResult)]
struct Found {
    id: CartId,
    token_hash: String,
    version: i64,
}

async fn attempt(shop: &Shop, guest: &Token, user: UserId) -> Result<Option<(Vec<Lowered>, i64)>, CartError> {
    let now = shop.clock.now();
    let (guest, account) = (guest.hash(), account_token(shop, user).hash());
    let tx = shop.db.begin().await?;
    // In the order of their identifiers, so that two sign-ins at once do not wait for each other.
    let text = format!(
        "SELECT k.id, k.token_hash, k.version FROM carts k WHERE k.token_hash IN ($1, $2) ORDER BY k.id{}",
        for_update(&tx, "k"),
    );
    let found = Found::find_by_statement(sql(&tx, &text, [guest.clone().into(), account.clone().into()])).all(&tx);
    let found: HashMap<_, _> = found.await?.into_iter().map(|cart| (cart.token_hash.clone(), cart)).collect();
    let Some(source) = found.get(&guest) else { return Ok(None) };
    let lines = by_id(&tx, source.id).await?.map(|cart| cart.lines).unwrap_or_default();
    if lines.is_empty() {
        return Ok(None);
    }
    let Some(target) = found.get(&account) else {
        // With its checkout and what it holds: nobody but the owner changes.
        let text = "UPDATE carts SET token_hash = $2, user_id = $3, version = version + 1, updated_at = $4
                    WHERE id = $1";
        tx.execute_raw(sql(&tx, text, [source.id.into(), account.into(), user.into(), now.into()])).await?;
        tx.commit().await?;
        return Ok(Some((Vec::new(), source.version + 1)));
    };
    claims::release_cart(shop, &tx, source.id).await?;
    tx.execute_raw(sql(&tx, "DELETE FROM checkouts WHERE cart_id = $1", [source.id.into()])).await?;
    let mut lowered = Vec::new();
    for line in lines {
        let (in_cart, available) = had_and_available(&tx, target.id, line.variation).await?;
        let wanted = in_cart + i64::from(line.quantity);
        let quantity = wanted.min(available).min(MAX_QUANTITY.into()).max(in_cart).max(1);
        if quantity < wanted {
            lowered.push(Lowered { variation: line.variation, wanted });
        }
        // The price that the guest saw is the one that a change is told from.
        let text = "INSERT INTO cart_lines (id, cart_id, variation_id, quantity, seen_price, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cart_id, variation_id)
                    DO UPDATE SET quantity = excluded.quantity, seen_price = excluded.seen_price";
        let values = [
            super::CartLineId::new(now).into(),
            target.id.into(),
            line.variation.into(),
            i32::try_from(quantity).unwrap_or(MAX_QUANTITY).into(),
            line.seen_price.minor().into(),
            now.into(),
        ];
        tx.execute_raw(sql(&tx, text, values)).await?;
    }
    let text = "UPDATE carts SET version = version + 1, updated_at = $2 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [target.id.into(), now.into()])).await?;
    let text = "UPDATE carts SET token_hash = NULL, version = version + 1, updated_at = $2 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [source.id.into(), now.into()])).await?;
    tx.commit().await?;
    Ok(Some((lowered, target.version + 1)))
}

/// How many of a variation are in a cart, and how many it could have.
async fn had_and_available<C: ConnectionTrait>(
    tx: &C,
    cart: CartId,
    variation: VariationId,
) -> Result<(i64, i64), DbErr> {
    let text = format!(
        "SELECT {AVAILABLE_TO_CART} AS available, CAST(COALESCE((
             SELECT l.quantity FROM cart_lines l WHERE l.cart_id = $1 AND l.variation_id = v.id
         ), 0) AS BIGINT) AS in_cart FROM variations v WHERE v.id = $2"
    );
    let row = tx.query_one_raw(sql(tx, &text, [cart.into(), variation.into()])).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.try_get("", "in_cart")?, row.try_get("", "available")?)))
}
