//! What was sent of an order, as whoever gets it sees it.

use crate::accounts::{day, minute};
use crate::layout::log_failure;
use crate::page::Page;
use commerce::fulfilment::{Shipment, Tracked, TrackingKind, queries};
use commerce::orders::{Fulfilment, Order};
use leptos::prelude::*;

/// What of it a carrier tells, in words.
pub(crate) fn told_words(kind: TrackingKind, text: &str, place: &str) -> String {
    let name = match kind {
        TrackingKind::Announced => "Announced to the carrier",
        TrackingKind::InTransit => "On its way",
        TrackingKind::OutForDelivery => "Out for delivery",
        TrackingKind::Delivered => "Delivered",
        TrackingKind::Problem => "There is a problem",
        TrackingKind::Returned => "Going back to the sender",
    };
    let said: Vec<_> = [text, place].into_iter().filter(|part| !part.is_empty()).collect();
    if said.is_empty() { name.to_owned() } else { format!("{name}: {}", said.join(", ")) }
}

/// What the carrier knows a shipment by, as the way to its page if it has one.
pub(crate) fn tracking(shipment: &Shipment) -> AnyView {
    match (shipment.tracking_url.clone(), shipment.tracking_number.clone()) {
        (Some(url), number) => {
            let text = number.unwrap_or_else(|| "follow it".to_owned());
            view! { ", "<a href=url rel="noreferrer">{text}</a> }.into_any()
        }
        (None, Some(number)) => view! { ", "{number} }.into_any(),
        (None, None) => ().into_any(),
    }
}

/// The parcels of an order whose page this is, and how far they have come.
pub(super) async fn parcels_section(page: &Page, order: &Order) -> Option<AnyView> {
    if order.fulfilment == Fulfilment::Unfulfilled {
        return None;
    }
    match queries::tracked_of_order(page.shop.db.latest(), order.id).await {
        Ok(parcels) => (!parcels.is_empty()).then(|| drawn(page, order, &parcels)),
        // The order can be shown all the same.
        Err(error) => {
            log_failure(&error);
            None
        }
    }
}

fn drawn(page: &Page, order: &Order, parcels: &[Tracked]) -> AnyView {
    let rows: Vec<_> = parcels
        .iter()
        .map(|Tracked { shipment, told }| {
            let title = format!("Parcel {}, {}", shipment.number, page.shop.carriers.name(&shipment.carrier));
            let days = match shipment.delivered_at {
                Some(at) => format!("Sent on {}, delivered on {}", day(shipment.shipped_at), day(at)),
                None => format!("Sent on {}", day(shipment.shipped_at)),
            };
            let last = told.first().map(|last| {
                let words = format!("{} ({})", told_words(last.kind, &last.text, &last.place), minute(last.at));
                view! { <p class="hint">{words}</p> }
            });
            view! {
                <li class="session">
                    <div>
                        <p>{title}{tracking(shipment)}</p>
                        <p>{pieces(order, shipment)}</p>
                        <p class="hint">{days}</p>
                        {last}
                    </div>
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="parcels">
            <h2 id="parcels">"Parcels"</h2>
            <ul class="sessions">{rows}</ul>
        </section>
    }
    .into_any()
}

/// What is in a shipment: `2 × Linen Shirt, M`.
fn pieces(order: &Order, shipment: &Shipment) -> String {
    let in_it = |line: &commerce::orders::OrderLine| {
        let quantity = shipment.lines.iter().find(|sent| sent.line == line.id)?.quantity;
        let options = line.options.to_string();
        let name = if options.is_empty() { line.name.clone() } else { format!("{}, {options}", line.name) };
        Some(format!("{quantity} × {name}"))
    };
    order.lines.iter().filter_map(in_it).collect::<Vec<_>>().join("; ")
}
