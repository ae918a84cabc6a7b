//! Reads of checkouts.

use super::{Checkout, entity};
use crate::Shop;
use crate::cart::queries::{Joined, Key};
use crate::cart::{self, Cart, CartId};
use crate::inventory::Demand;
use crate::money::Money;
use crate::payments::PaymentContext;
use crate::pricing::{LineToPrice, PriceError, TotalsContext, totals};
use crate::store_credit;
use crate::token::Token;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, IdenStatic, Iterable};

/// The checkout that a guest has begun; `None` where there is none.
///
/// # Errors
/// When the database fails.
pub async fn checkout(shop: &Shop, token: &Token) -> Result<Option<Checkout>, DbErr> {
    // Not from a replica: the page after a step must show that step.
    Ok(load(shop, shop.db.latest(), Key::Token(&token.hash()), false).await?.pop())
}

/// The checkout of a cart for who makes sure of its claims: it is not asked what else there is. `None` where it was not
/// begun.
pub(super) async fn of_cart<C: ConnectionTrait>(shop: &Shop, db: &C, cart: CartId) -> Result<Option<Checkout>, DbErr> {
    Ok(of_carts(shop, db, &[cart]).await?.pop())
}

/// The same of several carts: of those where it was begun.
pub(super) async fn of_carts<C: ConnectionTrait>(
    shop: &Shop,
    db: &C,
    carts: &[CartId],
) -> Result<Vec<Checkout>, DbErr> {
    load(shop, db, Key::Ids(carts), true).await
}

/// The carts and what their checkouts have gathered, in one statement, and one for each that uses store credit.
async fn load<C: ConnectionTrait>(shop: &Shop, db: &C, key: Key<'_>, by_claims: bool) -> Result<Vec<Checkout>, DbErr> {
    let columns = entity::Column::iter().map(|column| format!(", h.{0} AS checkout_{0}", column.as_str())).collect();
    let joined = Joined { columns, join: "LEFT JOIN checkouts h ON h.cart_id = k.id", by_claims };
    let mut checkouts = Vec::new();
    for (cart, row) in cart::queries::load(db, key, &joined).await? {
        if row.try_get::<Option<CartId>>("checkout_", "cart_id")?.is_none() {
            continue;
        }
        let row = entity::Model::from_query_result(&row, "checkout_")?;
        let credit = match row.use_credit {
            true => store_credit::queries::of_cart(db, cart.id, cart.currency).await?,
            false => Money::zero(cart.currency),
        };
        checkouts.push(assemble(shop, cart, row, credit).map_err(|error| DbErr::Custom(error.to_string()))?);
    }
    Ok(checkouts)
}

/// Puts together what the page shows and what placing charges: one function for both. `credit` is the store credit
/// that can be used.
fn assemble(shop: &Shop, cart: Cart, row: entity::Model, credit: Money) -> Result<Checkout, PriceError> {
    let reference = shop.reference();
    let subtotal = cart.subtotal();
    let delivery_offers: Vec<_> = reference
        .delivery_methods
        .iter()
        .filter(|method| method.price.currency() == cart.currency)
        .map(|method| (method.clone(), method.price_for(subtotal)))
        .collect();
    let chosen = delivery_offers.iter().find(|(method, _)| Some(&method.code) == row.delivery_method.as_ref());
    let country = row.contact.as_ref().map_or(reference.settings.country.as_str(), |c| c.delivery.country.as_str());
    let lines: Vec<_> = cart
        .lines
        .iter()
        .filter_map(|line| {
            let unit_price = line.unit_price?;
            Some(LineToPrice { unit_price, quantity: line.quantity, tax_class: line.tax_class.clone() })
        })
        .collect();
    let context = TotalsContext {
        currency: cart.currency,
        prices_include_tax: reference.settings.prices_include_tax,
        rates: &reference.tax_rates,
        country,
        delivery: chosen.map(|(_, price)| *price),
    };
    let totals = totals(context, &lines)?;
    let total = totals.to_pay();
    let credit = Money::new(credit.minor().min(total.minor()), total.currency());
    let due = Money::new(total.minor() - credit.minor(), total.currency());
    // Where credit pays for everything, what is on offer is for whoever rather keeps it.
    let offered_for = if due.minor() == 0 { total } else { due };
    let payment_offers = shop.gateways.methods(PaymentContext { total: offered_for, country });
    Ok(Checkout {
        delivery: chosen.map(|(method, _)| method.clone()),
        payment: payment_offers.iter().find(|method| Some(method.code) == row.payment_method.as_deref()).cloned(),
        contact: row.contact,
        uses_credit: row.use_credit,
        credit,
        note: row.note,
        hold_started_at: row.hold_started_at,
        hold_expires_at: row.hold_expires_at,
        totals,
        delivery_offers,
        payment_offers,
        cart,
    })
}

/// What a cart wants of the stock.
pub(super) fn demands(cart: &Cart) -> Vec<Demand> {
    cart.lines
        .iter()
        .map(|line| Demand { variation: line.variation, product: line.product, quantity: i64::from(line.quantity) })
        .collect()
}
