//! What a cart claims of the stock: taken, changed, given up, handed to its order.
//!
//! Everything here runs in a transaction that holds the cart's lock. What else
//! it locks, it locks in one order, so that two carts never wait for each
//! other in a circle: its own claims, stock rows by their identifiers, expired
//! claims of others that nobody is using, listings.

use super::ledger::{Changed, Ledger};
use super::{ClaimId, Demand, Reason, Shortage, StockId};
use crate::Shop;
use crate::cart::CartId;
use crate::catalog::{ProductId, VariationId};
use crate::db::{for_update, for_update_of_free, placeholders, sql};
use crate::orders::OrderId;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::{BTreeMap, HashMap};

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

/// A stock row as a cart sees it.
#[derive(Clone, FromQueryResult)]
pub(super) struct StockRow {
    pub(super) id: StockId,
    pub(super) variation_id: VariationId,
    pub(super) product_id: ProductId,
    priority: i32,
    on_hand: i64,
    reserved: i64,
    own: i64,
}

/// Makes the claims of a cart equal to `demands` and lets them expire at
/// `expires_at`: takes what is missing, location by location in their order of
/// priority, and gives up what is too much. All or nothing.
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
    let mut ledger = Ledger::new(shop, cart);
    // First of all: from here on nobody takes the cart's own claims for expired.
    let extend = "UPDATE claims SET expires_at = $2 WHERE cart_id = $1";
    tx.execute_raw(sql(tx, extend, [cart.into(), expires_at.into()])).await?;
    let wanted = by_variation(demands);
    let (mut steps, mut short) = allocate(stock_rows(tx, cart, &wanted).await?, &wanted);
    if !short.is_empty() && release_expired_on(tx, &steps, &short, &mut ledger).await? {
        (steps, short) = allocate(stock_rows(tx, cart, &wanted).await?, &wanted);
    }
    if !short.is_empty() {
        return Err(ClaimError::Short(short));
    }
    for step in steps.iter().filter(|step| step.target != step.row.own) {
        apply(tx, step, expires_at, &mut ledger).await?;
    }
    ledger.write(tx).await?;
    Ok(())
}

/// Gives up every claim of a cart.
///
/// # Errors
/// When the database fails.
pub async fn release_cart<C: ConnectionTrait>(shop: &Shop, tx: &C, cart: CartId) -> Result<(), DbErr> {
    let mut ledger = Ledger::new(shop, cart);
    for row in stock_rows(tx, cart, &HashMap::new()).await? {
        release(tx, &Step { row, target: 0 }, &mut ledger).await?;
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
    let mut ledger = Ledger::new(shop, cart);
    for row in stock_rows(tx, cart, &HashMap::new()).await? {
        if row.variation_id == variation {
            let target = row.own.min(keep);
            keep -= target;
            if target < row.own {
                release(tx, &Step { row, target }, &mut ledger).await?;
            }
        }
    }
    ledger.write(tx).await
}

/// Hands the claims of a cart to its order. Touches no stock row.
///
/// # Errors
/// When the database fails.
pub async fn hand_to_order<C: ConnectionTrait>(tx: &C, cart: CartId, order: OrderId) -> Result<u64, DbErr> {
    let text = "UPDATE claims SET order_id = $2, cart_id = NULL, expires_at = NULL WHERE cart_id = $1";
    Ok(tx.execute_raw(sql(tx, text, [cart.into(), order.into()])).await?.rows_affected())
}

/// Whether the claims of a cart are exactly `demands` and none has expired, in
/// one statement. Where they are, nobody takes them until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn cover<C: ConnectionTrait>(
    tx: &C,
    cart: CartId,
    demands: &[Demand],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let text = format!(
        "SELECT s.variation_id, c.quantity, c.expires_at FROM claims c JOIN stock s ON s.id = c.stock_id
         WHERE c.cart_id = $1{}",
        for_update(tx, "c"),
    );
    let mut held = HashMap::<VariationId, i64>::new();
    for row in tx.query_all_raw(sql(tx, &text, [cart.into()])).await? {
        if row.try_get::<DateTime<Utc>>("", "expires_at")? <= now {
            return Ok(false);
        }
        *held.entry(row.try_get("", "variation_id")?).or_default() += row.try_get::<i64>("", "quantity")?;
    }
    Ok(held == by_variation(demands))
}

fn by_variation(demands: &[Demand]) -> HashMap<VariationId, i64> {
    let mut wanted = HashMap::new();
    for demand in demands {
        *wanted.entry(demand.variation).or_default() += demand.quantity;
    }
    wanted
}

/// Locks the stock rows of what is wanted and of what the cart has claimed;
/// gives them in the order in which claims are made.
async fn stock_rows<C: ConnectionTrait>(
    tx: &C,
    cart: CartId,
    wanted: &HashMap<VariationId, i64>,
) -> Result<Vec<StockRow>, DbErr> {
    let mut values: Vec<Value> = vec![cart.into()];
    values.extend(wanted.keys().map(|variation| Value::from(*variation)));
    let of_wanted = match wanted.len() {
        0 => String::new(),
        count => format!(
            " UNION SELECT w.id FROM stock w JOIN locations x ON x.id = w.location_id
              WHERE w.variation_id IN ({}) AND x.kind = 'warehouse'",
            placeholders(2, count),
        ),
    };
    // The rows are named first: joined by an OR, both databases would read the whole stock.
    let text = format!(
        "SELECT s.id, s.variation_id, v.product_id, l.priority, s.on_hand, s.reserved, COALESCE(c.quantity, 0) AS own
         FROM stock s
         JOIN locations l ON l.id = s.location_id
         JOIN variations v ON v.id = s.variation_id
         LEFT JOIN claims c ON c.stock_id = s.id AND c.cart_id = $1
         WHERE s.id IN (SELECT k.stock_id FROM claims k WHERE k.cart_id = $1{of_wanted})
         ORDER BY s.id{}",
        for_update(tx, "s"),
    );
    let mut rows = StockRow::find_by_statement(sql(tx, &text, values)).all(tx).await?;
    rows.sort_by_key(|row| (row.priority, row.id));
    Ok(rows)
}

/// What the claim on a stock row shall be.
struct Step {
    row: StockRow,
    target: i64,
}

/// Decides how much to claim of each row, in the order given; steps come back in the order of identifiers.
fn allocate(rows: Vec<StockRow>, wanted: &HashMap<VariationId, i64>) -> (Vec<Step>, Vec<Shortage>) {
    let mut left = wanted.clone();
    let mut offered = HashMap::<VariationId, i64>::new();
    let mut steps: Vec<Step> = rows
        .into_iter()
        .map(|row| {
            let free = row.on_hand - row.reserved + row.own;
            *offered.entry(row.variation_id).or_default() += free;
            let need = left.entry(row.variation_id).or_default();
            let target = free.min(*need);
            *need -= target;
            Step { row, target }
        })
        .collect();
    steps.sort_by_key(|step| step.row.id);
    let short: BTreeMap<_, _> = left.into_iter().filter(|(_, missing)| *missing > 0).collect();
    let short = short
        .into_keys()
        .map(|variation| Shortage { variation, available: offered.get(&variation).copied().unwrap_or_default() })
        .collect();
    (steps, short)
}

async fn apply<C: ConnectionTrait>(
    tx: &C,
    step: &Step,
    expires_at: DateTime<Utc>,
    ledger: &mut Ledger<'_>,
) -> Result<(), ClaimError> {
    let more = step.target - step.row.own;
    if more < 0 {
        return Ok(release(tx, step, ledger).await?);
    }
    // The condition decides, not what was read before.
    let text = "UPDATE stock SET reserved = reserved + $2, version = version + 1
                WHERE id = $1 AND on_hand - reserved >= $2 RETURNING on_hand, reserved, version";
    let statement = sql(tx, text, [step.row.id.into(), more.into()]);
    let Some(changed) = Changed::find_by_statement(statement).one(tx).await? else {
        let text = "SELECT on_hand - reserved AS available FROM stock WHERE id = $1";
        let row = tx.query_one_raw(sql(tx, text, [step.row.id.into()])).await?;
        let available: i64 = row.map_or(Ok(0), |row| row.try_get("", "available"))?;
        let available = available + step.row.own;
        return Err(ClaimError::Short(vec![Shortage { variation: step.row.variation_id, available }]));
    };
    let text = "INSERT INTO claims (id, stock_id, cart_id, quantity, expires_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (cart_id, stock_id)
                DO UPDATE SET quantity = claims.quantity + excluded.quantity, expires_at = excluded.expires_at";
    let values =
        [ClaimId::new(ledger.now).into(), step.row.id.into(), ledger.cart.into(), more.into(), expires_at.into()];
    tx.execute_raw(sql(tx, text, values)).await?;
    ledger.note(&step.row, more, Reason::Reserved, &changed);
    Ok(())
}

/// Lowers the cart's claim on a stock row to the step's target.
async fn release<C: ConnectionTrait>(tx: &C, step: &Step, ledger: &mut Ledger<'_>) -> Result<(), DbErr> {
    let keep = step.target;
    let changed = if keep == 0 {
        let text = "DELETE FROM claims WHERE stock_id = $1 AND cart_id = $2 RETURNING quantity";
        tx.query_one_raw(sql(tx, text, [step.row.id.into(), ledger.cart.into()])).await?
    } else {
        let text = "UPDATE claims SET quantity = $3 WHERE stock_id = $1 AND cart_id = $2 AND quantity > $3
                    RETURNING quantity";
        tx.query_one_raw(sql(tx, text, [step.row.id.into(), ledger.cart.into(), keep.into()])).await?
    };
    // Somebody else may have released it after it expired.
    if changed.is_some() {
        unreserve(tx, &step.row, step.row.own - keep, ledger).await?;
    }
    Ok(())
}

async fn unreserve<C: ConnectionTrait>(
    tx: &C,
    row: &StockRow,
    quantity: i64,
    ledger: &mut Ledger<'_>,
) -> Result<(), DbErr> {
    let text = "UPDATE stock SET reserved = reserved - $2, version = version + 1
                WHERE id = $1 RETURNING on_hand, reserved, version";
    if let Some(changed) = Changed::find_by_statement(sql(tx, text, [row.id.into(), quantity.into()])).one(tx).await? {
        ledger.note(row, -quantity, Reason::Released, &changed);
    }
    Ok(())
}

/// Gives up what other carts have held for too long of what is short; whether there was any.
async fn release_expired_on<C: ConnectionTrait>(
    tx: &C,
    steps: &[Step],
    short: &[Shortage],
    ledger: &mut Ledger<'_>,
) -> Result<bool, DbErr> {
    let mut any = false;
    for Step { row, .. } in steps.iter().filter(|step| short.iter().any(|of| of.variation == step.row.variation_id)) {
        let released = delete_expired(tx, row.id, ledger.cart, ledger.now).await?;
        if released > 0 {
            unreserve(tx, row, released, ledger).await?;
            any = true;
        }
    }
    Ok(any)
}

/// Deletes the expired claims on a stock row, except those of one cart and
/// those that their cart is just extending; gives their sum.
async fn delete_expired<C: ConnectionTrait>(
    tx: &C,
    stock: StockId,
    except: CartId,
    now: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let text = format!(
        "DELETE FROM claims WHERE id IN (
             SELECT id FROM claims WHERE stock_id = $1 AND expires_at <= $2 AND cart_id <> $3{}
         ) RETURNING quantity",
        for_update_of_free(tx, "claims"),
    );
    let rows = tx.query_all_raw(sql(tx, &text, [stock.into(), now.into(), except.into()])).await?;
    rows.iter().map(|row| row.try_get::<i64>("", "quantity")).sum()
}

/// Gives up every claim on a stock row that has expired.
///
/// # Errors
/// When the database fails.
pub(super) async fn release_expired_on_row<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    stock: StockId,
) -> Result<i64, DbErr> {
    let nobody = CartId(uuid::Uuid::nil());
    let mut ledger = Ledger::new(shop, nobody);
    let text = format!(
        "SELECT s.id, s.variation_id, v.product_id, 0 AS priority, s.on_hand, s.reserved, CAST(0 AS BIGINT) AS own
         FROM stock s JOIN variations v ON v.id = s.variation_id WHERE s.id = $1{}",
        for_update(tx, "s"),
    );
    let Some(row) = StockRow::find_by_statement(sql(tx, &text, [stock.into()])).one(tx).await? else { return Ok(0) };
    let released = delete_expired(tx, stock, nobody, ledger.now).await?;
    if released > 0 {
        unreserve(tx, &row, released, &mut ledger).await?;
    }
    ledger.write(tx).await?;
    Ok(released)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn row(variation: u128, stock: u128, on_hand: i64, reserved: i64, own: i64) -> StockRow {
        StockRow {
            id: StockId(Uuid::from_u128(stock)),
            variation_id: VariationId(Uuid::from_u128(variation)),
            product_id: ProductId(Uuid::nil()),
            priority: 0,
            on_hand,
            reserved,
            own,
        }
    }

    proptest! {
        #[test]
        fn what_is_allocated_is_what_was_wanted(
            stock in prop::collection::vec((0_u128..3, 0_i64..20, 0_i64..20, 0_i64..20), 0..8),
            wants in prop::collection::hash_map(0_u128..3, 1_i64..40, 0..3),
        ) {
            let rows: Vec<_> = stock
                .into_iter()
                .zip(0..)
                .map(|((variation, on_hand, reserved, own), id)| {
                    let reserved = reserved.min(on_hand);
                    row(variation, id, on_hand, reserved, own.min(reserved))
                })
                .collect();
            let wanted: HashMap<_, _> =
                wants.into_iter().map(|(id, quantity)| (VariationId(Uuid::from_u128(id)), quantity)).collect();
            let (steps, short) = allocate(rows.clone(), &wanted);
            prop_assert!(steps.is_sorted_by_key(|step| step.row.id));
            for (variation, quantity) in &wanted {
                let targets: i64 = rows
                    .iter()
                    .filter(|row| row.variation_id == *variation)
                    .map(|row| steps.iter().find(|step| step.row.id == row.id).map_or(row.own, |step| step.target))
                    .sum();
                let missing = short.iter().find(|short| short.variation == *variation);
                match missing {
                    None => prop_assert_eq!(targets, *quantity),
                    Some(short) => {
                        prop_assert!(short.available < *quantity);
                        prop_assert_eq!(targets, short.available);
                    }
                }
            }
            for step in &steps {
                prop_assert!(step.target >= 0);
                prop_assert!(step.row.reserved - step.row.own + step.target <= step.row.on_hand);
            }
        }
    }
}
