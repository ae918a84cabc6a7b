//! Reads of stock.

use super::{Held, LocationId};
use crate::catalog::VariationId;
use crate::db::sql;
use crate::orders::OrderId;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

#[derive(FromQueryResult)]
struct HeldRow {
    location: LocationId,
    location_name: String,
    variation: VariationId,
    quantity: i64,
}

/// What an order has claimed, by location: where it ships from.
///
/// # Errors
/// When the database fails.
pub async fn held_for_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Held>, DbErr> {
    let text = "SELECT l.id AS location, l.name AS location_name, s.variation_id AS variation, c.quantity
                FROM claims c JOIN stock s ON s.id = c.stock_id JOIN locations l ON l.id = s.location_id
                WHERE c.order_id = $1 ORDER BY l.priority, l.id, s.variation_id";
    let rows = HeldRow::find_by_statement(sql(db, text, [order.into()])).all(db).await?;
    let held = |row: HeldRow| Held {
        location: row.location,
        location_name: row.location_name,
        variation: row.variation,
        quantity: row.quantity,
    };
    Ok(rows.into_iter().map(held).collect())
}
