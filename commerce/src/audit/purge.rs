//! Forgets what was written down long ago: network addresses are personal data.

use super::entity;
use crate::Shop;
use chrono::TimeDelta;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

/// How long entries are kept, in days.
const KEPT_DAYS: i64 = 365;

/// Deletes entries that are too old.
///
/// # Errors
/// When the database fails.
pub async fn purge(shop: &Shop) -> Result<(), DbErr> {
    let oldest = shop.clock.now() - TimeDelta::days(KEPT_DAYS);
    entity::Entity::delete_many().filter(entity::Column::At.lt(oldest)).exec(shop.db.primary()).await.map(drop)
}
