//! Claims: what reserves stock.

use crate::cart::CartId;
use crate::inventory::{ClaimId, StockId};
use crate::orders::OrderId;
use sea_orm::entity::prelude::*;

/// A quantity of a stock row that a cart or an order has to itself.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claims")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClaimId,
    /// Of which stock.
    pub stock_id: StockId,
    /// The cart that has it, if no order does.
    pub cart_id: Option<CartId>,
    /// The order that has it, if no cart does.
    pub order_id: Option<OrderId>,
    /// How many.
    pub quantity: i64,
    /// Until when a cart has it; an order has it until it is shipped.
    pub expires_at: Option<DateTimeUtc>,
}

/// Joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
