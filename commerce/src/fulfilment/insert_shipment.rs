//! Writes down what is sent.

use super::entity::{line, shipment};
use super::{ShipmentId, ShipmentLine};
use crate::db::{insert_all, sql};
use crate::inventory::LocationId;
use crate::orders::OrderId;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// A shipment that is about to be written down.
#[derive(Clone, Debug)]
pub struct NewShipment {
    /// Of which order.
    pub order: OrderId,
    /// From where it is sent.
    pub location: LocationId,
    /// The code of its carrier, or the name that staff gave it.
    pub carrier: String,
    /// What the carrier calls the way it sends it.
    pub service: Option<String>,
    /// What the carrier knows it by.
    pub tracking_number: Option<String>,
    /// Where people can see how far it has come.
    pub tracking_url: Option<String>,
    /// Where its label is in the file store.
    pub label_file: Option<String>,
    /// What the carrier calls the order of the label.
    pub carrier_reference: Option<String>,
    /// The key of the request: a second shipment with it is refused by the database.
    pub idempotency_key: String,
    /// When it is handed to the carrier.
    pub shipped_at: DateTime<Utc>,
    /// What is in it; a line may be there once only.
    pub lines: Vec<ShipmentLine>,
}

/// Writes down a shipment under the next number of its order, in a transaction of the caller's who holds the order's
/// row: two at once would take the same number, and one of them would fail.
///
/// # Errors
/// When the database fails or refuses the shipment.
pub async fn insert_shipment<C: ConnectionTrait>(
    tx: &C,
    new: NewShipment,
    now: DateTime<Utc>,
) -> Result<ShipmentId, DbErr> {
    let id = ShipmentId::new(now);
    let text = "SELECT CAST(COALESCE(MAX(number), 0) AS INTEGER) + 1 AS next FROM shipments WHERE order_id = $1";
    let row = tx.query_one_raw(sql(tx, text, [new.order.into()])).await?;
    let number = row.map_or(Ok(1), |row| row.try_get("", "next"))?;
    let row = shipment::ActiveModel {
        id: Set(id),
        order_id: Set(new.order),
        number: Set(number),
        location_id: Set(new.location),
        carrier: Set(new.carrier),
        service: Set(new.service),
        tracking_number: Set(new.tracking_number),
        tracking_url: Set(new.tracking_url),
        label_file: Set(new.label_file),
        carrier_reference: Set(new.carrier_reference),
        idempotency_key: Set(new.idempotency_key),
        created_at: Set(now),
        shipped_at: Set(new.shipped_at),
        delivered_at: Set(None),
        checked_at: Set(None),
        version: Set(1),
    };
    shipment::Entity::insert(row).exec_without_returning(tx).await?;
    let lines = new.lines.into_iter().map(|sent| line::ActiveModel {
        shipment_id: Set(id),
        line_id: Set(sent.line),
        quantity: Set(sent.quantity),
    });
    insert_all::<line::Entity, _>(tx, lines.collect()).await?;
    Ok(id)
}
