//! What a cart claims of the stock: taken, changed, given up, handed to its order.
//!
//! Everything here runs in a transaction that holds the cart's lock, and takes
//! stock rows in the order of their identifiers, so that two carts never wait
//! for each other in a circle.

use super::entity::movement;
use super::{ClaimId, Demand, MovementId, Reason, Shortage, StockChanged, StockId};
use crate::Shop;
use crate::cart::CartId;
use crate::catalog::{ProductId, VariationId, projection};
use crate::db::{insert_all, placeholders, sql};
use crate::events::{self, NewEvent};
use crate::orders::OrderId;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// Stock at which a listing shows that little is left; changes above it need no refresh.
const SHOWN_LOW: i64 = 10;

#[derive(Clone, FromQueryResult)]
struct StockRow {
    id: StockId,
    variation_id: VariationId,
    product_id: ProductId,
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
    let mut wanted = HashMap::<VariationId, i64>::new();
    for demand in demands {
        *wanted.entry(demand.variation).or_default() += demand.quantity;
    }
    // A second pass, after what has expired was given up or what was read has changed meanwhile.
    for pass in [Pass::First, Pass::Last] {
        let rows = stock_rows(tx, cart, &wanted).await?;
        let (steps, short) = allocate(&rows, &wanted);
        let outcome = if short.is_empty() {
            apply_all(tx, &steps, expires_at, &mut ledger).await
        } else {
            release_expired_on(tx, &rows, &short, cart, &mut ledger).await?;
            Err(ClaimError::Short(short))
        };
        match (outcome, pass) {
            (Ok(()), _) => break,
            (Err(ClaimError::Short(_)), Pass::First) => {}
            (Err(error), _) => return Err(error),
        }
    }
    let extend = "UPDATE claims SET expires_at = $2 WHERE cart_id = $1 AND expires_at <> $2";
    tx.execute_raw(sql(tx, extend, [cart.into(), expires_at.into()])).await?;
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
        let step = Step { row, target: 0 };
        release(tx, &step, &mut ledger).await?;
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

/// Whether the claims of a cart are exactly `demands` and none has expired, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn cover<C: ConnectionTrait>(
    tx: &C,
    cart: CartId,
    demands: &[Demand],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let text = "SELECT s.variation_id, CAST(SUM(c.quantity) AS BIGINT) AS quantity, MIN(c.expires_at) AS expires_at
                FROM claims c JOIN stock s ON s.id = c.stock_id WHERE c.cart_id = $1 GROUP BY s.variation_id";
    let mut held = HashMap::<VariationId, i64>::new();
    for row in tx.query_all_raw(sql(tx, text, [cart.into()])).await? {
        let expires_at: DateTime<Utc> = row.try_get("", "expires_at")?;
        if expires_at <= now {
            return Ok(false);
        }
        held.insert(row.try_get("", "variation_id")?, row.try_get("", "quantity")?);
    }
    let mut wanted = HashMap::<VariationId, i64>::new();
    for demand in demands {
        *wanted.entry(demand.variation).or_default() += demand.quantity;
    }
    Ok(held == wanted)
}

/// The stock rows of what is wanted and of what the cart has claimed, in the order of their identifiers.
async fn stock_rows<C: ConnectionTrait>(
    tx: &C,
    cart: CartId,
    wanted: &HashMap<VariationId, i64>,
) -> Result<Vec<StockRow>, DbErr> {
    let mut values: Vec<Value> = vec![cart.into()];
    values.extend(wanted.keys().map(|variation| Value::from(*variation)));
    let of_wanted = match wanted.len() {
        0 => String::new(),
        count => format!(" OR (s.variation_id IN ({}) AND l.kind = 'warehouse')", placeholders(2, count)),
    };
    let text = format!(
        "SELECT s.id, s.variation_id, v.product_id, s.on_hand, s.reserved, COALESCE(c.quantity, 0) AS own
         FROM stock s
         JOIN locations l ON l.id = s.location_id
         JOIN variations v ON v.id = s.variation_id
         LEFT JOIN claims c ON c.stock_id = s.id AND c.cart_id = $1
         WHERE c.id IS NOT NULL{of_wanted}
         ORDER BY l.priority, s.id"
    );
    StockRow::find_by_statement(sql(tx, &text, values)).all(tx).await
}

#[derive(Clone, Copy)]
enum Pass {
    First,
    Last,
}

async fn apply_all<C: ConnectionTrait>(
    tx: &C,
    steps: &[Step],
    expires_at: DateTime<Utc>,
    ledger: &mut Ledger<'_>,
) -> Result<(), ClaimError> {
    for step in steps {
        apply(tx, step, expires_at, ledger).await?;
    }
    Ok(())
}

/// What the claim on a stock row shall be.
struct Step {
    row: StockRow,
    target: i64,
}

/// Decides how much to claim of each row, in the order given; steps come back in the order of identifiers.
fn allocate(rows: &[StockRow], wanted: &HashMap<VariationId, i64>) -> (Vec<Step>, Vec<Shortage>) {
    let mut left = wanted.clone();
    let mut offered = HashMap::<VariationId, i64>::new();
    let mut steps: Vec<Step> = rows
        .iter()
        .map(|row| {
            let free = row.on_hand - row.reserved + row.own;
            *offered.entry(row.variation_id).or_default() += free;
            let need = left.entry(row.variation_id).or_default();
            let target = free.min(*need);
            *need -= target;
            Step { row: row.clone(), target }
        })
        .filter(|step| step.target != step.row.own)
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

/// Gives up what other carts have held for too long of what is short.
async fn release_expired_on<C: ConnectionTrait>(
    tx: &C,
    rows: &[StockRow],
    short: &[Shortage],
    cart: CartId,
    ledger: &mut Ledger<'_>,
) -> Result<(), DbErr> {
    let mut wanted: Vec<&StockRow> =
        rows.iter().filter(|row| short.iter().any(|short| short.variation == row.variation_id)).collect();
    wanted.sort_by_key(|row| row.id);
    for row in wanted {
        let released = delete_expired(tx, row.id, Some(cart), ledger.now).await?;
        if released > 0 {
            unreserve(tx, row, released, ledger).await?;
        }
    }
    Ok(())
}

/// Deletes the expired claims on a stock row, except those of one cart; gives their sum.
async fn delete_expired<C: ConnectionTrait>(
    tx: &C,
    stock: StockId,
    except: Option<CartId>,
    now: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let text = "DELETE FROM claims WHERE stock_id = $1 AND expires_at <= $2 AND cart_id <> $3 RETURNING quantity";
    let except = except.unwrap_or(CartId(uuid::Uuid::nil()));
    let rows = tx.query_all_raw(sql(tx, text, [stock.into(), now.into(), except.into()])).await?;
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
    let mut ledger = Ledger::new(shop, CartId(uuid::Uuid::nil()));
    let text = "SELECT s.id, s.variation_id, v.product_id, s.on_hand, s.reserved, CAST(0 AS BIGINT) AS own
                FROM stock s JOIN variations v ON v.id = s.variation_id WHERE s.id = $1";
    let Some(row) = StockRow::find_by_statement(sql(tx, text, [stock.into()])).one(tx).await? else { return Ok(0) };
    let released = delete_expired(tx, stock, None, ledger.now).await?;
    if released > 0 {
        unreserve(tx, &row, released, &mut ledger).await?;
    }
    ledger.write(tx).await?;
    Ok(released)
}

/// What a transaction will have written about the stock it changed.
struct Ledger<'a> {
    shop: &'a Shop,
    cart: CartId,
    now: DateTime<Utc>,
    movements: Vec<movement::ActiveModel>,
    events: Vec<NewEvent>,
    refresh: BTreeSet<ProductId>,
}

/// A stock row after a change.
#[derive(FromQueryResult)]
struct Changed {
    on_hand: i64,
    reserved: i64,
    version: i64,
}

impl<'a> Ledger<'a> {
    fn new(shop: &'a Shop, cart: CartId) -> Self {
        let now = shop.clock.now();
        Self { shop, cart, now, movements: Vec::new(), events: Vec::new(), refresh: BTreeSet::new() }
    }

    fn note(&mut self, row: &StockRow, delta_reserved: i64, reason: Reason, after: &Changed) {
        self.movements.push(movement::ActiveModel {
            id: Set(MovementId::new(self.now)),
            stock_id: Set(row.id),
            delta_on_hand: Set(0),
            delta_reserved: Set(delta_reserved),
            reason: Set(reason.code().to_owned()),
            actor: Set("shopper".to_owned()),
            reference: Set(Some(self.cart.0)),
            created_at: Set(self.now),
        });
        self.events.push(NewEvent::stock_changed(StockChanged {
            stock: row.id,
            variation: row.variation_id,
            on_hand: after.on_hand,
            reserved: after.reserved,
            version: after.version,
            reason,
        }));
        let available = after.on_hand - after.reserved;
        if available.min(available + delta_reserved) <= SHOWN_LOW {
            self.refresh.insert(row.product_id);
        }
    }

    /// Writes the movements, their events, and the listings of products that
    /// are about to sell out or just did.
    async fn write<C: ConnectionTrait>(self, tx: &C) -> Result<(), DbErr> {
        insert_all::<movement::Entity, _>(tx, self.movements).await?;
        events::emit(self.shop, tx, self.events).await?;
        projection::refresh(tx, &self.refresh).await
    }
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
            let (steps, short) = allocate(&rows, &wanted);
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
