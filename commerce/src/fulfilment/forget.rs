//! What carriers know and tell of people is not kept longer than it is of use.

use super::labels;
use crate::Shop;
use crate::db::sql;
use crate::orders::OrderId;
use chrono::TimeDelta;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

/// How many days after shipping a label, which has name and address on it, is kept: as long as carriers look for
/// what was lost.
const LABEL_DAYS: i64 = 90;

/// How many labels one round deletes.
const BATCH: u32 = 200;

/// Takes out of an order's shipments what leads to its recipient, in a transaction of the caller's. What was sent and
/// when stays. A label's file goes [`LABEL_DAYS`] after shipping, whoever asks.
///
/// # Errors
/// When the database fails.
pub async fn forget_order<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<(), DbErr> {
    let text = "DELETE FROM shipment_events WHERE shipment_id IN (SELECT id FROM shipments WHERE order_id = $1)";
    tx.execute_raw(sql(tx, text, [order.into()])).await?;
    // A label that was bought and never used is found by what is known of it.
    let text = "DELETE FROM label_requests WHERE order_id = $1 AND (bought IS NULL OR idempotency_key IN
                    (SELECT idempotency_key FROM shipments WHERE order_id = $1))";
    tx.execute_raw(sql(tx, text, [order.into()])).await?;
    let text = "UPDATE shipments SET tracking_number = NULL, tracking_url = NULL, carrier_reference = NULL,
                                     version = version + 1 WHERE order_id = $1";
    tx.execute_raw(sql(tx, text, [order.into()])).await.map(drop)
}

/// Deletes labels that nobody needs any more, with what was noted to buy them; gives how many.
///
/// # Errors
/// When the database fails. A file that can't be deleted is tried again later.
pub async fn purge_labels(shop: &Shop) -> Result<u64, DbErr> {
    let db = shop.db.primary();
    let before = shop.clock.now() - TimeDelta::days(LABEL_DAYS);
    let text = format!(
        "SELECT DISTINCT label_file FROM shipments WHERE label_file IS NOT NULL AND shipped_at < $1 LIMIT {BATCH}"
    );
    let mut deleted = 0;
    for row in db.query_all_raw(sql(db, &text, [before.into()])).await? {
        let file: String = row.try_get("", "label_file")?;
        if is_gone(shop, &file).await {
            let text = "UPDATE shipments SET label_file = NULL WHERE label_file = $1";
            deleted += db.execute_raw(sql(db, text, [file.into()])).await?.rows_affected();
        }
    }
    // Those of parcels that were sent are gone by now; of the others nobody else knows.
    let text = format!(
        "SELECT id, bought FROM label_requests r WHERE created_at < $1 AND NOT EXISTS
             (SELECT 1 FROM shipments s WHERE s.idempotency_key = r.idempotency_key AND s.label_file IS NOT NULL)
         LIMIT {BATCH}"
    );
    for row in db.query_all_raw(sql(db, &text, [before.into()])).await? {
        let (id, bought): (Uuid, Option<serde_json::Value>) = (row.try_get("", "id")?, row.try_get("", "bought")?);
        let file = bought.as_ref().and_then(|bought| bought["file"].as_str());
        if match file {
            Some(file) => is_gone(shop, file).await,
            None => true,
        } {
            db.execute_raw(sql(db, "DELETE FROM label_requests WHERE id = $1", [id.into()])).await?;
        }
    }
    Ok(deleted)
}

/// Deletes a label and the note about it; says whether they are gone.
async fn is_gone(shop: &Shop, file: &str) -> bool {
    for name in [labels::note_of(file), Path::from(file)] {
        match shop.files.delete(&name).await {
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(error) => {
                tracing::warn!(%error, "label not deleted");
                return false;
            }
        }
    }
    true
}
