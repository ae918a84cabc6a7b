//! Puts something into a cart.

use super::queries::{AVAILABLE_TO_CART, lock_and_touch};
use super::{CartError, CartId, CartLineId, Holder, MAX_LINES, account_token, entity};
use crate::Shop;
use crate::accounts::UserId;
use crate::catalog::VariationId;
use crate::catalog::queries::currency;
use crate::db::{self, sql};
use crate::forms::MAX_QUANTITY;
use crate::money::Money;
use crate::pricing::{ListPrice, PriceContext, unit_price};
use crate::token::Token;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

/// What is to be added.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The variation.
    pub variation: VariationId,
    /// The product whose page it was chosen on: a variation of another one is refused.
    pub product_slug: String,
    /// How many more, 1 to 100.
    pub quantity: i32,
}

/// Adds to a cart; whoever has none gets a new one. Gives the token that finds it.
///
/// # Errors
/// [`CartError`]; the cart is then as it was.
pub async fn add_line(shop: &Shop, holder: &Holder, addition: &Addition) -> Result<Token, CartError> {
    let (token, version) = db::retry(|| attempt(shop, holder, addition)).await?;
    shop.sessions.changed(&token.hash(), version).await;
    Ok(token)
}

#[derive(FromQueryResult)]
struct Offer {
    currency: String,
    base_price: i64,
    price_modifier: i64,
    available: i64,
    in_cart: i64,
    lines: i64,
}

async fn attempt(shop: &Shop, holder: &Holder, addition: &Addition) -> Result<(Token, i64), CartError> {
    let now = shop.clock.now();
    let context = PriceContext { currency: shop.reference().settings.currency };
    let tx = shop.db.begin().await?;
    let (token, (cart, version)) = open(shop, &tx, holder, context, now).await?;
    let offer = offer(&tx, cart, addition).await?.ok_or(CartError::UnknownVariation)?;
    let wanted = offer.in_cart + i64::from(addition.quantity);
    if wanted > i64::from(MAX_QUANTITY) {
        return Err(CartError::TooMany { in_cart: offer.in_cart });
    }
    if wanted > offer.available {
        return Err(CartError::NotEnough { available: offer.available, in_cart: offer.in_cart });
    }
    if offer.in_cart == 0 && offer.lines >= MAX_LINES {
        return Err(CartError::TooManyLines);
    }
    let list =
        ListPrice { base: Money::new(offer.base_price, currency(&offer.currency)?), modifier: offer.price_modifier };
    let price = unit_price(context, list).map_err(|_| CartError::UnknownVariation)?;
    let text = "INSERT INTO cart_lines (id, cart_id, variation_id, quantity, seen_price, created_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cart_id, variation_id)
                DO UPDATE SET quantity = cart_lines.quantity + excluded.quantity, seen_price = excluded.seen_price";
    let values = [
        CartLineId::new(now).into(),
        cart.into(),
        addition.variation.into(),
        addition.quantity.into(),
        price.minor().into(),
        now.into(),
    ];
    tx.execute_raw(sql(&tx, text, values)).await?;
    tx.commit().await?;
    Ok((token, version))
}

/// The cart of whoever holds one, locked until the transaction ends, or a new one; with its token and version.
pub(crate) async fn open<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    holder: &Holder,
    context: PriceContext,
    now: DateTime<Utc>,
) -> Result<(Token, (CartId, i64)), DbErr> {
    let existing = match holder.token(shop) {
        Some(token) => lock_and_touch(tx, &token.hash(), now).await?.map(|cart| (token, cart)),
        None => None,
    };
    match (existing, holder) {
        (Some(existing), _) => Ok(existing),
        (None, Holder::Account(user)) => create_for(shop, tx, *user, context, now).await,
        // A token without a cart isn't taken over: who sent it may not be alone in knowing it.
        (None, Holder::Guest(_)) => create(tx, context, now).await,
    }
}

async fn create<C: ConnectionTrait>(
    tx: &C,
    context: PriceContext,
    now: DateTime<Utc>,
) -> Result<(Token, (CartId, i64)), DbErr> {
    let token = Token::random();
    let id = CartId::new(now);
    let row = entity::ActiveModel {
        id: Set(id),
        token_hash: Set(Some(token.hash())),
        user_id: Set(None),
        currency: Set(context.currency.code().to_owned()),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    entity::Entity::insert(row).exec_without_returning(tx).await?;
    Ok((token, (id, 1)))
}

/// The cart of an account: of two devices that make it at once, one does and both have it.
async fn create_for<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: UserId,
    context: PriceContext,
    now: DateTime<Utc>,
) -> Result<(Token, (CartId, i64)), DbErr> {
    let token = account_token(shop, user);
    let text = "INSERT INTO carts (id, token_hash, user_id, currency, version, created_at, updated_at)
                VALUES ($1, $2, $3, $4, 0, $5, $5) ON CONFLICT (token_hash) DO NOTHING";
    let values =
        [CartId::new(now).into(), token.hash().into(), user.into(), context.currency.code().into(), now.into()];
    tx.execute_raw(sql(tx, text, values)).await?;
    let cart = lock_and_touch(tx, &token.hash(), now).await?;
    Ok((token, cart.ok_or_else(|| DbErr::RecordNotInserted)?))
}

async fn offer<C: ConnectionTrait>(tx: &C, cart: CartId, addition: &Addition) -> Result<Option<Offer>, DbErr> {
    let text = format!(
        "SELECT p.currency, p.base_price, v.price_modifier, {AVAILABLE_TO_CART} AS available,
                CAST(COALESCE((SELECT l.quantity FROM cart_lines l WHERE l.cart_id = $1 AND l.variation_id = v.id), 0)
                    AS BIGINT) AS in_cart,
                (SELECT COUNT(*) FROM cart_lines l WHERE l.cart_id = $1) AS lines
         FROM variations v JOIN products p ON p.id = v.product_id
         WHERE v.id = $2 AND p.slug = $3 AND v.archived_at IS NULL AND p.archived_at IS NULL"
    );
    let values = [cart.into(), addition.variation.into(), addition.product_slug.clone().into()];
    Offer::find_by_statement(sql(tx, &text, values)).one(tx).await
}
