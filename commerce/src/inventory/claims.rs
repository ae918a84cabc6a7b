//! What carts and orders claim of the stock: taken, changed, given up, handed from one to the other.
//!
//! Everything here runs in a transaction that holds the lock of the cart or the
//! order. What else it locks, it locks in one order, so that no two wait for
//! each other in a circle: a cart's own claims, stock rows by their
//! identifiers, expired claims of others that nobody is using, variations that
//! run low, listings.

use super::allocate::{Place, Step, allocate};
use super::ledger::Ledger;
use super::reserve::{apply, release, release_expired};
use super::rows::{self, StockRow};
use super::{Actor, Claimant, Demand, Shortage};
use crate::Shop;
use crate::cart::CartId;
use crate::catalog::VariationId;
use crate::checkout::{Address, Contact};
use crate::db::{in_list, sql};
use crate::orders::OrderId;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::HashMap;

/// Why claims could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There is not enough of these.
    #[error("not enough stock")]
    Short(Vec<Shortage>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

crate::db::transient_by_db!(ClaimError);

/// What is handed from a cart to its order.
#[derive(Clone, Debug)]
pub struct Handover {
    /// The cart that has claimed it.
    pub cart: CartId,
    /// The order that was made of the cart.
    pub order: OrderId,
    /// What the order is to have claimed.
    pub demands: Vec<Demand>,
}

/// Makes the claims of a cart equal to `demands` and lets them expire at
/// `expires_at`: takes what is missing and gives up what is too much, by
/// location as [`allocate`] says for the address of its checkout, if that is
/// known. All or nothing.
///
/// # Errors
/// [`ClaimError::Short`] names every variation of which there is not enough;
/// the transaction is then to be rolled back.
pub async fn claim_for_cart<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    cart: CartId,
    demands: &[Demand],
    expires_at: DateTime<Utc>,
) -> Result<(), ClaimError> {
    // First of all: from here on nobody takes the cart's own claims for expired.
    let extend = "UPDATE claims SET expires_at = $2 WHERE cart_id = $1";
    tx.execute_raw(sql(tx, extend, [cart.into(), expires_at.into()])).await?;
    let ledger = Ledger::of_holds(shop, Actor::Shopper, Some(cart.0));
    claim(tx, Claimant::Cart(cart), demands, Some(expires_at), ledger).await
}

/// Makes the claims of an order equal to `demands`, which may be more than it
/// has, less, or nothing; they don't expire. Locations are chosen by the
/// order's address. The transaction holds the lock of the order.
///
/// # Errors
/// [`ClaimError::Short`] names every variation of which there is not enough;
/// the transaction is then to be rolled back.
pub async fn claim_for_order<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    demands: &[Demand],
    actor: &Actor,
) -> Result<(), ClaimError> {
    let ledger = Ledger::new(shop, *actor, Some(order.0));
    claim(tx, Claimant::Order(order), demands, None, ledger).await
}

async fn claim<C: ConnectionTrait>(
    tx: &C,
    claimant: Claimant,
    demands: &[Demand],
    expires_at: Option<DateTime<Utc>>,
    mut ledger: Ledger<'_>,
) -> Result<(), ClaimError> {
    let wanted = by_variation(demands);
    let variations: Vec<VariationId> = wanted.keys().copied().collect();
    let rows = rows::of_claimant(tx, claimant, &variations).await?;
    let destination = if are_apart(&rows) { destination(tx, claimant).await? } else { None };
    let (mut steps, mut short) = allocate(rows, &wanted, destination.as_ref());
    if !short.is_empty() && release_expired_on(tx, claimant, &steps, &short, &mut ledger).await? {
        let rows = rows::of_claimant(tx, claimant, &variations).await?;
        (steps, short) = allocate(rows, &wanted, destination.as_ref());
    }
    if !short.is_empty() {
        return Err(ClaimError::Short(short));
    }
    for step in steps.iter().filter(|step| step.target != step.row.own) {
        apply(tx, claimant, step, expires_at, &mut ledger).await?;
    }
    ledger.write(tx).await?;
    Ok(())
}

/// Gives up every claim of a cart.
///
/// # Errors
/// When the database fails.
pub async fn release_cart<C: ConnectionTrait>(shop: &Shop, tx: &C, cart: CartId) -> Result<(), DbErr> {
    release_all(tx, Claimant::Cart(cart), Ledger::of_holds(shop, Actor::Shopper, Some(cart.0))).await
}

/// Gives up everything that an order still claims, in a transaction that holds its lock.
///
/// # Errors
/// When the database fails.
pub async fn release_order<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    actor: &Actor,
) -> Result<(), DbErr> {
    release_all(tx, Claimant::Order(order), Ledger::new(shop, *actor, Some(order.0))).await
}

async fn release_all<C: ConnectionTrait>(tx: &C, claimant: Claimant, mut ledger: Ledger<'_>) -> Result<(), DbErr> {
    for row in rows::of_claimant(tx, claimant, &[]).await? {
        release(tx, claimant, &Step { row, target: 0 }, &mut ledger).await?;
    }
    ledger.write(tx).await
}

/// Lowers what a cart has claimed of a variation to `keep` at most.
///
/// # Errors
/// When the database fails.
pub async fn lower<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    cart: CartId,
    variation: VariationId,
    mut keep: i64,
) -> Result<(), DbErr> {
    let claimant = Claimant::Cart(cart);
    let mut ledger = Ledger::of_holds(shop, Actor::Shopper, Some(cart.0));
    let mut rows = rows::of_claimant(tx, claimant, &[]).await?;
    // What is kept is kept where claims are made first.
    rows.sort_by_key(|row| (row.priority, row.id));
    for row in rows.into_iter().filter(|row| row.variation_id == variation) {
        let target = row.own.min(keep);
        keep -= target;
        release(tx, claimant, &Step { row, target }, &mut ledger).await?;
    }
    ledger.write(tx).await
}

/// Hands the claims of carts to their orders, in one statement that touches no stock row. Gives the orders among these
/// that have not exactly what is demanded claimed then, for [`claim_for_order`]: their carts have lost something after
/// it expired. The transaction has written the orders.
///
/// # Errors
/// When the database fails.
pub async fn hand_to_orders<'a, C: ConnectionTrait>(
    tx: &C,
    orders: &'a [Handover],
) -> Result<Vec<&'a Handover>, DbErr> {
    let (list, carts) = in_list(tx, 1, orders.iter().map(|order| order.cart));
    let text = format!(
        "UPDATE claims SET order_id = (SELECT o.id FROM orders o WHERE o.cart_id = claims.cart_id), cart_id = NULL,
                expires_at = NULL WHERE cart_id {list}
         RETURNING order_id, quantity,
                (SELECT s.variation_id FROM stock s WHERE s.id = claims.stock_id) AS variation_id"
    );
    let mut handed = HashMap::<OrderId, HashMap<VariationId, i64>>::new();
    for row in tx.query_all_raw(sql(tx, &text, carts)).await? {
        let of_order = handed.entry(row.try_get("", "order_id")?).or_default();
        *of_order.entry(row.try_get("", "variation_id")?).or_default() += row.try_get::<i64>("", "quantity")?;
    }
    let is_short = |of: &&Handover| handed.remove(&of.order).unwrap_or_default() != by_variation(&of.demands);
    Ok(orders.iter().filter(is_short).collect())
}

fn by_variation(demands: &[Demand]) -> HashMap<VariationId, i64> {
    let mut wanted = HashMap::new();
    for demand in demands.iter().filter(|demand| demand.quantity > 0) {
        *wanted.entry(demand.variation).or_default() += demand.quantity;
    }
    wanted
}

/// Whether there is a choice of locations.
fn are_apart(rows: &[StockRow]) -> bool {
    rows.windows(2).any(|pair| matches!(pair, [one, other] if one.location_id != other.location_id))
}

/// Where a cart or an order goes, as far as it is known.
async fn destination<C: ConnectionTrait>(tx: &C, claimant: Claimant) -> Result<Option<Place>, DbErr> {
    let text = match claimant {
        Claimant::Cart(_) => "SELECT contact AS place FROM checkouts WHERE cart_id = $1",
        Claimant::Order(_) => "SELECT delivery_address AS place FROM orders WHERE id = $1",
    };
    let Some(row) = tx.query_one_raw(sql(tx, text, [claimant.id().into()])).await? else { return Ok(None) };
    let Some(place) = row.try_get::<Option<serde_json::Value>>("", "place")? else { return Ok(None) };
    let address = match claimant {
        Claimant::Cart(_) => serde_json::from_value::<Contact>(place).map(|contact| contact.delivery),
        Claimant::Order(_) => serde_json::from_value::<Address>(place),
    };
    let address = address.map_err(|error| DbErr::Json(error.to_string()))?;
    let place = Place { country: address.country, region: address.region, postal_code: address.postal_code };
    Ok(Some(place).filter(|place| !place.country.is_empty()))
}

/// Gives up what other carts have held for too long of what is short; whether there was any.
async fn release_expired_on<C: ConnectionTrait>(
    tx: &C,
    claimant: Claimant,
    steps: &[Step],
    short: &[Shortage],
    ledger: &mut Ledger<'_>,
) -> Result<bool, DbErr> {
    let mut any = false;
    for Step { row, .. } in steps.iter().filter(|step| short.iter().any(|of| of.variation == step.row.variation_id)) {
        any |= release_expired(tx, row, Some(claimant), ledger).await? > 0;
    }
    Ok(any)
}
