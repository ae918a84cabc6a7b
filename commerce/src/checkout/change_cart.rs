//! The shopper of an order that nobody has paid yet wants to change what is in it.

use crate::Shop;
use crate::cart::{CartLineId, Holder, add_line};
use crate::db::{self, sql};
use crate::forms::MAX_QUANTITY;
use crate::inventory::Actor;
use crate::orders::OrderId;
use crate::orders::cancel::{Cancellation, Cause, OrderError, give_up, locked};
use crate::pricing::PriceContext;
use crate::token::Token;
use sea_orm::ConnectionTrait;

/// Gives up an order that waits for its payment, and puts what was in it into the cart of whoever holds one; gives
/// the token of that cart. What is in the cart already stays, up to 100 pieces of each.
///
/// # Errors
/// [`OrderError::WrongState`] for an order that does not wait any more, or that staff have made or changed; then nothing
/// is changed.
pub async fn change_cart(shop: &Shop, order: OrderId, holder: &Holder) -> Result<Token, OrderError> {
    let (token, version) = db::retry(|| attempt(shop, order, holder)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    shop.sessions.changed(&token.hash(), version).await;
    Ok(token)
}

async fn attempt(shop: &Shop, order: OrderId, holder: &Holder) -> Result<(Token, i64), OrderError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    if !order.waits_as_placed() {
        return Err(OrderError::WrongState);
    }
    let cancellation = Cancellation { cause: Cause::CartChanged, actor: Actor::Shopper, restock: true, refund: true };
    give_up(shop, &tx, &order, cancellation, now).await?;
    let context = PriceContext { currency: order.currency };
    let (token, (cart, version)) = add_line::open(shop, &tx, holder, context, now).await?;
    let text = format!(
        "INSERT INTO cart_lines (id, cart_id, variation_id, quantity, seen_price, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cart_id, variation_id) DO UPDATE SET quantity =
         CASE WHEN cart_lines.quantity + excluded.quantity > {MAX_QUANTITY} THEN {MAX_QUANTITY}
              ELSE cart_lines.quantity + excluded.quantity END"
    );
    for line in &order.lines {
        let values = [
            CartLineId::new(now).into(),
            cart.into(),
            line.variation.into(),
            line.quantity.into(),
            line.unit_price.minor().into(),
            now.into(),
        ];
        tx.execute_raw(sql(&tx, &text, values)).await?;
    }
    tx.commit().await?;
    Ok((token, version))
}
