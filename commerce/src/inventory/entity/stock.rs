//! Stock per variation and location.

use crate::catalog::VariationId;
use crate::inventory::{LocationId, StockId};
use sea_orm::entity::prelude::*;

/// How much of a variation is at a location; `0 <= reserved <= on_hand`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stock")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StockId,
    /// What there is.
    pub variation_id: VariationId,
    /// Where it is.
    pub location_id: LocationId,
    /// How many are there.
    pub on_hand: i64,
    /// How many of them are claimed: the sum of the claims.
    pub reserved: i64,
    /// Counts the changes.
    pub version: i64,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
