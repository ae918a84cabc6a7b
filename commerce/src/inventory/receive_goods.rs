//! Goods arrive at a location.

use super::come_in::{come_in, summed};
use super::ledger::Ledger;
use super::{Actor, Line, LocationId, OperationKey, QUANTITY_MOST, Reason, StockError, locations, operation};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::audit::{self, Action, Done};
use crate::db;
use serde_json::json;

/// Adds goods to the stock of a location, once per key. `note` is for the ledger: a delivery note, a supplier.
///
/// # Errors
/// [`StockError`]; nothing has come in then.
pub async fn receive_goods(
    shop: &Shop,
    who: &SignedIn,
    key: OperationKey,
    location: LocationId,
    lines: &[Line],
    note: &str,
) -> Result<(), StockError> {
    who.require(Permission::StockWrite)?;
    if lines.is_empty() || lines.iter().any(|line| !(1..=QUANTITY_MOST).contains(&line.quantity)) {
        return Err(StockError::OutOfRange);
    }
    db::retry(|| attempt(shop, who, key, location, lines, note)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(
    shop: &Shop,
    who: &SignedIn,
    key: OperationKey,
    location: LocationId,
    lines: &[Line],
    note: &str,
) -> Result<(), StockError> {
    let tx = shop.db.begin().await?;
    let now = shop.clock.now();
    if !operation::begin(&tx, key, "receive", &(location, lines), note, now).await? {
        return Ok(());
    }
    let place = locations::lock_open(&tx, location).await?;
    let items: Vec<_> = lines.iter().map(|line| (line.variation, line.quantity)).collect();
    let skus = locations::skus(&tx, &summed(&items)).await?;
    let mut ledger = Ledger::new(shop, Actor::Staff(who.user), Some(key.0));
    come_in(&tx, location, &items, Reason::Received, &mut ledger).await?;
    ledger.write(&tx).await?;
    let after = json!({ "location": place.name, "received": skus, "note": note });
    let done =
        Done { action: Action::StockReceived, actor: Some(who.user), subject: None, before: None, after: Some(after) };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}
