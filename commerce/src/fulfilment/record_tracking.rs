//! Writes down what carriers tell about shipments.

use super::entity::event;
use super::{ShipmentId, TrackingEvent, TrackingEventId, TrackingKind};
use crate::Shop;
use crate::db::{self, sql};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// The most characters that are kept of what a carrier says.
const TEXT_MOST: usize = 500;

/// Writes down what a carrier tells about a shipment; what is known already is left as it is. Gives whether the
/// shipment is delivered by it, which is true once only.
///
/// # Errors
/// When the database fails.
pub async fn record_tracking(shop: &Shop, shipment: ShipmentId, events: &[TrackingEvent]) -> Result<bool, DbErr> {
    if events.is_empty() {
        return Ok(false);
    }
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        lock_order(&tx, shipment).await?;
        let delivered = note_tracking(&tx, shipment, events, shop.clock.now()).await?;
        if delivered {
            super::ship::brought(shop, &tx, shipment).await?;
        }
        tx.commit().await?;
        Ok(delivered)
    })
    .await
}

/// Locks the order of a shipment, first of all like everybody else.
async fn lock_order<C: ConnectionTrait>(tx: &C, shipment: ShipmentId) -> Result<(), DbErr> {
    match super::queries::shipment_by_id(tx, shipment).await? {
        Some(sent) => crate::payments::record::lock(tx, sent.order).await,
        None => Ok(()),
    }
}

/// What [`record_tracking`] does, in a transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub async fn note_tracking<C: ConnectionTrait>(
    tx: &C,
    shipment: ShipmentId,
    events: &[TrackingEvent],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    for told in events {
        let row = event::ActiveModel {
            id: Set(TrackingEventId::new(now)),
            shipment_id: Set(shipment),
            carrier_event_id: Set(shortened(&told.carrier_event_id)),
            kind: Set(told.kind.code().to_owned()),
            place: Set(shortened(&told.place)),
            text: Set(shortened(&told.text)),
            at: Set(told.at),
            received_at: Set(now),
        };
        let known = OnConflict::columns([event::Column::ShipmentId, event::Column::CarrierEventId]);
        event::Entity::insert(row)
            .on_conflict(known.to_owned().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(tx)
            .await?;
    }
    let came = events.iter().filter(|told| told.kind == TrackingKind::Delivered).map(|told| told.at).min();
    match came {
        Some(at) => set_delivered(tx, shipment, at).await,
        None => Ok(false),
    }
}

/// Notes that a shipment has come, in a transaction of the caller's; `false` where that was known.
///
/// # Errors
/// When the database fails.
pub async fn set_delivered<C: ConnectionTrait>(tx: &C, shipment: ShipmentId, at: DateTime<Utc>) -> Result<bool, DbErr> {
    let text = "UPDATE shipments SET delivered_at = $2, version = version + 1 WHERE id = $1 AND delivered_at IS NULL";
    Ok(tx.execute_raw(sql(tx, text, [shipment.into(), at.into()])).await?.rows_affected() == 1)
}

fn shortened(text: &str) -> String {
    crate::db::without_zeros(&text.chars().take(TEXT_MOST).collect::<String>())
}
