//! Places where stock is.

use crate::inventory::LocationId;
use sea_orm::entity::prelude::*;

/// A warehouse, or the pool of a flash sale.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "locations")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LocationId,
    /// What it is called.
    #[sea_orm(unique)]
    pub name: String,
    /// `warehouse`: ordinary allocation sees no other kind.
    pub kind: String,
    /// Claims are made at the lowest number first.
    pub priority: i32,
    /// ISO 3166-1 alpha-2, empty where unknown.
    pub country: String,
    /// The state or province, perhaps empty.
    pub region: String,
    /// The postal code, perhaps empty.
    pub postal_code: String,
    /// Street and number, perhaps empty.
    pub line1: String,
    /// What the address says beside that, perhaps empty.
    pub line2: String,
    /// The town, perhaps empty.
    pub city: String,
    /// Whether stock may come here; only an empty place is closed.
    pub active: bool,
    /// Counts the changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
