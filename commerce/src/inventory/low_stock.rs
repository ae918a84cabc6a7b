//! Notices when little is left of a variation.

use super::StockLow;
use crate::Shop;
use crate::catalog::VariationId;
use crate::db::{self, for_no_key_update, placeholders, sql};
use crate::events::{self, NewEvent};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, Value};
use std::collections::BTreeSet;

/// How many of a variation `v` are available in all warehouses.
pub(super) const AVAILABLE: &str = "CAST(COALESCE((
        SELECT SUM(s.on_hand - s.reserved) FROM stock s JOIN locations l ON l.id = s.location_id
        WHERE s.variation_id = v.id AND l.kind = 'warehouse'
    ), 0) AS BIGINT)";

/// How many of a variation `v` are in all warehouses that no order has claimed. What carts hold is not gone: staff would
/// be told with every shopper who only looks, and not be told of who buys after that.
const UNSOLD: &str = "CAST(COALESCE((
        SELECT SUM(s.on_hand - COALESCE((
            SELECT SUM(c.quantity) FROM claims c WHERE c.stock_id = s.id AND c.order_id IS NOT NULL
        ), 0)) FROM stock s JOIN locations l ON l.id = s.location_id
        WHERE s.variation_id = v.id AND l.kind = 'warehouse'
    ), 0) AS BIGINT)";

/// Notices which of these variations have run low by what carts held and orders claim now: who places an order changes
/// no stock row. To be called once they are placed.
///
/// # Errors
/// When the database fails.
pub async fn notice_sold(shop: &Shop, variations: &BTreeSet<VariationId>) -> Result<(), DbErr> {
    if variations.is_empty() {
        return Ok(());
    }
    let db = shop.db.primary();
    let default_threshold = shop.reference().settings.low_stock;
    // Hardly ever any: with what carts hold there would be even fewer.
    let among = placeholders(2, variations.len());
    let text = format!(
        "SELECT v.id FROM variations v WHERE v.id IN ({among}) AND v.low_since IS NULL
         AND {AVAILABLE} < COALESCE(v.low_stock_threshold, $1)"
    );
    let values = std::iter::once(Value::from(default_threshold));
    let values = values.chain(variations.iter().map(|variation| (*variation).into()));
    let rows = db.query_all_raw(sql(db, &text, values)).await?;
    let near = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<BTreeSet<VariationId>, _>>()?;
    if near.is_empty() {
        return Ok(());
    }
    let notice = async || {
        let tx = shop.db.begin().await?;
        let low = evaluate(&tx, &near, default_threshold, shop.clock.now()).await?;
        events::emit(shop, &tx, low.iter().map(|low| NewEvent::of(low, low.alert)).collect()).await?;
        tx.commit().await
    };
    db::retry(notice).await?;
    shop.outbox.notify_one();
    Ok(())
}

/// Notes which of these variations have run low or are so no more; gives those that just did.
///
/// To be called by everybody who has changed how many of them there are that no order has claimed, where that is or was
/// below the threshold, after the change: who comes last then sees the sum over all locations as it is, since the
/// variations are locked first.
pub(super) async fn evaluate<C: ConnectionTrait>(
    tx: &C,
    variations: &BTreeSet<VariationId>,
    default_threshold: i64,
    now: DateTime<Utc>,
) -> Result<Vec<StockLow>, DbErr> {
    if variations.is_empty() {
        return Ok(Vec::new());
    }
    let lock = for_no_key_update(tx, "v");
    if !lock.is_empty() {
        // A statement sees what was there when it began: this one waits, the next one sees.
        let among = placeholders(1, variations.len());
        let text = format!("SELECT v.id FROM variations v WHERE v.id IN ({among}) ORDER BY v.id{lock}");
        tx.query_all_raw(sql(tx, &text, variations.iter().map(|variation| (*variation).into()))).await?;
    }
    let among = placeholders(3, variations.len());
    let text = format!(
        "UPDATE variations AS v SET
             low_since = CASE WHEN v.low_since IS NULL THEN $1 ELSE NULL END,
             low_alerts = v.low_alerts + CASE WHEN v.low_since IS NULL THEN 1 ELSE 0 END
         WHERE v.id IN ({among}) AND (v.low_since IS NULL) = ({UNSOLD} < COALESCE(v.low_stock_threshold, $2))
         RETURNING id, sku, COALESCE(low_stock_threshold, $2) AS threshold, low_alerts, (low_since IS NOT NULL) AS is_low"
    );
    let values = [Value::from(now), default_threshold.into()];
    let values = values.into_iter().chain(variations.iter().map(|variation| (*variation).into()));
    let mut low = Vec::new();
    for row in tx.query_all_raw(sql(tx, &text, values)).await? {
        if row.try_get("", "is_low")? {
            let variation: VariationId = row.try_get("", "id")?;
            low.push(StockLow {
                variation,
                sku: row.try_get("", "sku")?,
                available: unsold(tx, variation).await?,
                threshold: row.try_get("", "threshold")?,
                alert: row.try_get("", "low_alerts")?,
            });
        }
    }
    low.sort_by_key(|low| low.variation);
    Ok(low)
}

async fn unsold<C: ConnectionTrait>(tx: &C, variation: VariationId) -> Result<i64, DbErr> {
    let text = format!("SELECT {UNSOLD} AS unsold FROM variations v WHERE v.id = $1");
    let row = tx.query_one_raw(sql(tx, &text, [variation.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "unsold"))
}
