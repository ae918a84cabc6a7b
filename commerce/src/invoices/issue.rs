//! Gives an order its invoice number when it is first asked for.

use super::{Invoice, queries};
use crate::Shop;
use crate::db::{for_update, sql};
use crate::orders::{self, Order, OrderId};
use sea_orm::{ConnectionTrait, DbErr};

/// How often the next number is tried: each time somebody else took it, so that there was progress.
const TRIES: u32 = 100;

/// How often an order is read again that was changed while its invoice was issued.
const READS: u32 = 5;

/// An order with its invoice, which says what the order says; `None` for an order that was never placed.
///
/// # Errors
/// When the database fails.
pub async fn with_order(shop: &Shop, order: Order) -> Result<Option<(Order, Invoice)>, DbErr> {
    let (id, mut version) = (order.id, order.version);
    for _ in 0..READS {
        let Some(invoice) = issue(shop, id).await? else { return Ok(None) };
        let Some(order) = orders::queries::by_id(shop.db.latest(), id).await? else { return Ok(None) };
        if order.version == version {
            return Ok(Some((order, invoice)));
        }
        version = order.version;
    }
    Err(DbErr::Custom(format!("order {id} does not stay as it is")))
}

/// The invoice of an order; `None` for an order that was never placed.
///
/// The number is one more than the greatest, found and taken in one statement: of two at once the second waits for the
/// first, finds the number taken and tries the next. So there is no gap, and none is taken by what is rolled back.
///
/// # Errors
/// When the database fails.
pub async fn issue(shop: &Shop, order: OrderId) -> Result<Option<Invoice>, DbErr> {
    let db = shop.db.primary();
    // An order that is just being changed is invoiced as it is then.
    let text = format!(
        "INSERT INTO invoices (order_id, number, issued_at)
         SELECT o.id, COALESCE((SELECT MAX(number) FROM invoices), 0) + 1, $2
         FROM orders o WHERE o.id = $1 AND o.placed_at IS NOT NULL{} ON CONFLICT DO NOTHING",
        for_update(db, "o"),
    );
    for _ in 0..TRIES {
        if let Some(invoice) = queries::of_order(db, order).await? {
            return Ok(Some(invoice));
        }
        let taken = db.execute_raw(sql(db, &text, [order.into(), shop.clock.now().into()])).await?;
        if taken.rows_affected() == 0 && !queries::is_placed(db, order).await? {
            return Ok(None);
        }
    }
    queries::of_order(db, order).await
}
