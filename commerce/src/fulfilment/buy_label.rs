//! Staff send something of an order by a carrier at which the shop has an account: what the carrier would take, and the
//! label, which costs money.
//!
//! The label is written down before it is asked for, and asked for outside of a transaction by one request at a time:
//! of two clicks the second is told so, and what was bought before a crash is used when the form is sent again.

use super::carrier::{Carrier, CarrierError, LabelRequest, Parcel as Box, Party, Rate, RateRequest};
use super::labels::{self, Bought, LabelError};
use super::ship::{self, Papers, Parcel, chosen, may_ship, ship_with};
use super::{ShipmentId, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::checkout::Address;
use crate::clock::uuid_at;
use crate::db::{self, sql};
use crate::inventory::{LocationId, queries as stock};
use crate::money::Money;
use crate::orders::cancel::{OrderError, locked};
use crate::orders::{Order, OrderId, OrderLineId};
use crate::token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::sync::Arc;
use uuid::Uuid;

/// How long one request may wait for a carrier before another one asks, in seconds: longer than a carrier is given.
const LEASE_SECONDS: i64 = 90;

/// The most that a parcel may weigh, in grams: no carrier of parcels takes more.
pub const WEIGHT_MOST: i64 = 70_000;

/// The longest side of a parcel, in centimetres.
pub const SIDE_MOST: i64 = 300;

/// A parcel that a carrier is asked about.
#[derive(Clone, Debug)]
pub struct Packed {
    /// From where.
    pub location: LocationId,
    /// The code of the carrier.
    pub carrier: String,
    /// Its weight with everything in it, in grams.
    pub weight_grams: i64,
    /// Its length, width and height in centimetres.
    pub size_cm: [u32; 3],
    /// What is in it.
    pub lines: Vec<(OrderLineId, i64)>,
}

/// Why there are no prices, or no label.
#[derive(Debug, thiserror::Error)]
pub enum BuyError {
    /// The order can't be sent like this.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The carrier does not do it.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// There is no such carrier.
    #[error("no such carrier")]
    UnknownCarrier,
    /// Another request is asking the carrier for the same label.
    #[error("being bought")]
    Busy,
    /// The same form was sent before with another parcel, and its label is bought.
    #[error("bought for another parcel")]
    KeyReused,
    /// The file store failed; the carrier may have made a label.
    #[error(transparent)]
    Files(#[from] object_store::Error),
}

impl From<DbErr> for BuyError {
    fn from(error: DbErr) -> Self {
        Self::Order(error.into())
    }
}

impl db::Transient for BuyError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Order(error) if error.is_transient())
    }
}

/// What a carrier would take for a parcel, by service; a carrier that tells no prices gives none.
///
/// # Errors
/// [`BuyError`].
pub async fn rates(shop: &Shop, who: &SignedIn, order: OrderId, packed: &Packed) -> Result<Vec<Rate>, BuyError> {
    let carrier = allowed(shop, who, &packed.carrier)?;
    let db = shop.db.primary();
    let order = crate::orders::queries::by_id(db, order).await?.ok_or(OrderError::NotFound)?;
    may_ship(&order)?;
    chosen(db, &order, &packed.lines).await?;
    let (from, to, parcel) = described(shop, &order, packed).await?;
    match carrier.rates(&RateRequest { from, to, parcel, at: shop.clock.now() }).await {
        Err(CarrierError::NotOffered) => Ok(Vec::new()),
        outcome => Ok(outcome?),
    }
}

/// Buys the label of a parcel and sends it. `key` names the request: made again, also after it failed, it buys one label
/// and makes one shipment.
///
/// # Errors
/// [`BuyError`]. A label that was bought is used once the same request is made again.
pub async fn send(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    key: &str,
    service: &str,
    packed: &Packed,
) -> Result<ShipmentId, BuyError> {
    let carrier = allowed(shop, who, &packed.carrier)?;
    if let Some(sent) = queries::shipment_by_key(shop.db.primary(), key).await? {
        return if sent.order == order { Ok(sent.id) } else { Err(OrderError::WrongState.into()) };
    }
    let asked = db::retry(|| write_down(shop, order, key, service, packed)).await?;
    let bought = match asked.bought {
        Some(bought) => bought,
        None => buy(shop, carrier.as_ref(), &asked, service, packed).await?,
    };
    let parcel = Parcel {
        key: key.to_owned(),
        location: packed.location,
        carrier: packed.carrier.clone(),
        tracking_number: Some(bought.tracking_number),
        lines: packed.lines.clone(),
    };
    let papers = Papers {
        service: Some(service.to_owned()).filter(|service| !service.is_empty()),
        tracking_url: None,
        label_file: Some(bought.file),
        carrier_reference: bought.reference,
        to: Some(asked.order.delivery_address),
    };
    Ok(ship_with(shop, who, order, &parcel, &papers).await?)
}

/// The carrier of whoever may send parcels.
fn allowed<'a>(shop: &'a Shop, who: &SignedIn, carrier: &str) -> Result<&'a Arc<dyn Carrier>, BuyError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed.into());
    }
    shop.carriers.get(carrier).filter(|carrier| carrier.tracks()).ok_or(BuyError::UnknownCarrier)
}

/// A label that this request may ask for, or that was bought already.
struct Asked {
    id: Uuid,
    until: DateTime<Utc>,
    order: Order,
    bought: Option<Bought>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    order_id: OrderId,
    request: String,
    bought: Option<serde_json::Value>,
    asked_until: Option<DateTime<Utc>>,
}

/// Writes down what the carrier is about to be asked for, once it is sure that it can be sent.
async fn write_down(shop: &Shop, order: OrderId, key: &str, service: &str, packed: &Packed) -> Result<Asked, BuyError> {
    let now = shop.clock.now();
    let until = now + TimeDelta::seconds(LEASE_SECONDS);
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    let request = format!("{service} {packed:?} to {}", mark(shop, &order.delivery_address)?);
    may_ship(&order)?;
    let lines = chosen(&tx, &order, &packed.lines).await?;
    ship::is_held(&tx, &order, packed.location, &lines).await?;
    let text = "SELECT id, order_id, request, bought, asked_until FROM label_requests WHERE idempotency_key = $1";
    let known = Row::find_by_statement(sql(&tx, text, [key.into()])).one(&tx).await?;
    let Some(row) = known else {
        let id = uuid_at(now);
        let text =
            "INSERT INTO label_requests (id, order_id, idempotency_key, carrier, request, created_at, asked_until)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = [
            id.into(),
            order.id.into(),
            key.into(),
            packed.carrier.clone().into(),
            request.into(),
            now.into(),
            until.into(),
        ];
        tx.execute_raw(sql(&tx, text, values)).await?;
        tx.commit().await?;
        return Ok(Asked { id, until, order, bought: None });
    };
    if row.order_id != order.id {
        return Err(OrderError::WrongState.into());
    }
    if let Some(bought) = row.bought {
        if row.request != request {
            return Err(BuyError::KeyReused);
        }
        let bought = serde_json::from_value(bought).map_err(|error| DbErr::Json(error.to_string()))?;
        return Ok(Asked { id: row.id, until, order, bought: Some(bought) });
    }
    if row.asked_until.is_some_and(|until| until > now) {
        return Err(BuyError::Busy);
    }
    // The carrier has refused, or whoever asked it is gone: another parcel may be asked for then.
    let text = "UPDATE label_requests SET carrier = $2, request = $3, asked_until = $4 WHERE id = $1";
    let values = [row.id.into(), packed.carrier.clone().into(), request.into(), until.into()];
    tx.execute_raw(sql(&tx, text, values)).await?;
    tx.commit().await?;
    Ok(Asked { id: row.id, until, order, bought: None })
}

/// Tells an address from others without keeping it.
fn mark(shop: &Shop, address: &Address) -> Result<String, DbErr> {
    let address = serde_json::to_vec(address).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(token::hex(&shop.sign("label address", &address)))
}

/// Asks the carrier, and writes down what came of it.
async fn buy(
    shop: &Shop,
    carrier: &dyn Carrier,
    asked: &Asked,
    service: &str,
    packed: &Packed,
) -> Result<Bought, BuyError> {
    let (from, to, parcel) = described(shop, &asked.order, packed).await?;
    let request = LabelRequest {
        key: asked.id.to_string(),
        order_number: asked.order.number.to_string(),
        service: service.to_owned(),
        from,
        to,
        parcel,
        at: shop.clock.now(),
    };
    let outcome = labels::buy(shop, carrier, &request).await;
    let db = shop.db.primary();
    match outcome {
        Ok(bought) => {
            let json = serde_json::to_value(&bought).map_err(|error| DbErr::Json(error.to_string()))?;
            let text = "UPDATE label_requests SET bought = $2, asked_until = NULL WHERE id = $1";
            db::retry(|| db.execute_raw(sql(db, text, [asked.id.into(), json.clone().into()]))).await?;
            Ok(bought)
        }
        Err(error) => {
            // Only as long as nobody else asks.
            let text = "UPDATE label_requests SET asked_until = NULL WHERE id = $1 AND asked_until = $2";
            db.execute_raw(sql(db, text, [asked.id.into(), asked.until.into()])).await?;
            Err(match error {
                LabelError::Carrier(error) => error.into(),
                LabelError::Files(error) => error.into(),
            })
        }
    }
}

/// Who sends it, who gets it, and what it is, as carriers have it.
async fn described(shop: &Shop, order: &Order, packed: &Packed) -> Result<(Party, Party, Box), BuyError> {
    let mut from = Party::seller(&shop.reference().settings);
    if let Some(address) = address_of(shop, packed.location, &from.address.name).await? {
        from.address = address;
    }
    let of = |id: OrderLineId| order.lines.iter().find(|line| line.id == id);
    let names: Vec<_> = packed.lines.iter().filter(|(_, pieces)| *pieces > 0).filter_map(|(id, _)| of(*id)).collect();
    let value = packed.lines.iter().filter_map(|(id, pieces)| {
        let line = of(*id)?;
        Some(line.total.amounts.gross * pieces / i64::from(line.quantity).max(1))
    });
    let parcel = Box {
        weight_grams: packed.weight_grams,
        size_cm: packed.size_cm,
        contents: names.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", "),
        value: Money::new(value.sum(), order.currency),
    };
    Ok((from, Party::recipient(order), parcel))
}

/// The address of a location that has a whole one.
async fn address_of(shop: &Shop, location: LocationId, name: &str) -> Result<Option<Address>, DbErr> {
    let Some(place) = stock::location(shop.db.primary(), location).await? else { return Ok(None) };
    let data = place.data;
    let whole = ![&data.line1, &data.city, &data.country].iter().any(|part| part.is_empty());
    Ok(whole.then(|| Address {
        name: name.to_owned(),
        line1: data.line1,
        line2: data.line2,
        city: data.city,
        region: data.region,
        postal_code: data.postal_code,
        country: data.country,
    }))
}
