//! Changes how many of something are in a cart, takes it out, or empties the cart.

use super::queries::{AVAILABLE_TO_CART, lock_and_touch};
use super::{Cart, CartError, CartId};
use crate::Shop;
use crate::catalog::VariationId;
use crate::catalog::queries::currency;
use crate::db::{self, sql};
use crate::inventory::claims;
use crate::money::Money;
use crate::pricing::{ListPrice, PriceContext, unit_price};
use crate::token::Token;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, FromQueryResult};

/// Sets how many of a variation are in a cart, 1 to 100.
///
/// # Errors
/// [`CartError::NotInCart`] or [`CartError::NotEnough`]; the cart is then as it was.
pub async fn set_quantity(shop: &Shop, token: &Token, variation: VariationId, quantity: i32) -> Result<(), CartError> {
    let version = db::retry(|| attempt_to_set(shop, token, variation, quantity)).await?;
    shop.sessions.changed(&token.hash(), version).await;
    Ok(())
}

/// Takes a variation out of a cart; gives how many there were.
///
/// # Errors
/// [`CartError::NotInCart`] where there were none.
pub async fn remove(shop: &Shop, token: &Token, variation: VariationId) -> Result<i32, CartError> {
    let (quantity, version) = db::retry(|| attempt_to_remove(shop, token, variation)).await?;
    shop.sessions.changed(&token.hash(), version).await;
    Ok(quantity)
}

/// Takes everything out of a cart.
///
/// # Errors
/// [`CartError::NotInCart`] where there is no such cart.
pub async fn clear(shop: &Shop, token: &Token) -> Result<(), CartError> {
    let version = db::retry(|| attempt_to_clear(shop, token)).await?;
    shop.sessions.changed(&token.hash(), version).await;
    Ok(())
}

/// A transaction that holds the lock of a guest's cart, with the version it gives it.
async fn begin(shop: &Shop, token: &Token) -> Result<(DatabaseTransaction, CartId, i64), CartError> {
    let tx = shop.db.begin().await?;
    let locked = lock_and_touch(&tx, &token.hash(), shop.clock.now()).await?;
    let (cart, version) = locked.ok_or(CartError::NotInCart)?;
    Ok((tx, cart, version))
}

async fn attempt_to_set(shop: &Shop, token: &Token, variation: VariationId, quantity: i32) -> Result<i64, CartError> {
    let (tx, cart, version) = begin(shop, token).await?;
    let text = format!(
        "SELECT {AVAILABLE_TO_CART} AS available, CAST(l.quantity AS BIGINT) AS in_cart, l.seen_price,
                p.currency, p.base_price, v.price_modifier
         FROM cart_lines l JOIN variations v ON v.id = l.variation_id JOIN products p ON p.id = v.product_id
         WHERE l.cart_id = $1 AND l.variation_id = $2"
    );
    let statement = sql(&tx, &text, [cart.into(), variation.into()]);
    let line = Line::find_by_statement(statement).one(&tx).await?.ok_or(CartError::NotInCart)?;
    let (available, in_cart) = (line.available, line.in_cart);
    // Fewer than before is always better, even where it is still too many.
    if i64::from(quantity) > available && i64::from(quantity) >= in_cart {
        return Err(CartError::NotEnough { available, in_cart });
    }
    let context = PriceContext { currency: shop.reference().settings.currency };
    let base = Money::new(line.base_price, currency(&line.currency)?);
    let price = unit_price(context, ListPrice { base, modifier: line.price_modifier });
    let seen = price.map_or(line.seen_price, Money::minor);
    let text = "UPDATE cart_lines SET quantity = $3, seen_price = $4 WHERE cart_id = $1 AND variation_id = $2";
    tx.execute_raw(sql(&tx, text, [cart.into(), variation.into(), quantity.into(), seen.into()])).await?;
    if i64::from(quantity) < in_cart {
        claims::lower(shop, &tx, cart, variation, quantity.into()).await?;
    }
    tx.commit().await?;
    Ok(version)
}

async fn attempt_to_remove(shop: &Shop, token: &Token, variation: VariationId) -> Result<(i32, i64), CartError> {
    let (tx, cart, version) = begin(shop, token).await?;
    let text = "DELETE FROM cart_lines WHERE cart_id = $1 AND variation_id = $2 RETURNING quantity";
    let row = tx.query_one_raw(sql(&tx, text, [cart.into(), variation.into()])).await?;
    let quantity = row.ok_or(CartError::NotInCart)?.try_get("", "quantity")?;
    claims::lower(shop, &tx, cart, variation, 0).await?;
    tx.commit().await?;
    Ok((quantity, version))
}

async fn attempt_to_clear(shop: &Shop, token: &Token) -> Result<i64, CartError> {
    let (tx, cart, version) = begin(shop, token).await?;
    tx.execute_raw(sql(&tx, "DELETE FROM cart_lines WHERE cart_id = $1", [cart.into()])).await?;
    claims::release_cart(shop, &tx, cart).await?;
    tx.commit().await?;
    Ok(version)
}

/// Notes that the shopper has seen the present prices, in a transaction of the caller's.
pub(crate) async fn confirm_prices<C: ConnectionTrait>(tx: &C, cart: &Cart) -> Result<(), DbErr> {
    for line in &cart.lines {
        let Some(price) = line.unit_price.filter(|price| *price != line.seen_price) else { continue };
        let text = "UPDATE cart_lines SET seen_price = $3 WHERE cart_id = $1 AND variation_id = $2";
        tx.execute_raw(sql(tx, text, [cart.id.into(), line.variation.into(), price.minor().into()])).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Line {
    available: i64,
    in_cart: i64,
    seen_price: i64,
    currency: String,
    base_price: i64,
    price_modifier: i64,
}
