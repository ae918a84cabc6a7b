//! What must be true of stock and of what is claimed of it.

use super::{Check, Finding};
use crate::Shop;
use crate::db::{self, sql};
use crate::inventory::receive::DISCREPANCIES;
use crate::inventory::recount::recount;
use crate::inventory::release_expired::{SWEEP_SECONDS, release_expired_of};
use crate::inventory::{Actor, StockId, claims};
use crate::orders::{Lifecycle, OrderId};
use crate::payments::record::lock;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("stock", "Stock is the sum of its ledger, and reserved is the sum of the claims.", disagreeing)
            .repaired_by(|shop, finding| Box::pin(recount(shop, StockId(finding.id)))),
        Check::new("stock-bounds", "0 ≤ reserved ≤ on hand.", out_of_bounds),
        Check::new("claims-of-cancelled", "Orders that were given up claim nothing.", claims_of_cancelled)
            .repaired_by(|shop, finding| Box::pin(release_cancelled(shop, finding))),
        Check::new("expired-holds", "Holds that have expired are released within two sweeps.", expired_holds)
            .repaired_by(|shop, finding| Box::pin(release_holds(shop, finding))),
    ]
}

fn disagreeing(_: &Shop) -> (String, Vec<sea_orm::Value>) {
    let text = format!(
        "SELECT s.id, v.sku || ' at ' || l.name || ': on hand ' || s.on_hand || ' (ledger ' || COALESCE((
                    SELECT SUM(m.delta_on_hand) FROM stock_movements m WHERE m.stock_id = s.id), 0)
                || '), reserved ' || s.reserved || ' (ledger ' || COALESCE((
                    SELECT SUM(m.delta_reserved) FROM stock_movements m WHERE m.stock_id = s.id), 0)
                || ', claims ' || COALESCE((SELECT SUM(c.quantity) FROM claims c WHERE c.stock_id = s.id), 0)
                || ')' AS what
         FROM stock s JOIN variations v ON v.id = s.variation_id JOIN locations l ON l.id = s.location_id
         WHERE s.id IN ({DISCREPANCIES})"
    );
    (text, Vec::new())
}

fn out_of_bounds(_: &Shop) -> (String, Vec<sea_orm::Value>) {
    let text = "SELECT s.id, v.sku || ': on hand ' || s.on_hand || ', reserved ' || s.reserved AS what
                FROM stock s JOIN variations v ON v.id = s.variation_id
                WHERE s.reserved < 0 OR s.on_hand < s.reserved";
    (text.to_owned(), Vec::new())
}

fn claims_of_cancelled(_: &Shop) -> (String, Vec<sea_orm::Value>) {
    let text = "SELECT o.id, o.number || ' claims ' || SUM(c.quantity) AS what
                FROM claims c JOIN orders o ON o.id = c.order_id
                WHERE o.lifecycle = $1 GROUP BY o.id, o.number";
    (text.to_owned(), vec![Lifecycle::Cancelled.code().into()])
}

async fn release_cancelled(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    let order = OrderId(finding.id);
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        lock(&tx, order).await?;
        let text = "SELECT 1 AS one FROM orders WHERE id = $1 AND lifecycle = $2";
        let values = [order.into(), Lifecycle::Cancelled.code().into()];
        if tx.query_one_raw(sql(&tx, text, values)).await?.is_none() {
            return Ok(false);
        }
        claims::release_order(shop, &tx, order, &Actor::System).await?;
        tx.commit().await?;
        shop.outbox.notify_one();
        Ok(true)
    })
    .await
}

fn expired_holds(shop: &Shop) -> (String, Vec<sea_orm::Value>) {
    let text = "SELECT s.id, v.sku || ': carts hold ' || SUM(c.quantity) || ' whose time is over' AS what
                FROM claims c JOIN stock s ON s.id = c.stock_id JOIN variations v ON v.id = s.variation_id
                WHERE c.expires_at <= $1 GROUP BY s.id, v.sku";
    let before = shop.clock.now() - TimeDelta::seconds(i64::from(2 * SWEEP_SECONDS));
    (text.to_owned(), vec![before.into()])
}

async fn release_holds(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    let released = release_expired_of(shop, StockId(finding.id)).await?;
    if released > 0 {
        shop.outbox.notify_one();
    }
    Ok(released > 0)
}
