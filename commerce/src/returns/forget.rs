//! What customers say and show of what they send back is not kept longer than it is of use.

use super::ReturnPhotoId;
use super::photos::photo_path;
use crate::Shop;
use crate::db::sql;
use crate::orders::OrderId;
use chrono::TimeDelta;
use object_store::{Error, ObjectStoreExt};
use sea_orm::{ConnectionTrait, DbErr};

/// How many days after the end of a return its photos are kept, for who asks once more.
const PHOTO_DAYS: i64 = 90;

/// How many photos one round deletes.
const BATCH: u32 = 200;

/// Takes out of an order's returns what was said and shown, in a transaction of the caller's. What was sent back and
/// what became of it stays. Nobody sees a photo from then on; its file goes with the next round of [`purge_photos`].
///
/// # Errors
/// When the database fails.
pub async fn forget_order<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<(), DbErr> {
    const OF_ORDER: &str = "return_id IN (SELECT id FROM returns WHERE order_id = $1)";
    for change in [
        "UPDATE return_lines SET comment = ''",
        "UPDATE return_steps SET note = ''",
        "UPDATE return_photos SET return_id = NULL",
    ] {
        tx.execute_raw(sql(tx, &format!("{change} WHERE {OF_ORDER}"), [order.into()])).await?;
    }
    Ok(())
}

/// Deletes photos that nobody needs any more; gives how many.
///
/// # Errors
/// When the database fails. A file that can't be deleted is tried again later.
pub async fn purge_photos(shop: &Shop) -> Result<u64, DbErr> {
    let db = shop.db.primary();
    let before = shop.clock.now() - TimeDelta::days(PHOTO_DAYS);
    let text = format!(
        "SELECT p.id FROM return_photos p LEFT JOIN returns r ON r.id = p.return_id
         WHERE p.return_id IS NULL OR r.ended_at < $1 LIMIT {BATCH}"
    );
    let mut deleted = 0;
    for row in db.query_all_raw(sql(db, &text, [before.into()])).await? {
        let photo: ReturnPhotoId = row.try_get("", "id")?;
        match shop.files.delete(&photo_path(photo)).await {
            Ok(()) | Err(Error::NotFound { .. }) => {
                let text = "DELETE FROM return_photos WHERE id = $1";
                deleted += db.execute_raw(sql(db, text, [photo.into()])).await?.rows_affected();
            }
            Err(error) => tracing::warn!(%error, "photo not deleted"),
        }
    }
    Ok(deleted)
}
