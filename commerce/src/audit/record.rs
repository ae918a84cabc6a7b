//! Writes down what is done.

use super::{Done, EntryId, entity};
use crate::Shop;
use crate::events;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// Writes an entry, in the transaction of what it reports.
///
/// # Errors
/// When the database fails; then neither happens.
pub async fn record<C: ConnectionTrait>(shop: &Shop, tx: &C, done: Done<'_>) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let row = entity::ActiveModel {
        id: Set(EntryId::new(now)),
        at: Set(now),
        action: Set(done.action.code().to_owned()),
        actor_id: Set(done.actor),
        subject_id: Set(done.subject),
        client: Set(done.device.client.clone()),
        device: Set(done.device.short_name()),
        correlation_id: Set(events::correlation_id()),
        before: Set(done.before),
        after: Set(done.after),
    };
    entity::Entity::insert(row).exec_without_returning(tx).await.map(drop)
}
