//! The append-only ledger of stock.

use crate::inventory::{MovementId, StockId};
use sea_orm::entity::prelude::*;

/// A change of stock.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stock_movements")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MovementId,
    /// Whose stock changed.
    pub stock_id: StockId,
    /// The change of what is there.
    pub delta_on_hand: i64,
    /// The change of what is claimed.
    pub delta_reserved: i64,
    /// Why, by [`Reason::code`](crate::inventory::Reason::code).
    pub reason: String,
    /// Who did it.
    pub actor: String,
    /// The cart, order or transfer it was done for.
    pub reference: Option<Uuid>,
    /// When.
    pub created_at: DateTimeUtc,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
