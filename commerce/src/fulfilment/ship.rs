//! Staff send something of an order, and note that it has come.

use super::insert_shipment::{NewShipment, insert_shipment};
use super::record_tracking::set_delivered;
use super::shipment::fulfilment_of;
use super::{Shipment, ShipmentId, ShipmentLine, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::catalog::VariationId;
use crate::checkout::Address;
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::inventory::ship::{ShipError, could_take, take};
use crate::inventory::{Actor, LocationId};
use crate::orders::cancel::{OrderError, locked};
use crate::orders::{Fulfilment, Lifecycle, Order, OrderId, OrderLineId, OrderNumber, Payment};
use crate::payments::PaymentTerms;
use crate::payments::record::settle_up;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be sent in one go.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Names the request: made again, it is the same shipment.
    pub key: String,
    /// From where.
    pub location: LocationId,
    /// The code of the carrier, or a name of it.
    pub carrier: String,
    /// What the carrier knows it by.
    pub tracking_number: Option<String>,
    /// What is in it.
    pub lines: Vec<(OrderLineId, i64)>,
}

/// What goes with a parcel beside what staff say of it.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// What the carrier calls the way it sends it.
    pub service: Option<String>,
    /// Where people can see how far it has come, where that is not the carrier's usual page.
    pub tracking_url: Option<String>,
    /// Where its label is in the file store.
    pub label_file: Option<String>,
    /// What the carrier calls the order of the label.
    pub carrier_reference: Option<String>,
    /// To where its label sends it: an order that goes elsewhere since is not sent with it.
    pub to: Option<Address>,
}

/// Reports that something of an order was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderShipped {
    /// Which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// Which shipment.
    pub shipment: ShipmentId,
    /// Who brings it.
    pub carrier: String,
    /// What the carrier knows it by.
    pub tracking_number: Option<String>,
    /// What is in it.
    pub lines: Vec<ShipmentLine>,
    /// Whether everything of the order is sent with it.
    pub complete: bool,
}
event!(OrderShipped, version 1, about order);

/// Reports that a shipment has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShipmentDelivered {
    /// Of which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// Which shipment.
    pub shipment: ShipmentId,
    /// Whether everything of the order has come with it.
    pub complete: bool,
}
event!(ShipmentDelivered, version 1, about order);

impl From<ShipError> for OrderError {
    fn from(error: ShipError) -> Self {
        match error {
            ShipError::NotHeld(_) => Self::NotHeld,
            ShipError::Db(error) => Self::Db(error),
        }
    }
}

/// Whether something of an order may be sent: it stands, and is paid where that has to be before.
pub fn may_ship(order: &Order) -> Result<(), OrderError> {
    if order.lifecycle != Lifecycle::Placed || matches!(order.fulfilment, Fulfilment::Shipped | Fulfilment::Delivered) {
        return Err(OrderError::WrongState);
    }
    let paid = matches!(order.payment, Payment::Authorised | Payment::Paid | Payment::PartlyRefunded);
    if order.payment_terms == PaymentTerms::InAdvance && !paid && order.total.gross > 0 {
        return Err(OrderError::Unpaid);
    }
    Ok(())
}

/// The same of a row of `orders`.
pub(crate) const MAY_SHIP: &str = "lifecycle = 'placed' AND fulfilment IN ('unfulfilled', 'partly_shipped')
    AND (payment_terms <> 'in_advance' OR payment IN ('authorised', 'paid', 'partly_refunded') OR total <= 0)";

/// Sends something of an order: takes it out of the stock, and has its money taken where that waited for it.
///
/// # Errors
/// [`OrderError`]: more of a line than is left, nothing at all, or not held at that location.
pub async fn ship(shop: &Shop, who: &SignedIn, order: OrderId, parcel: &Parcel) -> Result<ShipmentId, OrderError> {
    ship_with(shop, who, order, parcel, &Papers::default()).await
}

/// As [`ship`], with papers.
///
/// # Errors
/// [`OrderError`].
pub async fn ship_with(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    parcel: &Parcel,
    papers: &Papers,
) -> Result<ShipmentId, OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    let shipment = db::retry(|| attempt(shop, who.user, order, parcel, papers)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(shipment)
}

async fn attempt(
    shop: &Shop,
    staff: UserId,
    order: OrderId,
    parcel: &Parcel,
    papers: &Papers,
) -> Result<ShipmentId, OrderError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    if let Some(sent) = queries::shipment_by_key(&tx, &parcel.key).await? {
        return if sent.order == order.id { Ok(sent.id) } else { Err(OrderError::WrongState) };
    }
    may_ship(&order)?;
    if papers.to.as_ref().is_some_and(|to| *to != order.delivery_address) {
        return Err(OrderError::WrongState);
    }
    let lines = chosen(&tx, &order, &parcel.lines).await?;
    let usual = || shop.carriers.tracking_url(&parcel.carrier, parcel.tracking_number.as_ref()?);
    let tracking_url = papers.tracking_url.clone().or_else(usual);
    let new = NewShipment {
        order: order.id,
        location: parcel.location,
        carrier: parcel.carrier.clone(),
        service: papers.service.clone(),
        tracking_number: parcel.tracking_number.clone(),
        tracking_url,
        label_file: papers.label_file.clone(),
        carrier_reference: papers.carrier_reference.clone(),
        idempotency_key: parcel.key.clone(),
        shipped_at: now,
        lines: lines.clone(),
    };
    let shipment = insert_shipment(&tx, new, now).await?;
    let items = items(&order, &lines)?;
    take(shop, &tx, order.id, parcel.location, &items, shipment.0, &Actor::Staff(staff)).await?;
    let (fulfilment, version) = refresh(&tx, order.id, now).await?;
    let shipped = OrderShipped {
        order: order.id,
        number: order.number,
        shipment,
        carrier: parcel.carrier.clone(),
        tracking_number: parcel.tracking_number.clone(),
        lines,
        complete: fulfilment != Fulfilment::PartlyShipped,
    };
    events::emit(shop, &tx, vec![NewEvent::of(&shipped, version)]).await?;
    settle_up(shop, &tx, order.id, now, &[]).await?;
    let after = serde_json::json!({ "order": order.number.to_string(), "shipment": shipment.to_string(),
        "carrier": parcel.carrier });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::OrderShipped, staff) };
    audit::record(&tx, now, done).await?;
    tx.commit().await?;
    Ok(shipment)
}

/// How many of which variations lines are.
fn items(order: &Order, lines: &[ShipmentLine]) -> Result<Vec<(VariationId, i64)>, OrderError> {
    let mut items = BTreeMap::<VariationId, i64>::new();
    for sent in lines {
        let line = order.lines.iter().find(|line| line.id == sent.line).ok_or(OrderError::NotFound)?;
        *items.entry(line.variation).or_default() += sent.quantity;
    }
    Ok(items.into_iter().collect())
}

/// Makes sure that an order could send these from a location now.
pub(super) async fn is_held<C: ConnectionTrait>(
    tx: &C,
    order: &Order,
    location: LocationId,
    lines: &[ShipmentLine],
) -> Result<(), OrderError> {
    Ok(could_take(tx, order.id, location, &items(order, lines)?).await?)
}

/// The pieces that are to be sent, of those that are left.
pub(super) async fn chosen<C: ConnectionTrait>(
    tx: &C,
    order: &Order,
    lines: &[(OrderLineId, i64)],
) -> Result<Vec<ShipmentLine>, OrderError> {
    let shipped = queries::shipped_by_line(tx, order.id).await?;
    let mut wanted = BTreeMap::<OrderLineId, i64>::new();
    for (line, quantity) in lines {
        let sum = wanted.entry(*line).or_default();
        *sum = sum.checked_add((*quantity).max(0)).ok_or(OrderError::TooMuch)?;
    }
    wanted.retain(|_, quantity| *quantity > 0);
    if wanted.is_empty() {
        return Err(OrderError::Nothing);
    }
    for (id, quantity) in &wanted {
        let line = order.lines.iter().find(|line| line.id == *id).ok_or(OrderError::NotFound)?;
        let left = i64::from(line.quantity) - shipped.get(id).copied().unwrap_or_default();
        if *quantity > left {
            return Err(OrderError::TooMuch);
        }
    }
    Ok(wanted.into_iter().map(|(line, quantity)| ShipmentLine { line, quantity }).collect())
}

/// Makes the fulfilment of an order follow from its shipments, in a transaction that holds its lock; gives it, and the
/// version of the order.
pub(crate) async fn refresh<C: ConnectionTrait>(
    tx: &C,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(Fulfilment, i64), OrderError> {
    let ordered = queries::ordered_by_line(tx, order).await?;
    let fulfilment = fulfilment_of(&ordered, &queries::shipments_of_order(tx, order).await?);
    let text =
        "UPDATE orders SET fulfilment = $2, version = version + 1, updated_at = $3 WHERE id = $1 RETURNING version";
    let values = [order.into(), fulfilment.code().into(), now.into()];
    let row = tx.query_one_raw(sql(tx, text, values)).await?.ok_or(OrderError::NotFound)?;
    Ok((fulfilment, row.try_get("", "version")?))
}

/// Staff note that a shipment has come; one that had come already stays so.
///
/// # Errors
/// [`OrderError`].
pub async fn deliver(shop: &Shop, who: &SignedIn, shipment: ShipmentId) -> Result<(), OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    db::retry(|| attempt_to_deliver(shop, who.user, shipment)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt_to_deliver(shop: &Shop, staff: UserId, shipment: ShipmentId) -> Result<(), OrderError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let sent = queries::shipment_by_id(&tx, shipment).await?.ok_or(OrderError::NotFound)?;
    let order = locked(&tx, sent.order).await?;
    if !set_delivered(&tx, shipment, now).await? {
        return Ok(());
    }
    came(shop, &tx, &order, &sent, now).await?;
    let after = serde_json::json!({ "order": order.number.to_string(), "shipment": shipment.to_string() });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::ShipmentDelivered, staff) };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}

/// What follows for an order whose lock is held from a shipment that has come.
pub(super) async fn came<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: &Order,
    sent: &Shipment,
    now: DateTime<Utc>,
) -> Result<(), OrderError> {
    let (fulfilment, version) = refresh(tx, order.id, now).await?;
    let complete = fulfilment == Fulfilment::Delivered;
    let event = ShipmentDelivered { order: order.id, number: order.number, shipment: sent.id, complete };
    Ok(events::emit(shop, tx, vec![NewEvent::of(&event, version)]).await?)
}

/// Notes that carriers have brought a shipment, and what follows for its order.
///
/// # Errors
/// When the database fails.
pub(super) async fn brought<C: ConnectionTrait>(shop: &Shop, tx: &C, shipment: ShipmentId) -> Result<(), DbErr> {
    let Some(sent) = queries::shipment_by_id(tx, shipment).await? else { return Ok(()) };
    let outcome = match locked(tx, sent.order).await {
        Ok(order) => came(shop, tx, &order, &sent, shop.clock.now()).await,
        Err(error) => Err(error),
    };
    match outcome {
        Err(OrderError::Db(error)) => Err(error),
        _ => Ok(()),
    }
}
