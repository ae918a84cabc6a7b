//! Reading and keeping settings.

use super::{Settings, entity};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

const SHOP: &str = "shop";

/// The settings of the shop; the defaults for what was never set.
///
/// # Errors
/// When the database fails, or the stored document is none.
pub async fn load<C: ConnectionTrait>(db: &C) -> Result<Settings, DbErr> {
    match entity::Entity::find_by_id(SHOP).one(db).await? {
        Some(row) => serde_json::from_value(row.value).map_err(|error| DbErr::Json(error.to_string())),
        None => Ok(Settings::default()),
    }
}

/// Keeps the settings of the shop.
///
/// # Errors
/// When the database fails.
pub async fn save<C: ConnectionTrait>(db: &C, settings: &Settings, now: DateTime<Utc>) -> Result<(), DbErr> {
    let value = serde_json::to_value(settings).map_err(|error| DbErr::Json(error.to_string()))?;
    let row =
        entity::ActiveModel { key: Set(SHOP.to_owned()), value: Set(value), version: Set(1), updated_at: Set(now) };
    entity::Entity::insert(row)
        .on_conflict(
            OnConflict::column(entity::Column::Key)
                .update_columns([entity::Column::Value, entity::Column::UpdatedAt])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}
