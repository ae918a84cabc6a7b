//! What customers sent back is there again.

use super::come_in::come_in;
use super::ledger::Ledger;
use super::locations::lock;
use super::{Actor, Location, LocationId, Reason};
use crate::Shop;
use crate::catalog::VariationId;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

/// Adds what came back to the stock of a location, in a transaction of the caller's. `reference` is the return.
///
/// # Errors
/// When there is no such location or variation, a quantity is negative, or the database fails.
pub async fn put_back<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    location: LocationId,
    items: &[(VariationId, i64)],
    reference: Uuid,
    actor: &Actor,
) -> Result<(), DbErr> {
    let mut ledger = Ledger::new(shop, *actor, Some(reference));
    come_in(tx, location, items, Reason::Returned, &mut ledger).await?;
    ledger.write(tx).await
}

/// Whether what came back may be kept at a location: an open warehouse, which stays that until the caller's transaction
/// ends.
///
/// # Errors
/// When the database fails.
pub async fn may_come_to<C: ConnectionTrait>(tx: &C, location: LocationId) -> Result<bool, DbErr> {
    let location = lock(tx, location).await?.map(Location::from);
    Ok(location.is_some_and(|location| location.ordinary && location.data.active))
}
