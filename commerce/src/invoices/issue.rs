//! Gives an order its invoice number when it is first asked for.

use super::{Invoice, queries};
use crate::Shop;
use crate::db::sql;
use crate::orders::OrderId;
use sea_orm::{ConnectionTrait, DbErr};

/// How often the next number is tried: each time somebody else took it, so that there was progress.
const TRIES: u32 = 100;

/// The invoice of an order; `None` for an order that was never placed.
///
/// The number is one more than the greatest, found and taken in one statement: of two at once the second waits for the
/// first, finds the number taken and tries the next. So there is no gap, and none is taken by what is rolled back.
///
/// # Errors
/// When the database fails.
pub async fn issue(shop: &Shop, order: OrderId) -> Result<Option<Invoice>, DbErr> {
    let db = shop.db.primary();
    let text = "INSERT INTO invoices (order_id, number, issued_at)
                SELECT o.id, COALESCE((SELECT MAX(number) FROM invoices), 0) + 1, $2
                FROM orders o WHERE o.id = $1 AND o.placed_at IS NOT NULL ON CONFLICT DO NOTHING";
    for _ in 0..TRIES {
        if let Some(invoice) = queries::of_order(db, order).await? {
            return Ok(Some(invoice));
        }
        let taken = db.execute_raw(sql(db, text, [order.into(), shop.clock.now().into()])).await?;
        if taken.rows_affected() == 0 && !queries::is_placed(db, order).await? {
            return Ok(None);
        }
    }
    queries::of_order(db, order).await
}
