//! The parcels of an order: what was sent, and the form that sends what is left.

use super::order::key;
use crate::accounts::{day, minute};
use crate::forms::{Form, TextField};
use crate::orders::{told_words, tracking};
use crate::page::Page;
use commerce::fulfilment::carrier::Rate;
use commerce::fulfilment::forms::{RATED, field_of};
use commerce::fulfilment::{Tracked, TrackingEvent};
use commerce::inventory::{Held, LocationId};
use commerce::orders::{Lifecycle, Order, OrderLine};
use leptos::prelude::*;
use std::collections::HashMap;

/// What is offered as the size of a parcel, in centimetres: a box of a common size.
const SIZE: [(&str, &str, &str); 3] =
    [("length", "Length", "30"), ("width", "Width", "20"), ("height", "Height", "15")];

/// The most prices that are shown.
const RATES_MOST: usize = 12;

/// The fields in which the prices of a carrier are kept with what was typed.
const RATE: &str = "rate-";

/// What the prices of a carrier are kept as with what was typed.
pub(super) fn kept_rates(rates: &[Rate]) -> impl Iterator<Item = (String, String)> {
    let kept = |(at, rate): (usize, &Rate)| Some((format!("{RATE}{at:02}"), serde_json::to_string(rate).ok()?));
    rates.iter().take(RATES_MOST).enumerate().filter_map(kept)
}

/// Whether a field is one of those, which nobody types.
pub(super) fn is_rate(field: &str) -> bool {
    field.starts_with(RATE)
}

/// What was sent of an order, and how the rest is sent; `form` is what was typed and refused, or asked for prices.
#[component]
pub(super) fn Parcels(
    page: Page,
    order: Order,
    shipments: Vec<Tracked>,
    held: Vec<Held>,
    form: Option<Form>,
    may: bool,
) -> impl IntoView {
    let mut shipped: HashMap<_, i64> = HashMap::new();
    for line in shipments.iter().flat_map(|sent| &sent.shipment.lines) {
        *shipped.entry(line.line).or_default() += line.quantity;
    }
    let left = |line: &OrderLine| i64::from(line.quantity) - shipped.get(&line.id).copied().unwrap_or_default();
    let left: Vec<_> =
        order.lines.iter().map(|line| (line.clone(), left(line))).filter(|(_, left)| *left > 0).collect();
    let mut places: Vec<(LocationId, String)> = Vec::new();
    for at in held {
        if !places.iter().any(|(known, _)| *known == at.location) {
            places.push((at.location, at.location_name));
        }
    }
    let open = may && order.lifecycle == Lifecycle::Placed && !left.is_empty() && !places.is_empty();
    let number = order.number.to_string();
    let sent: Vec<_> = shipments.into_iter().map(|tracked| sent(&page, &number, tracked, may)).collect();
    view! {
        <section aria-labelledby="parcels">
            <h2 id="parcels">"Parcels"</h2>
            {sent.is_empty().then(|| view! { <p>"Nothing was sent yet."</p> })}
            <ul>{sent}</ul>
            {open.then(|| view! { <Sending page=page.clone() number=number left=left places=places form=form /> })}
        </section>
    }
}

/// A parcel that was sent, and what its carrier has told about it.
fn sent(page: &Page, number: &str, Tracked { shipment, told }: Tracked, may: bool) -> impl IntoView + use<> {
    let tracking = tracking(&shipment);
    let carrier = page.shop.carriers.name(&shipment.carrier).to_owned();
    let service = shipment.service.map(|service| format!(" ({service})"));
    let below = format!("/admin/orders/{number}/parcels/{}", shipment.number);
    let label = shipment.label_file.map(|_| view! { <a href=format!("{below}/label.pdf")>"Label"</a>" " });
    let come = shipment.delivered_at.map(|at| format!(", delivered {}", day(at)));
    let came = (may && come.is_none()).then(|| {
        view! {
            <form method="post" action="/actions/admin/order-delivered">
                <input type="hidden" name="number" value=number.to_owned() />
                <input type="hidden" name="shipment" value=shipment.id.to_string() />
                <button class="button small">"It has come"</button>
            </form>
        }
    });
    view! {
        <li>
            <p>"Parcel "{shipment.number}", "{carrier}{service}{tracking}", sent "{day(shipment.shipped_at)}{come}</p>
            <p>{label}<a href=format!("{below}/packing-slip")>"Packing slip"</a></p>
            {came}
            {(!told.is_empty()).then(|| view! { <Told told=told /> })}
        </li>
    }
}

/// What a carrier has told about a parcel, the newest first.
#[component]
fn Told(told: Vec<TrackingEvent>) -> impl IntoView {
    let count = told.len();
    let events: Vec<_> = told
        .into_iter()
        .map(|event| {
            let words = told_words(event.kind, &event.text, &event.place);
            view! { <li>{words}<span class="hint">" "{minute(event.at)}</span></li> }
        })
        .collect();
    view! {
        <details>
            <summary>{format!("What the carrier tells ({count})")}</summary>
            <ol>{events}</ol>
        </details>
    }
}

#[component]
fn Sending(
    page: Page,
    number: String,
    left: Vec<(OrderLine, i64)>,
    places: Vec<(LocationId, String)>,
    form: Option<Form>,
) -> impl IntoView {
    let form = form.unwrap_or_else(|| {
        let pieces = left.iter().map(|(line, left)| (field_of(line.id), left.to_string()));
        let size = SIZE.map(|(name, _, centimetres)| (name.to_owned(), centimetres.to_owned()));
        Form { fields: pieces.chain(size).collect(), ..Form::default() }
    });
    // A form that was refused keeps its key: sent again, it does what it was to do once.
    let key = Some(form.value("key")).filter(|key| !key.is_empty()).unwrap_or_else(|| key(&page));
    let lines: Vec<_> = left
        .into_iter()
        .map(|(line, left)| {
            let label = format!("{} {} ({left} left)", line.name, line.options);
            view! {
                <TextField form=form.clone() name=field_of(line.id) label=label autocomplete="off".to_owned() inputmode="numeric" maxlength=5 />
            }
        })
        .collect();
    let chosen = form.value("location");
    let places: Vec<_> = places
        .into_iter()
        .map(|(id, name)| {
            let id = id.to_string();
            let selected = id == chosen;
            view! { <option value=id selected=selected>{name}</option> }
        })
        .collect();
    let carriers: Vec<_> = page
        .shop
        .carriers
        .all()
        .iter()
        .filter(|carrier| carrier.tracks())
        .map(|carrier| (carrier.code().to_owned(), carrier.name().to_owned()))
        .collect();
    let by_hand = if carriers.is_empty() { "Carrier" } else { "Or bring it to another carrier" };
    view! {
        <form method="post" action="/actions/admin/order-ship" novalidate=true>
            <input type="hidden" name="number" value=number />
            <input type="hidden" name="key" value=key />
            <h3>"Send a parcel"</h3>
            {lines}
            <div class="field">
                <label for="location">"From"</label>
                <select id="location" name="location">{places}</select>
            </div>
            {(!carriers.is_empty()).then(|| view! { <Label form=form.clone() carriers=carriers /> })}
            <fieldset class="group">
                <legend>{by_hand}</legend>
                <TextField form=form.clone() name="carrier_name".to_owned() label="Name of the carrier" autocomplete="off".to_owned() maxlength=60 />
                <TextField form=form.clone() name="tracking".to_owned() label="Tracking number" autocomplete="off".to_owned() maxlength=60 optional=true />
                <TextField
                    form=form
                    name="tracking_url".to_owned()
                    label="Link to follow it"
                    kind="url"
                    autocomplete="off".to_owned()
                    maxlength=300
                    optional=true
                    hint="Known carriers have their own, made of the number"
                />
                <button class="button primary">"Send"</button>
            </fieldset>
        </form>
    }
}

/// The part of the form that buys a label.
#[component]
fn Label(form: Form, carriers: Vec<(String, String)>) -> impl IntoView {
    let chosen = form.value("carrier");
    let carriers: Vec<_> = carriers
        .into_iter()
        .map(|(code, name)| {
            let selected = code == chosen;
            view! { <option value=code selected=selected>{name}</option> }
        })
        .collect();
    let sizes: Vec<_> = SIZE
        .into_iter()
        .map(|(name, label, _)| {
            view! {
                <TextField form=form.clone() name=name.to_owned() label=format!("{label} in cm") autocomplete="off".to_owned() inputmode="numeric" maxlength=3 />
            }
        })
        .collect();
    view! {
        <fieldset class="group">
            <legend>"Buy a label"</legend>
            <div class="field">
                <label for="carrier">"Carrier"</label>
                <select id="carrier" name="carrier">{carriers}</select>
            </div>
            <TextField
                form=form.clone()
                name="weight".to_owned()
                label="Weight in grams"
                autocomplete="off".to_owned()
                inputmode="numeric"
                maxlength=6
                optional=true
                hint="With the box; left empty, it is what the pieces weigh"
            />
            <div class="filter-row">{sizes}</div>
            <button class="button" formaction="/actions/admin/order-rates">"Show prices"</button>
            <Services form=form />
            <button class="button primary" formaction="/actions/admin/order-label">"Buy the label and send"</button>
        </fieldset>
    }
}

/// The services of the carrier: those that it has told prices of, or one that is typed.
#[component]
fn Services(form: Form) -> impl IntoView {
    let told: Vec<_> = form.fields.iter().filter(|(name, _)| is_rate(name)).collect();
    let rates: Vec<Rate> = told.iter().filter_map(|(_, rate)| serde_json::from_str(rate).ok()).collect();
    let kept: Vec<_> = told
        .iter()
        .map(|(name, rate)| view! { <input type="hidden" name=(*name).clone() value=(*rate).clone() /> })
        .collect();
    let Some(first) = rates.first() else {
        return view! {
            <TextField
                form=form
                name="service".to_owned()
                label="Service"
                autocomplete="off".to_owned()
                maxlength=60
                hint="Show the prices to choose one, or type the code that the carrier has for it"
            />
        }
        .into_any();
    };
    let typed = form.value("service");
    let known = rates.iter().any(|rate| rate.service == typed);
    let chosen = if known { typed } else { first.service.clone() };
    let rates: Vec<_> = rates
        .into_iter()
        .map(|rate| {
            let checked = rate.service == chosen;
            let arrives = rate.arrives_on.map(|day| format!("comes on {}", day.format("%-d %B %Y")));
            view! {
                <li>
                    <label class="option-card">
                        <input type="radio" name="service" value=rate.service checked=checked />
                        <span><strong>{rate.name}</strong>" "<span class="hint">{arrives}</span></span>
                        <strong>{rate.price.to_string()}</strong>
                    </label>
                </li>
            }
        })
        .collect();
    view! {
        // Of which carrier they are.
        <input type="hidden" name=RATED value=form.value(RATED) />
        {kept}
        <ul class="option-cards" id="service">{rates}</ul>
    }
    .into_any()
}
