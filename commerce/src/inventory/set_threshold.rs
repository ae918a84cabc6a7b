//! Staff decide when little is left.

use super::{QUANTITY_MOST, StockError, low_stock, rows};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::audit::{self, Action, Done};
use crate::catalog::VariationId;
use crate::db::{self, for_update, sql};
use sea_orm::ConnectionTrait;
use serde_json::json;

/// Sets below how many available ones a variation is low, or with `None` that the shop's own threshold holds. Whoever
/// sets it sees whether it is low now: nobody is told by mail.
///
/// # Errors
/// [`StockError::OutOfRange`], [`StockError::UnknownVariation`], or the database failed.
pub async fn set_threshold(
    shop: &Shop,
    who: &SignedIn,
    variation: VariationId,
    threshold: Option<i64>,
) -> Result<(), StockError> {
    who.require(Permission::StockWrite)?;
    if threshold.is_some_and(|threshold| !(0..=QUANTITY_MOST).contains(&threshold)) {
        return Err(StockError::OutOfRange);
    }
    db::retry(|| attempt(shop, who, variation, threshold)).await
}

async fn attempt(
    shop: &Shop,
    who: &SignedIn,
    variation: VariationId,
    threshold: Option<i64>,
) -> Result<(), StockError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    // Whoever changes the stock meanwhile goes by the old threshold: they are waited for, and wait for this.
    rows::lock(&tx, None, "SELECT w.id FROM stock w WHERE w.variation_id = $2", [variation.into()]).await?;
    let lock = for_update(&tx, "v");
    let text = format!("SELECT v.sku, v.low_stock_threshold FROM variations v WHERE v.id = $1{lock}");
    let row = tx.query_one_raw(sql(&tx, &text, [variation.into()])).await?.ok_or(StockError::UnknownVariation)?;
    let (sku, before): (String, Option<i64>) = (row.try_get("", "sku")?, row.try_get("", "low_stock_threshold")?);
    if before == threshold {
        return Ok(());
    }
    let text = "UPDATE variations SET low_stock_threshold = $2, version = version + 1, updated_at = $3 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [variation.into(), threshold.into(), now.into()])).await?;
    low_stock::evaluate(&tx, &[variation].into(), shop.reference().settings.low_stock, now).await?;
    let as_json = |threshold: Option<i64>| Some(json!({ "sku": sku, "threshold": threshold }));
    let done = Done {
        action: Action::ThresholdChanged,
        actor: Some(who.user),
        subject: None,
        before: as_json(before),
        after: as_json(threshold),
    };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}
