//! Operations of staff on stock: each has a key of the form that asked for it, so that a second click does nothing more.

use super::{OperationKey, StockError};
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use std::fmt::Debug;

/// Takes the key of an operation; `false` where the same operation was done before and is not to be done again.
///
/// # Errors
/// [`StockError::KeyReused`] where the key was another operation's, or when the database fails.
pub(super) async fn begin<C: ConnectionTrait>(
    tx: &C,
    key: OperationKey,
    kind: &str,
    content: &impl Debug,
    note: &str,
    now: DateTime<Utc>,
) -> Result<bool, StockError> {
    let fingerprint = crate::token::hex(&Sha256::digest(format!("{kind} {content:?} {note}")));
    let text = "INSERT INTO stock_operations (id, kind, fingerprint, note, created_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (id) DO NOTHING";
    let values = [key.into(), kind.into(), fingerprint.clone().into(), note.into(), now.into()];
    if tx.execute_raw(sql(tx, text, values)).await?.rows_affected() == 1 {
        return Ok(true);
    }
    let text = "SELECT fingerprint FROM stock_operations WHERE id = $1";
    let row = tx.query_one_raw(sql(tx, text, [key.into()])).await?.ok_or(StockError::Busy)?;
    if row.try_get::<String>("", "fingerprint")? == fingerprint { Ok(false) } else { Err(StockError::KeyReused) }
}
