//! What the forms about the parcels of an order do.

use super::order_actions::{Asked, Refused, asked, text};
use super::parcels::{is_rate, kept_rates};
use crate::page::Page;
use commerce::accounts::Permission;
use commerce::forms::{Errors, FieldError, Fields};
use commerce::fulfilment::buy_label::{self, BuyError, Packed};
use commerce::fulfilment::carrier::CarrierError;
use commerce::fulfilment::forms::{ByHand, RATED, by_hand, packed, service};
use commerce::fulfilment::labels::weight_of;
use commerce::fulfilment::ship::{deliver, ship_with};
use commerce::orders::cancel::OrderError;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    register_explicit::<ShipParcel>();
    register_explicit::<ShowRates>();
    register_explicit::<BuyLabel>();
    register_explicit::<NoteDelivered>();
}

impl From<BuyError> for Refused {
    fn from(error: BuyError) -> Self {
        match error {
            BuyError::Order(error) => error.into(),
            BuyError::UnknownCarrier => Self::field("carrier", FieldError::UnknownChoice),
            BuyError::Carrier(CarrierError::Unavailable) => Self::Code("carrier-unavailable"),
            BuyError::Carrier(CarrierError::Unreadable) => Self::Code("carrier-unreadable"),
            BuyError::Carrier(CarrierError::NotOffered) => Self::Code("carrier-not-offered"),
            BuyError::Carrier(CarrierError::Refused(reason)) => Self::Told("carrier-refused", reason),
            BuyError::Busy => Self::Code("label-busy"),
            BuyError::KeyReused => Self::Code("label-bought"),
            error @ BuyError::Files(_) => {
                crate::layout::log_failure(&error);
                Self::Code("unavailable")
            }
        }
    }
}

/// Sends a parcel that staff bring to a carrier themselves.
#[server(prefix = "/actions", endpoint = "admin/order-ship")]
pub async fn ship_parcel(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, "parcel", fields).await else { return Ok(()) };
    let outcome = match by_hand(&asked.fields) {
        Ok(ByHand { parcel, papers }) => {
            let sent = ship_with(&page.shop, &asked.who, asked.order.id, &parcel, &papers).await;
            sent.map(|_| "order-shipped").map_err(Refused::from)
        }
        Err(errors) => Err(errors.into()),
    };
    asked.answer(&page, outcome).await;
    Ok(())
}

/// Shows what a carrier would take for a parcel, with what was typed.
#[server(prefix = "/actions", endpoint = "admin/order-rates")]
pub async fn show_rates(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(mut asked) = asked(&page, "parcel", fields).await else { return Ok(()) };
    let shown = told(&page, &mut asked).await.unwrap_or_else(|refused| refused);
    asked.answer(&page, Err(shown)).await;
    Ok(())
}

async fn told(page: &Page, asked: &mut Asked) -> Result<Refused, Refused> {
    asked.fields.retain(|name, _| name != RATED && !is_rate(name));
    let packed = weighed(page, asked).await?;
    let rates = buy_label::rates(&page.shop, &asked.who, asked.order.id, &packed).await?;
    if rates.is_empty() {
        return Err(Refused::Code("carrier-no-prices"));
    }
    asked.fields.extend(kept_rates(&rates));
    asked.fields.insert(RATED.to_owned(), packed.carrier);
    Ok(Refused::Fields(Errors::new()))
}

/// Buys the label of a parcel, and sends it.
#[server(prefix = "/actions", endpoint = "admin/order-label")]
pub async fn buy_label(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(mut asked) = asked(&page, "parcel", fields).await else { return Ok(()) };
    let outcome = bought(&page, &mut asked).await;
    asked.answer(&page, outcome.map(|()| "label-sent")).await;
    Ok(())
}

async fn bought(page: &Page, asked: &mut Asked) -> Result<(), Refused> {
    let packed = weighed(page, asked).await?;
    let service = service(&asked.fields)?;
    let key = text(&asked.fields, "key");
    buy_label::send(&page.shop, &asked.who, asked.order.id, &key, &service, &packed).await?;
    Ok(())
}

/// The parcel that a form is about; where no weight was typed, it is what the pieces weigh.
async fn weighed(page: &Page, asked: &mut Asked) -> Result<Packed, Refused> {
    let mut packed = packed(&asked.fields)?;
    if packed.weight_grams == 0 && asked.who.role.allows(Permission::OrdersWrite) {
        packed.weight_grams = weight_of(page.shop.db.primary(), &packed.lines).await.map_err(OrderError::from)?;
        asked.fields.insert("weight".to_owned(), packed.weight_grams.to_string());
    }
    match packed.weight_grams {
        1..=buy_label::WEIGHT_MOST => Ok(packed),
        _ => Err(Refused::field("weight", FieldError::Required)),
    }
}

/// Notes that a parcel has come.
#[server(prefix = "/actions", endpoint = "admin/order-delivered")]
pub async fn note_delivered(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, "parcel", fields).await else { return Ok(()) };
    let outcome = match text(&asked.fields, "shipment").parse() {
        Ok(shipment) => deliver(&page.shop, &asked.who, shipment).await,
        Err(_) => Err(OrderError::NotFound),
    };
    asked.answer(&page, outcome.map(|()| "order-delivered").map_err(Refused::from)).await;
    Ok(())
}
