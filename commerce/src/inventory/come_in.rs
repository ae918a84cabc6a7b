//! Stock that comes to a location, whatever for.

use super::ledger::{Changed, Delta, Ledger};
use super::{LocationId, Reason, StockId, rows};
use crate::catalog::VariationId;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::collections::BTreeMap;

/// Sums up quantities by variation.
pub(super) fn summed(items: &[(VariationId, i64)]) -> BTreeMap<VariationId, i64> {
    let mut sums = BTreeMap::<_, i64>::new();
    for (variation, quantity) in items {
        let sum = sums.entry(*variation).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    sums
}

/// Opens the stock rows at a location that are not there yet, empty, and locks all of them.
pub(super) async fn opened<C: ConnectionTrait>(
    tx: &C,
    location: LocationId,
    variations: &[VariationId],
    ledger: &Ledger<'_>,
) -> Result<Vec<rows::StockRow>, DbErr> {
    let there = rows::at(tx, &[location], variations).await?;
    if there.len() == variations.len() {
        return Ok(there);
    }
    for variation in variations.iter().filter(|of| !there.iter().any(|row| row.variation_id == **of)) {
        let text = "INSERT INTO stock (id, variation_id, location_id, on_hand, reserved, version)
                    VALUES ($1, $2, $3, 0, 0, 0) ON CONFLICT (variation_id, location_id) DO NOTHING";
        let values = [StockId::new(ledger.now).into(), (*variation).into(), location.into()];
        tx.execute_raw(sql(tx, text, values)).await?;
    }
    rows::at(tx, &[location], variations).await
}

/// Adds quantities to the stock of a location.
///
/// # Errors
/// When there is no such location or variation, a quantity is negative, or the database fails.
pub(super) async fn come_in<C: ConnectionTrait>(
    tx: &C,
    location: LocationId,
    items: &[(VariationId, i64)],
    reason: Reason,
    ledger: &mut Ledger<'_>,
) -> Result<(), DbErr> {
    let mut sums = summed(items);
    if sums.values().any(|quantity| *quantity < 0) {
        return Err(DbErr::Custom("a negative quantity can't come in".to_owned()));
    }
    sums.retain(|_, quantity| *quantity > 0);
    let variations: Vec<_> = sums.keys().copied().collect();
    for row in opened(tx, location, &variations, ledger).await? {
        let more = sums.get(&row.variation_id).copied().unwrap_or_default();
        let text = "UPDATE stock SET on_hand = on_hand + $2, version = version + 1
                    WHERE id = $1 RETURNING on_hand, reserved, version";
        let statement = sql(tx, text, [row.id.into(), more.into()]);
        if let Some(changed) = Changed::find_by_statement(statement).one(tx).await? {
            ledger.note(&row, Delta::on_hand(more), reason, &changed);
        }
    }
    Ok(())
}
