//! Notices when little is left of a variation.

use super::StockLow;
use crate::catalog::VariationId;
use crate::db::{for_no_key_update, placeholders, sql};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, Value};
use std::collections::BTreeSet;

/// How many of a variation `v` are available in all warehouses.
pub(super) const AVAILABLE: &str = "CAST(COALESCE((
        SELECT SUM(s.on_hand - s.reserved) FROM stock s JOIN locations l ON l.id = s.location_id
        WHERE s.variation_id = v.id AND l.kind = 'warehouse'
    ), 0) AS BIGINT)";

/// Notes which of these variations have run low or are so no more; gives those that just did.
///
/// Something that has run low is so until goods come in or an order gives back what it claimed, and there are enough.
///
/// To be called by everybody who has changed a stock row whose availability is or was below the threshold, after the
/// change: who comes last then sees the sum over all locations as it is, since the variations are locked first.
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
         WHERE v.id IN ({among}) AND (v.low_since IS NULL) = ({AVAILABLE} < COALESCE(v.low_stock_threshold, $2))
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
                available: available(tx, variation).await?,
                threshold: row.try_get("", "threshold")?,
                alert: row.try_get("", "low_alerts")?,
            });
        }
    }
    low.sort_by_key(|low| low.variation);
    Ok(low)
}

async fn available<C: ConnectionTrait>(tx: &C, variation: VariationId) -> Result<i64, DbErr> {
    let text = format!("SELECT {AVAILABLE} AS available FROM variations v WHERE v.id = $1");
    let row = tx.query_one_raw(sql(tx, &text, [variation.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "available"))
}
