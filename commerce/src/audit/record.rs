//! Writes down what is done.

use super::{Done, EntryId, entity};
use crate::events;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// Writes an entry, in the transaction of what it reports. From where it was done, the request says that it is part of.
///
/// # Errors
/// When the database fails; then neither happens.
pub async fn record<C: ConnectionTrait>(tx: &C, now: DateTime<Utc>, done: Done) -> Result<(), DbErr> {
    let cause = events::cause();
    let row = entity::ActiveModel {
        id: Set(EntryId::new(now)),
        at: Set(now),
        action: Set(done.action.code().to_owned()),
        actor_id: Set(done.actor),
        subject_id: Set(done.subject),
        client: Set(cause.client.unwrap_or(cause.source)),
        correlation_id: Set(cause.correlation_id),
        before: Set(done.before),
        after: Set(done.after),
    };
    entity::Entity::insert(row).exec_without_returning(tx).await.map(drop)
}
