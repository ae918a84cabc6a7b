//! One order, as staff work on it.

use super::order_edit::edit_path;
use super::orders::{lifecycle_name, refused};
use super::returns::OrderReturns;
use super::{staff, staff_page};
use crate::accounts::{day, minute};
use crate::checkout::method_name;
use crate::layout::{not_found, unavailable};
use crate::orders::OrderDetails;
use crate::page::Page;
use commerce::accounts::{Permission, SignedIn};
use commerce::fulfilment::{Shipment, queries as shipments};
use commerce::inventory::{Held, queries as stock};
use commerce::money::Money;
use commerce::orders::cancel;
use commerce::orders::compose::can_edit;
use commerce::orders::receive_money;
use commerce::orders::refund::{RefundMethod, refundable};
use commerce::orders::search::by_number;
use commerce::orders::timeline::{Happening, timeline};
use commerce::orders::{Fulfilment, Lifecycle, Order, Payment, queries};
use commerce::payments::{PaymentAttemptId, ledger, ledger::Attempt, pay};
use commerce::returns::{Return, queries as returns};
use leptos::prelude::*;
use std::collections::HashMap;

fn payment_name(payment: Payment) -> &'static str {
    match payment {
        Payment::None => "Not paid",
        Payment::Authorised => "Authorised",
        Payment::PartlyPaid => "Partly paid",
        Payment::Paid => "Paid",
        Payment::PartlyRefunded => "Partly refunded",
        Payment::Refunded => "Refunded",
        Payment::Voided => "Voided",
    }
}

fn fulfilment_name(fulfilment: Fulfilment) -> &'static str {
    match fulfilment {
        Fulfilment::Unfulfilled => "Nothing sent",
        Fulfilment::PartlyShipped => "Partly sent",
        Fulfilment::Shipped => "Sent",
        Fulfilment::Delivered => "Delivered",
    }
}

/// What the page of an order shows beside the order itself.
struct Around {
    shipments: Vec<Shipment>,
    held: Vec<Held>,
    attempts: Vec<Attempt>,
    happened: Vec<Happening>,
    returns: Vec<Return>,
    refundable: Money,
    has_account: bool,
}

async fn around(page: &Page, order: &Order) -> Result<Around, commerce::db::DbErr> {
    let db = page.shop.db.primary();
    Ok(Around {
        shipments: shipments::shipments_of_order(db, order.id).await?,
        held: stock::held_for_order(db, order.id).await?,
        attempts: ledger::attempts(db, order.id).await?,
        happened: timeline(db, order.id).await?,
        returns: returns::of_order(db, order.id).await?,
        refundable: refundable(db, order).await?,
        has_account: queries::owner(db, order.id).await?.is_some(),
    })
}

/// One order with everything that can be done with it.
#[component]
pub fn StaffOrderPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let Some(number) = page.params.get("number").and_then(|number| number.parse().ok()) else {
            return not_found(&page, "Order not found").await;
        };
        let order = match by_number(&page.shop, &who, number).await {
            Ok(Some(order)) => order,
            Ok(None) => return not_found(&page, "Order not found").await,
            Err(error) => return refused(&page, error).await,
        };
        let around = match around(&page, &order).await {
            Ok(around) => around,
            Err(error) => return unavailable(&page, error).await,
        };
        let title = format!("Order {}", order.number);
        let content = shown(&page, &who, order, around);
        staff_page(&page, &who, &title, content).await
    })
}

/// A name for a request, so that a form that is sent twice acts once.
fn key(page: &Page) -> String {
    PaymentAttemptId::new(page.shop.clock.now()).to_string()
}

fn shown(page: &Page, who: &SignedIn, order: Order, around: Around) -> impl IntoView + use<> {
    let may = who.role.allows(Permission::OrdersWrite);
    let by_hand = page.shop.gateways.get(&order.payment_method).is_some_and(|gateway| gateway.agrees_at_once());
    let unpaid = order.lifecycle == Lifecycle::Placed && !matches!(order.payment, Payment::Paid | Payment::Refunded);
    let (number, owed) = (order.number.to_string(), pay::owed_of(&order, &around.attempts));
    let dearer = !by_hand && receive_money::by_hand(&page.shop, &order, &around.attempts).is_some();
    let owing = (owed.minor() > 0 && order.lifecycle == Lifecycle::Placed).then(|| {
        view! { <div><dt>"Still to be paid"</dt><dd>{owed.to_string()}</dd></div> }
    });
    let receive = (may && (dearer || (by_hand && unpaid))).then(|| {
        view! {
            <form class="filter-row" method="post" action="/actions/admin/order-paid">
                <Hidden page=page.clone() number=number.clone() />
                <div class="field">
                    <label for="received">"Money received"</label>
                    <input id="received" name="amount" inputmode="decimal" value=owed.to_decimal_string() />
                </div>
                <button class="button">"Note payment"</button>
            </form>
        }
    });
    let draft = order.lifecycle == Lifecycle::Draft;
    let editing = (may && (draft || can_edit(&order))).then(|| {
        let words = if draft { "Go on with this draft" } else { "Change this order" };
        view! { <p><a class="button" href=edit_path(order.number)>{words}</a></p> }
    });
    let cancelling = (may && cancel::by_staff(&order)).then(|| {
        view! {
            <details>
                <summary>"Cancel this order"</summary>
                <form method="post" action="/actions/admin/order-cancel">
                    <input type="hidden" name="number" value=number.clone() />
                    <label class="check"><input type="checkbox" name="restock" value="1" checked=true />" Put everything back into stock"</label>
                    <label class="check"><input type="checkbox" name="refund" value="1" checked=true />" Give back what was paid"</label>
                    <button class="button danger">"Cancel the order"</button>
                </form>
            </details>
        }
    });
    let open = (may && !around.shipments.is_empty()).then(|| number.clone());
    view! {
        <dl class="facts">
            <div><dt>"State"</dt><dd>{lifecycle_name(order.lifecycle)}</dd></div>
            <div><dt>"Payment"</dt><dd>{payment_name(order.payment)}" ("{method_name(&order.payment_method)}")"</dd></div>
            {(order.store_credit.minor() > 0).then(|| view! { <div><dt>"Paid with store credit"</dt><dd>{order.store_credit.to_string()}</dd></div> })}
            {owing}
            <div><dt>"Sent"</dt><dd>{fulfilment_name(order.fulfilment)}</dd></div>
            <div><dt>"Customer"</dt><dd>{order.email.clone()}</dd></div>
            <div><dt>"Made"</dt><dd>{minute(order.created_at)}</dd></div>
        </dl>
        {(order.lifecycle == Lifecycle::Placed).then(|| view! { <p><a class="button" href=format!("/admin/orders/{number}/invoice")>"Invoice"</a></p> })}
        {editing}
        {receive}
        <Parcels page=page.clone() order=order.clone() shipments=around.shipments held=around.held may=may />
        <OrderReturns returns=around.returns open=open />
        {(may && around.refundable.minor() > 0).then(|| view! {
            <Refunding page=page.clone() order=order.clone() most=around.refundable has_account=around.has_account />
        })}
        {cancelling}
        <Payments attempts=around.attempts />
        <Timeline happened=around.happened />
        <OrderDetails order=order />
    }
}

#[component]
fn Hidden(page: Page, number: String) -> impl IntoView {
    view! {
        <input type="hidden" name="number" value=number />
        <input type="hidden" name="key" value=key(&page) />
    }
}

#[component]
fn Parcels(page: Page, order: Order, shipments: Vec<Shipment>, held: Vec<Held>, may: bool) -> impl IntoView {
    let number = order.number.to_string();
    let mut shipped: HashMap<_, i64> = HashMap::new();
    for line in shipments.iter().flat_map(|shipment| &shipment.lines) {
        *shipped.entry(line.line).or_default() += line.quantity;
    }
    let sent: Vec<_> = shipments
        .into_iter()
        .map(|shipment| {
            let tracking = match (&shipment.tracking_url, &shipment.tracking_number) {
                (Some(url), Some(number)) => {
                    view! { <a href=url.clone() rel="noreferrer">{number.clone()}</a> }.into_any()
                }
                (None, Some(number)) => view! { {number.clone()} }.into_any(),
                _ => ().into_any(),
            };
            let slip = format!("/admin/orders/{number}/parcels/{}/packing-slip", shipment.number);
            let come = shipment.delivered_at.map(|at| format!("delivered {}", day(at)));
            let came = (may && come.is_none()).then(|| {
                view! {
                    <form method="post" action="/actions/admin/order-delivered">
                        <input type="hidden" name="number" value=number.clone() />
                        <input type="hidden" name="shipment" value=shipment.id.to_string() />
                        <button class="button small">"It has come"</button>
                    </form>
                }
            });
            view! {
                <li>
                    <p>"Parcel "{shipment.number}", "{shipment.carrier}" "{tracking}", sent "{day(shipment.shipped_at)}" "{come}</p>
                    <p><a href=slip>"Packing slip"</a></p>
                    {came}
                </li>
            }
        })
        .collect();
    let left: Vec<_> = order
        .lines
        .iter()
        .filter_map(|line| {
            let left = i64::from(line.quantity) - shipped.get(&line.id).copied().unwrap_or_default();
            (left > 0).then(|| (line.clone(), left))
        })
        .collect();
    let places: Vec<_> = {
        let mut seen = Vec::new();
        for at in held {
            if !seen.contains(&(at.location, at.location_name.clone())) {
                seen.push((at.location, at.location_name));
            }
        }
        seen.into_iter().map(|(id, name)| view! { <option value=id.to_string()>{name}</option> }).collect()
    };
    let open = may && order.lifecycle == Lifecycle::Placed && !left.is_empty() && !places.is_empty();
    let form = open.then(|| {
        let lines: Vec<_> = left
            .into_iter()
            .map(|(line, left)| {
                let name = format!("line-{}", line.id);
                view! {
                    <div class="field">
                        <label for=name.clone()>{line.name}" "{line.options.to_string()}" ("{left}" left)"</label>
                        <input id=name.clone() name=name type="number" min="0" max=left value=left inputmode="numeric" />
                    </div>
                }
            })
            .collect();
        view! {
            <form method="post" action="/actions/admin/order-ship">
                <Hidden page=page.clone() number=number.clone() />
                <h3>"Send a parcel"</h3>
                {lines}
                <div class="field"><label for="location">"From"</label><select id="location" name="location">{places}</select></div>
                <div class="field"><label for="carrier">"Carrier"</label><input id="carrier" name="carrier" maxlength="60" value="DHL" /></div>
                <div class="field"><label for="tracking">"Tracking number"</label><input id="tracking" name="tracking" maxlength="60" /></div>
                <button class="button primary">"Send"</button>
            </form>
        }
    });
    view! {
        <section aria-labelledby="parcels">
            <h2 id="parcels">"Parcels"</h2>
            {sent.is_empty().then(|| view! { <p>"Nothing was sent yet."</p> })}
            <ul>{sent}</ul>
            {form}
        </section>
    }
}

#[component]
fn Refunding(page: Page, order: Order, most: Money, has_account: bool) -> impl IntoView {
    let methods: Vec<_> = RefundMethod::ALL
        .into_iter()
        .filter(|method| has_account || *method == RefundMethod::Original)
        .map(|method| {
            let name = match method {
                RefundMethod::Original => "The way it was paid: money first",
                RefundMethod::StoreCredit => "Store credit",
            };
            view! { <option value=method.code()>{name}</option> }
        })
        .collect();
    view! {
        <details>
            <summary>{format!("Give money back (up to {most})")}</summary>
            <form method="post" action="/actions/admin/order-refund">
                <Hidden page=page number=order.number.to_string() />
                <div class="field"><label for="refund">"Amount"</label><input id="refund" name="amount" inputmode="decimal" value=most.to_decimal_string() /></div>
                <div class="field"><label for="method">"How"</label><select id="method" name="method">{methods}</select></div>
                <div class="field"><label for="reason">"Why"</label><input id="reason" name="reason" maxlength="200" required=true /></div>
                <button class="button primary">"Give back"</button>
            </form>
        </details>
    }
}

#[component]
fn Payments(attempts: Vec<Attempt>) -> impl IntoView {
    let rows: Vec<_> = attempts
        .into_iter()
        .flat_map(|attempt| {
            let (gateway, currency) = (attempt.gateway.clone(), attempt.amount.currency());
            attempt.entries.into_iter().map(move |told| {
                let amount = Money::new(told.entry.amount, currency);
                view! {
                    <tr>
                        <td>{minute(told.at)}</td>
                        <td>{method_name(&gateway)}</td>
                        <td>{told.entry.action.code()}</td>
                        <td>{told.entry.outcome.code()}" "{told.reason}</td>
                        <td class="number">{amount.to_string()}</td>
                    </tr>
                }
            })
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="payments">
                <h2 id="payments">"Payments"</h2>
                <div class="table-wrap" tabindex="0" role="region" aria-label="Payments">
                    <table>
                        <thead><tr>
                            <th scope="col">"When"</th><th scope="col">"Where"</th><th scope="col">"What"</th>
                            <th scope="col">"Outcome"</th><th scope="col">"Amount"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

/// What people call an event of an order.
fn happening_name(kind: &str) -> &str {
    match kind {
        "OrderPlaced" => "Placed",
        "OrderSubmitted" => "Sent to the customer to be paid",
        "OrderEdited" => "Changed",
        "OrderCancelled" => "Cancelled",
        "OrderShipped" => "Parcel sent",
        "ShipmentDelivered" => "Parcel delivered",
        "PaymentProcessed" => "Payment",
        "PaymentFailed" => "Payment failed",
        "PaymentVoided" => "Payment let go",
        "RefundRequested" => "Refund decided",
        "RefundIssued" => "Money went back",
        "ReturnRequested" => "Return requested",
        "ReturnApproved" => "Return approved",
        "ReturnRejected" => "Return rejected",
        "ReturnWithdrawn" => "Return withdrawn",
        "ReturnReceived" => "Return received",
        "ReturnRefunded" => "Return refunded",
        "ReturnClosed" => "Return closed without refund",
        other => other,
    }
}

/// The words of an event's data that say more than its name.
fn happening_text(happening: &Happening) -> String {
    let words = ["action", "cause", "carrier", "tracking_number", "reason", "method", "return_number"];
    let said: Vec<_> = words.iter().filter_map(|name| happening.data.get(*name)?.as_str()).collect();
    let total = |name: &str| serde_json::from_value::<Money>(happening.data.get(name)?.clone()).ok();
    match total("before").zip(total("after")) {
        Some((before, after)) => format!("from {before} to {after}"),
        None => said.join(", ").replace('_', " "),
    }
}

#[component]
fn Timeline(happened: Vec<Happening>) -> impl IntoView {
    let entries: Vec<_> = happened
        .iter()
        .map(|happening| {
            view! {
                <li>
                    <strong>{happening_name(&happening.kind).to_owned()}</strong>" "{happening_text(happening)}
                    <span class="hint">" "{minute(happening.occurred_at)}</span>
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="timeline">
            <h2 id="timeline">"What has happened"</h2>
            {entries.is_empty().then(|| view! { <p>"Nothing yet."</p> })}
            <ol>{entries}</ol>
        </section>
    }
}
