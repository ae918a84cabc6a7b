//! Labels are bought once and kept in the file store.

use super::carrier::{Carrier, CarrierError, Label, LabelRequest};
use crate::Shop;
use crate::db::{placeholders, sql};
use crate::money::Money;
use crate::orders::OrderLineId;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A label that was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bought {
    /// Where it is in the file store.
    pub file: String,
    /// What kind of file it is.
    pub media_type: String,
    /// What the carrier knows the parcel by.
    pub tracking_number: String,
    /// What the carrier calls the order of the label.
    pub reference: Option<String>,
    /// What it cost, if the carrier says.
    pub cost: Option<Money>,
}

/// Why there is no label.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// The carrier did not make one.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// The file store failed; the carrier may have made one.
    #[error(transparent)]
    Files(#[from] Error),
}

/// Buys a label, once for each key: asked again, it gives the one that was bought. No carrier promises that itself, so
/// that a crash between the carrier's answer and ours can leave a label there that nobody uses; carriers bill those
/// that are scanned.
///
/// # Errors
/// [`LabelError`].
pub async fn buy(shop: &Shop, carrier: &dyn Carrier, request: &LabelRequest) -> Result<Bought, LabelError> {
    // A key is the caller's, and a path is not.
    let name = data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{}:{}", carrier.code(), request.key)));
    let file = format!("labels/{name}");
    let note = note_of(&file);
    match shop.files.get(&note).await {
        Ok(kept) => {
            // What can't be read was cut off while it was written: before anybody was given it.
            if let Ok(bought) = serde_json::from_slice(&kept.bytes().await?) {
                return Ok(bought);
            }
        }
        Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let Label { reference, tracking_number, document, media_type, cost } = carrier.label(request).await?;
    shop.files.put(&Path::from(file.as_str()), document.into()).await?;
    let bought = Bought { file, media_type, tracking_number, reference, cost };
    let text = serde_json::to_vec(&bought).unwrap_or_else(|_| unreachable!("texts and numbers"));
    shop.files.put(&note, text.into()).await?;
    Ok(bought)
}

/// Where it is noted that a label was bought.
pub(super) fn note_of(file: &str) -> Path {
    Path::from(format!("{file}.json"))
}

/// The label of a shipment, to be printed.
///
/// # Errors
/// When it is not there, or the file store fails.
pub async fn read(shop: &Shop, file: &str) -> Result<Vec<u8>, Error> {
    Ok(shop.files.get(&Path::from(file)).await?.bytes().await?.to_vec())
}

/// What these pieces of an order weigh, in grams, as their variations say now.
///
/// # Errors
/// When the database fails.
pub async fn weight_of<C: ConnectionTrait>(db: &C, pieces: &[(OrderLineId, i64)]) -> Result<i64, DbErr> {
    if pieces.is_empty() {
        return Ok(0);
    }
    let text = format!(
        "SELECT l.id, CAST(v.weight_grams AS BIGINT) AS grams FROM order_lines l
         JOIN variations v ON v.id = l.variation_id WHERE l.id IN ({})",
        placeholders(1, pieces.len())
    );
    let rows = db.query_all_raw(sql(db, &text, pieces.iter().map(|(line, _)| (*line).into()))).await?;
    let mut grams = 0_i64;
    for row in rows {
        let (line, each): (OrderLineId, i64) = (row.try_get("", "id")?, row.try_get("", "grams")?);
        let count = pieces.iter().find(|(known, _)| *known == line).map_or(0, |(_, count)| *count);
        grams = grams.saturating_add(each.saturating_mul(count));
    }
    Ok(grams)
}
