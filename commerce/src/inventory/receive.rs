//! Stock comes in.

use super::entity::{movement, stock};
use super::{LocationId, MovementId, Reason, Receipt, StockId};
use crate::db::{insert_all, sql};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr};

/// Opens the stock of new variations at a location with what has come in.
///
/// # Errors
/// When a variation has stock there already, or the database fails.
pub async fn receive<C: ConnectionTrait>(
    db: &C,
    location: LocationId,
    receipts: Vec<Receipt>,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Vec::with_capacity(receipts.len());
    let mut movements = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        let id = StockId::new(now);
        rows.push(stock::ActiveModel {
            id: Set(id),
            variation_id: Set(receipt.variation),
            location_id: Set(location),
            on_hand: Set(receipt.quantity),
            reserved: Set(0),
            version: Set(1),
        });
        if receipt.quantity != 0 {
            movements.push(movement::ActiveModel {
                id: Set(MovementId::new(now)),
                stock_id: Set(id),
                delta_on_hand: Set(receipt.quantity),
                delta_reserved: Set(0),
                reason: Set(Reason::Received.code().to_owned()),
                actor: Set(actor.to_owned()),
                reference: Set(None),
                created_at: Set(now),
            });
        }
    }
    insert_all::<stock::Entity, _>(db, rows).await?;
    insert_all::<movement::Entity, _>(db, movements).await
}

/// The stock rows with which the ledger or the claims do not agree.
pub(crate) const DISCREPANCIES: &str = "SELECT s.id FROM stock s WHERE
        s.on_hand <> COALESCE((SELECT SUM(m.delta_on_hand) FROM stock_movements m WHERE m.stock_id = s.id), 0)
        OR s.reserved <> COALESCE((SELECT SUM(m.delta_reserved) FROM stock_movements m WHERE m.stock_id = s.id), 0)
        OR s.reserved <> COALESCE((SELECT SUM(c.quantity) FROM claims c WHERE c.stock_id = s.id), 0)";

/// Whether the ledger and the claims agree with the stock rows: names the
/// rows where they don't.
///
/// # Errors
/// When the database fails.
pub async fn discrepancies<C: ConnectionTrait>(db: &C) -> Result<Vec<StockId>, DbErr> {
    db.query_all_raw(sql(db, DISCREPANCIES, [])).await?.iter().map(|row| row.try_get("", "id")).collect()
}
