//! What an order has claimed leaves a location.

use super::allocate::Step;
use super::come_in::summed;
use super::ledger::{Changed, Delta, Ledger};
use super::reserve::{apply, lower_claim, release};
use super::rows::{self, StockRow};
use super::{Actor, Claimant, LocationId, Reason, StockId, claims::ClaimError};
use crate::Shop;
use crate::catalog::VariationId;
use crate::db::sql;
use crate::orders::OrderId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Something that an order can't ship from a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Of what.
    pub variation: VariationId,
    /// How many the order could ship from there.
    pub held: i64,
    /// How many were to be shipped.
    pub wanted: i64,
}

/// Why something could not be shipped.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// The order has not claimed these there, and can't.
    #[error("the order does not hold what is to be shipped")]
    NotHeld(Vec<Missing>),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

crate::db::transient_by_db!(ShipError);

impl From<ClaimError> for ShipError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Db(error) => Self::Db(error),
            ClaimError::Short(short) => {
                let missing = |short: super::Shortage| Missing {
                    variation: short.variation,
                    held: short.available,
                    wanted: short.available,
                };
                Self::NotHeld(short.into_iter().map(missing).collect())
            }
        }
    }
}

/// Takes what an order ships from a location out of its claims there and out of the stock. What the order has claimed
/// elsewhere is claimed here first, as far as it is free here. `reference` is the shipment. The transaction holds the
/// lock of the order.
///
/// # Errors
/// [`ShipError::NotHeld`] names what the order doesn't hold there; the transaction is then to be rolled back.
pub async fn take<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    location: LocationId,
    items: &[(VariationId, i64)],
    reference: Uuid,
    actor: &Actor,
) -> Result<(), ShipError> {
    let claimant = Claimant::Order(order);
    let mut wanted = summed(items);
    if wanted.values().any(|quantity| *quantity < 0) {
        return Err(DbErr::Custom("a negative quantity can't be shipped".to_owned()).into());
    }
    wanted.retain(|_, quantity| *quantity > 0);
    let mut ledger = Ledger::new(shop, *actor, Some(reference));
    let variations: Vec<_> = wanted.keys().copied().collect();
    let rows = rows::of_claimant(tx, claimant, &variations).await?;
    let (moves, taken) = plan(rows, location, &wanted).map_err(ShipError::NotHeld)?;
    for step in &moves {
        if step.target < step.row.own {
            release(tx, claimant, step, &mut ledger).await?;
        } else {
            apply(tx, claimant, step, None, &mut ledger).await?;
        }
    }
    for (row, quantity) in taken {
        take_row(tx, order, &row, quantity, Reason::Sold, &mut ledger).await?;
    }
    Ok(ledger.write(tx).await?)
}

/// Makes sure that an order could ship these from a location now; takes nothing.
///
/// # Errors
/// As [`take`].
pub async fn could_take<C: ConnectionTrait>(
    tx: &C,
    order: OrderId,
    location: LocationId,
    items: &[(VariationId, i64)],
) -> Result<(), ShipError> {
    let wanted = summed(items);
    let variations: Vec<_> = wanted.keys().copied().collect();
    let rows = rows::of_claimant(tx, Claimant::Order(order), &variations).await?;
    plan(rows, location, &wanted).map(drop).map_err(ShipError::NotHeld)
}

/// Takes everything that an order still claims out of the stock for good: it is broken or lost. The transaction holds
/// the lock of the order.
///
/// # Errors
/// When the database fails.
pub async fn write_off<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    actor: &Actor,
) -> Result<(), ShipError> {
    let mut ledger = Ledger::new(shop, *actor, Some(order.0));
    let mut rows = rows::of_claimant(tx, Claimant::Order(order), &[]).await?;
    rows.sort_by_key(|row| row.id);
    for row in rows.iter().filter(|row| row.own > 0) {
        take_row(tx, order, row, row.own, Reason::Adjusted, &mut ledger).await?;
    }
    Ok(ledger.write(tx).await?)
}

type Plan = (Vec<Step>, Vec<(StockRow, i64)>);

/// Which claims move here from elsewhere, and what is then taken of each row here; rows are in the order of their
/// identifiers, and so is what is given.
fn plan(rows: Vec<StockRow>, location: LocationId, wanted: &BTreeMap<VariationId, i64>) -> Result<Plan, Vec<Missing>> {
    let (mut targets, mut taken, mut missing) = (BTreeMap::<StockId, i64>::new(), Vec::new(), Vec::new());
    for (variation, quantity) in wanted {
        let of: Vec<_> = rows.iter().filter(|row| row.variation_id == *variation).collect();
        let here = of.iter().find(|row| row.location_id == location);
        let elsewhere: i64 = of.iter().filter(|row| row.location_id != location).map(|row| row.own).sum();
        let held = here.map_or(0, |row| row.free().min(row.own + elsewhere));
        let Some(here) = here.filter(|_| held >= *quantity) else {
            missing.push(Missing { variation: *variation, held, wanted: *quantity });
            continue;
        };
        let mut needed = (quantity - here.own).max(0);
        if needed > 0 {
            targets.insert(here.id, here.own + needed);
        }
        for row in of.iter().filter(|row| row.location_id != location) {
            let moved = row.own.min(needed);
            needed -= moved;
            if moved > 0 {
                targets.insert(row.id, row.own - moved);
            }
        }
        // What is taken is taken of a row as it is after the move.
        let own = targets.get(&here.id).copied().unwrap_or(here.own);
        taken.push((StockRow { own, ..(*here).clone() }, *quantity));
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    let moves = rows.into_iter().filter_map(|row| Some(Step { target: *targets.get(&row.id)?, row })).collect();
    taken.sort_by_key(|(row, _)| row.id);
    Ok((moves, taken))
}

async fn take_row<C: ConnectionTrait>(
    tx: &C,
    order: OrderId,
    row: &StockRow,
    quantity: i64,
    reason: Reason,
    ledger: &mut Ledger<'_>,
) -> Result<(), ShipError> {
    let not_held =
        || ShipError::NotHeld(vec![Missing { variation: row.variation_id, held: row.own, wanted: quantity }]);
    if !lower_claim(tx, row.id, "order_id", order.0, row.own - quantity).await? {
        return Err(not_held());
    }
    let text = "UPDATE stock SET on_hand = on_hand - $2, reserved = reserved - $2, version = version + 1
                WHERE id = $1 AND reserved >= $2 RETURNING on_hand, reserved, version";
    let changed = Changed::find_by_statement(sql(tx, text, [row.id.into(), quantity.into()])).one(tx).await?;
    let changed = changed.ok_or_else(not_held)?;
    ledger.note(row, Delta { on_hand: -quantity, reserved: -quantity }, reason, &changed);
    Ok(())
}
