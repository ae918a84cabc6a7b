//! Opens a place where stock can be.

use super::{LocationId, entity::location};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// Opens a warehouse at an address that nobody has said. Claims are made at the lowest `priority` first.
///
/// # Errors
/// When the name is taken or the database fails.
pub async fn create_warehouse<C: ConnectionTrait>(
    db: &C,
    name: &str,
    priority: i32,
    now: DateTime<Utc>,
) -> Result<LocationId, DbErr> {
    let id = LocationId::new(now);
    let row = location::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        kind: Set("warehouse".to_owned()),
        priority: Set(priority),
        country: Set(String::new()),
        region: Set(String::new()),
        postal_code: Set(String::new()),
        line1: Set(String::new()),
        line2: Set(String::new()),
        city: Set(String::new()),
        active: Set(true),
        version: Set(1),
        created_at: Set(now),
    };
    location::Entity::insert(row).exec_without_returning(db).await?;
    Ok(id)
}
