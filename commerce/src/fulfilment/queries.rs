//! Reads of delivery methods and shipments.

use super::entity::{event, line, shipment};
use super::labels::Bought;
use super::{DeliveryMethod, Shipment, ShipmentId, ShipmentLine, Tracked, TrackingEvent, TrackingKind};
use crate::catalog::queries::currency;
use crate::db::sql;
use crate::money::Money;
use crate::orders::{OrderId, OrderLineId};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};
use std::collections::HashMap;

#[derive(FromQueryResult)]
struct Row {
    code: String,
    name: String,
    description: String,
    currency: String,
    price: i64,
    free_over: Option<i64>,
    min_days: i32,
    max_days: i32,
}

/// The delivery methods on offer, in order.
///
/// # Errors
/// When the database fails.
pub async fn delivery_methods<C: ConnectionTrait>(db: &C) -> Result<Vec<DeliveryMethod>, DbErr> {
    let text = "SELECT code, name, description, currency, price, free_over, min_days, max_days
                FROM delivery_methods WHERE active ORDER BY position, code";
    let rows = Row::find_by_statement(sql(db, text, [])).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency(&row.currency)?;
            Ok(DeliveryMethod {
                code: row.code,
                name: row.name,
                description: row.description,
                price: Money::new(row.price, currency),
                free_over: row.free_over.map(|minor| Money::new(minor, currency)),
                min_days: row.min_days,
                max_days: row.max_days,
            })
        })
        .collect()
}

/// The shipments of an order by their numbers.
///
/// # Errors
/// When the database fails.
pub async fn shipments_of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Shipment>, DbErr> {
    let of_order = shipment::Entity::find().filter(shipment::Column::OrderId.eq(order));
    with_lines(db, of_order.order_by_asc(shipment::Column::Number).all(db).await?).await
}

/// A shipment.
///
/// # Errors
/// When the database fails.
pub async fn shipment_by_id<C: ConnectionTrait>(db: &C, id: ShipmentId) -> Result<Option<Shipment>, DbErr> {
    let row = shipment::Entity::find_by_id(id).one(db).await?;
    Ok(with_lines(db, row.into_iter().collect()).await?.pop())
}

/// The shipment that a request with this key has made.
///
/// # Errors
/// When the database fails.
pub async fn shipment_by_key<C: ConnectionTrait>(db: &C, key: &str) -> Result<Option<Shipment>, DbErr> {
    let row = shipment::Entity::find().filter(shipment::Column::IdempotencyKey.eq(key)).one(db).await?;
    Ok(with_lines(db, row.into_iter().collect()).await?.pop())
}

/// How many pieces of each line of an order were sent.
///
/// # Errors
/// When the database fails.
pub async fn shipped_by_line<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<HashMap<OrderLineId, i64>, DbErr> {
    let text = "SELECT l.line_id, CAST(SUM(l.quantity) AS BIGINT) AS pieces
                FROM shipment_lines l JOIN shipments s ON s.id = l.shipment_id
                WHERE s.order_id = $1 GROUP BY l.line_id";
    let rows = db.query_all_raw(sql(db, text, [order.into()])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "line_id")?, row.try_get("", "pieces")?))).collect()
}

/// How many pieces each line of an order has, in their order.
///
/// # Errors
/// When the database fails.
pub async fn ordered_by_line<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<(OrderLineId, i64)>, DbErr> {
    let text = "SELECT id, CAST(quantity AS BIGINT) AS pieces FROM order_lines WHERE order_id = $1 ORDER BY position";
    let rows = db.query_all_raw(sql(db, text, [order.into()])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "pieces")?))).collect()
}

/// The shipments of an order by their numbers, each with what its carrier has told about it.
///
/// # Errors
/// When the database fails.
pub async fn tracked_of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Tracked>, DbErr> {
    let shipments = shipments_of_order(db, order).await?;
    if shipments.is_empty() {
        return Ok(Vec::new());
    }
    let about = event::Column::ShipmentId.is_in(shipments.iter().map(|shipment| shipment.id));
    let told = event::Entity::find().filter(about);
    let mut events: HashMap<ShipmentId, Vec<TrackingEvent>> = HashMap::new();
    for row in told.order_by_desc(event::Column::At).order_by_desc(event::Column::Id).all(db).await? {
        let kind = TrackingKind::parse(&row.kind).ok_or_else(|| DbErr::Type(format!("no tracking: {}", row.kind)))?;
        let (place, text) = (row.place, row.text);
        let event = TrackingEvent { carrier_event_id: row.carrier_event_id, kind, place, text, at: row.at };
        events.entry(row.shipment_id).or_default().push(event);
    }
    let tracked = |shipment: Shipment| Tracked { told: events.remove(&shipment.id).unwrap_or_default(), shipment };
    Ok(shipments.into_iter().map(tracked).collect())
}

/// A label that was bought for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoughtLabel {
    /// The code of its carrier.
    pub carrier: String,
    /// What came of it.
    pub bought: Bought,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// The labels that were bought for an order, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn labels_of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<BoughtLabel>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        carrier: String,
        bought: serde_json::Value,
        created_at: DateTime<Utc>,
    }
    let text = "SELECT carrier, bought, created_at FROM label_requests
                WHERE order_id = $1 AND bought IS NOT NULL ORDER BY id";
    let rows = Row::find_by_statement(sql(db, text, [order.into()])).all(db).await?;
    rows.into_iter()
        .map(|Row { carrier, bought, created_at }| {
            let bought = serde_json::from_value(bought).map_err(|error| DbErr::Json(error.to_string()))?;
            Ok(BoughtLabel { carrier, bought, at: created_at })
        })
        .collect()
}

async fn with_lines<C: ConnectionTrait>(db: &C, rows: Vec<shipment::Model>) -> Result<Vec<Shipment>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let of_these = line::Entity::find().filter(line::Column::ShipmentId.is_in(rows.iter().map(|row| row.id)));
    let mut lines: HashMap<ShipmentId, Vec<ShipmentLine>> = HashMap::new();
    for row in of_these.order_by_asc(line::Column::LineId).all(db).await? {
        let sent = ShipmentLine { line: row.line_id, quantity: row.quantity };
        lines.entry(row.shipment_id).or_default().push(sent);
    }
    let shipment = |row: shipment::Model| Shipment {
        lines: lines.remove(&row.id).unwrap_or_default(),
        id: row.id,
        order: row.order_id,
        number: row.number,
        location: row.location_id,
        carrier: row.carrier,
        service: row.service,
        tracking_number: row.tracking_number,
        tracking_url: row.tracking_url,
        label_file: row.label_file,
        carrier_reference: row.carrier_reference,
        created_at: row.created_at,
        shipped_at: row.shipped_at,
        delivered_at: row.delivered_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(shipment).collect())
}
