//! Stock goes from one location to another.

use super::come_in::{opened, summed};
use super::ledger::{Changed, Delta, Ledger};
use super::rows::{self, StockRow};
use super::{
    Actor, Line, LocationId, OperationKey, QUANTITY_MOST, Reason, Shortage, StockError, StockId, locations, operation,
};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::audit::{self, Action, Done};
use crate::catalog::VariationId;
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::json;
use std::collections::BTreeMap;

/// Where stock goes, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Where it is.
    pub from: LocationId,
    /// Where it goes.
    pub to: LocationId,
    /// What of it.
    pub lines: Vec<Line>,
}

/// Moves what is free at a location to another one, once per key.
///
/// # Errors
/// [`StockError::NotFree`] names what is not there or is claimed; nothing is moved then.
pub async fn transfer(
    shop: &Shop,
    who: &SignedIn,
    key: OperationKey,
    transfer: &Transfer,
    note: &str,
) -> Result<(), StockError> {
    who.require(Permission::StockWrite)?;
    let out_of_range = |line: &Line| !(1..=QUANTITY_MOST).contains(&line.quantity);
    if transfer.lines.is_empty() || transfer.from == transfer.to || transfer.lines.iter().any(out_of_range) {
        return Err(StockError::OutOfRange);
    }
    db::retry(|| attempt(shop, who, key, transfer, note)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(
    shop: &Shop,
    who: &SignedIn,
    key: OperationKey,
    transfer: &Transfer,
    note: &str,
) -> Result<(), StockError> {
    let tx = shop.db.begin().await?;
    let now = shop.clock.now();
    if !operation::begin(&tx, key, "transfer", transfer, note, now).await? {
        return Ok(());
    }
    // In the order of their identifiers, as two transfers may cross.
    let mut places = [transfer.from, transfer.to];
    places.sort();
    let mut names = BTreeMap::new();
    for place in places {
        let found = if place == transfer.to {
            locations::lock_open(&tx, place).await?
        } else {
            locations::lock(&tx, place).await?.ok_or(StockError::UnknownLocation)?
        };
        names.insert(place, found.name);
    }
    let items: Vec<_> = transfer.lines.iter().map(|line| (line.variation, line.quantity)).collect();
    let sums = summed(&items);
    let skus = locations::skus(&tx, &sums).await?;
    let mut ledger = Ledger::new(shop, Actor::Staff(who.user), Some(key.0));
    move_rows(&tx, transfer, &sums, &mut ledger).await?;
    ledger.write(&tx).await?;
    let name = |place| names.get(&place).cloned().unwrap_or_default();
    let after = json!({ "from": name(transfer.from), "to": name(transfer.to), "moved": skus, "note": note });
    let done = Done {
        action: Action::StockTransferred,
        actor: Some(who.user),
        subject: None,
        before: None,
        after: Some(after),
    };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}

async fn move_rows<C: ConnectionTrait>(
    tx: &C,
    transfer: &Transfer,
    sums: &BTreeMap<VariationId, i64>,
    ledger: &mut Ledger<'_>,
) -> Result<(), StockError> {
    let variations: Vec<_> = sums.keys().copied().collect();
    // Locks the rows of both places in one order; those that are only opened now are nobody else's yet.
    let known = rows::at(tx, &[transfer.from, transfer.to], &variations).await?;
    let mut from: BTreeMap<VariationId, StockRow> = BTreeMap::new();
    for row in known.into_iter().filter(|row| row.location_id == transfer.from) {
        from.insert(row.variation_id, row);
    }
    let short: Vec<_> = sums
        .iter()
        .map(|(variation, quantity)| (*variation, *quantity, from.get(variation).map_or(0, StockRow::free)))
        .filter(|(_, quantity, free)| free < quantity)
        .map(|(variation, _, available)| Shortage { variation, available })
        .collect();
    if !short.is_empty() {
        return Err(StockError::NotFree(short));
    }
    let mut changes: BTreeMap<StockId, (StockRow, i64)> = BTreeMap::new();
    for row in opened(tx, transfer.to, &variations, ledger).await? {
        let more = sums.get(&row.variation_id).copied().unwrap_or_default();
        changes.insert(row.id, (row, more));
    }
    for (variation, row) in from {
        let less = sums.get(&variation).copied().unwrap_or_default();
        changes.insert(row.id, (row, -less));
    }
    for (row, delta) in changes.into_values() {
        let text = "UPDATE stock SET on_hand = on_hand + $2, version = version + 1
                    WHERE id = $1 AND on_hand + $2 >= reserved RETURNING on_hand, reserved, version";
        let changed = Changed::find_by_statement(sql(tx, text, [row.id.into(), delta.into()])).one(tx).await?;
        let changed = changed.ok_or_else(|| DbErr::Custom("locked stock changed".to_owned()))?;
        ledger.note(&row, Delta::on_hand(delta), Reason::Moved, &changed);
    }
    Ok(())
}
