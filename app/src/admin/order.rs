//! One order, as staff work on it.

use super::order_actions::{TOLD, Typed};
use super::order_edit::edit_path;
use super::orders::{lifecycle_name, refused};
use super::parcels::Parcels;
use super::returns::OrderReturns;
use super::timeline::Timeline;
use super::transfers::OrderTransfers;
use super::{staff, staff_page};
use crate::accounts::minute;
use crate::checkout::method_name;
use crate::forms::{ErrorSummary, Form, TextField};
use crate::layout::{Drawn, Notice, NoticeKind, Table, not_found, unavailable};
use crate::orders::OrderDetails;
use crate::page::Page;
use commerce::accounts::{Permission, SignedIn};
use commerce::fulfilment::{Tracked, queries as shipments};
use commerce::inventory::{Held, queries as stock};
use commerce::money::Money;
use commerce::orders::cancel;
use commerce::orders::compose::can_edit;
use commerce::orders::receive_money;
use commerce::orders::refund::{LineGivenBack, RefundMethod, given_back_by_line, refundable};
use commerce::orders::refund_form;
use commerce::orders::search::by_number;
use commerce::orders::send_money::{Transfer, to_send_of};
use commerce::orders::timeline::{Happening, timeline};
use commerce::orders::{Fulfilment, Lifecycle, Order, OrderLineId, Payment, queries};
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
    shipments: Vec<Tracked>,
    held: Vec<Held>,
    attempts: Vec<Attempt>,
    happened: Vec<Happening>,
    returns: Vec<Return>,
    transfers: Vec<Transfer>,
    refundable: Money,
    given_back: HashMap<OrderLineId, LineGivenBack>,
    has_account: bool,
}

async fn around(page: &Page, order: &Order) -> Result<Around, commerce::db::DbErr> {
    let db = page.shop.db.primary();
    let shipments = shipments::tracked_of_order(db, order.id).await?;
    Ok(Around {
        held: stock::held_for_order(db, order.id).await?,
        attempts: ledger::attempts(db, order.id).await?,
        happened: timeline(db, order.id, &shipments).await?,
        shipments,
        returns: returns::of_order(db, order.id).await?,
        transfers: to_send_of(&page.shop, order.id).await?,
        refundable: refundable(db, order).await?,
        given_back: given_back_by_line(db, order.id).await?,
        has_account: queries::owner(db, order.id).await?.is_some(),
    })
}

/// Whoever looks, and the order that the address of a page names.
pub(super) async fn asked_for(page: &Page) -> Result<(SignedIn, Order), Drawn> {
    let who = staff(page).await?;
    let Some(number) = page.params.get("number").and_then(|number| number.parse().ok()) else {
        return Err(not_found(page, "Order not found").await);
    };
    match by_number(&page.shop, &who, number).await {
        Ok(Some(order)) => Ok((who, order)),
        Ok(None) => Err(not_found(page, "Order not found").await),
        Err(error) => Err(refused(page, error).await),
    }
}

/// One order with everything that can be done with it.
#[component]
pub fn StaffOrderPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let (who, order) = match asked_for(&page).await {
            Ok(asked_for) => asked_for,
            Err(answer) => return answer,
        };
        let around = match around(&page, &order).await {
            Ok(around) => around,
            Err(error) => return unavailable(&page, error).await,
        };
        let typed = match Typed::of(&page, order.number).await {
            Ok(typed) => typed,
            Err(error) => return unavailable(&page, error).await,
        };
        let title = format!("Order {}", order.number);
        let content = shown(&page, &who, order, around, &typed);
        staff_page(&page, &who, &title, content).await
    })
}

/// A name for a request, so that a form that is sent twice acts once.
pub(super) fn key(page: &Page) -> String {
    PaymentAttemptId::new(page.shop.clock.now()).to_string()
}

fn shown(page: &Page, who: &SignedIn, order: Order, around: Around, typed: &Typed) -> impl IntoView + use<> {
    let may = who.role.allows(Permission::OrdersWrite);
    let by_hand = page.shop.gateways.get(&order.payment_method).is_some_and(|gateway| gateway.agrees_at_once());
    let (number, owed) = (order.number.to_string(), pay::owed_of(&order, &around.attempts));
    let settled = order.to_pay().minor() <= 0
        || order.payment == Payment::Paid
        // It may have become dearer after all that was paid went back.
        || (order.payment == Payment::Refunded && owed.minor() <= 0);
    let unpaid = order.lifecycle == Lifecycle::Placed && !settled;
    let dearer = !by_hand && receive_money::by_hand(&page.shop, &order, &around.attempts).is_some();
    let owing = (owed.minor() > 0 && order.lifecycle == Lifecycle::Placed).then(|| {
        view! { <div><dt>"Still to be paid"</dt><dd>{owed.to_string()}</dd></div> }
    });
    let receive = (may && (dearer || (by_hand && unpaid))).then(|| {
        let form = typed.form("paid").unwrap_or_else(|| Form {
            fields: [("paid_amount".to_owned(), owed.to_decimal_string())].into(),
            ..Form::default()
        });
        view! {
            <form class="filter-row" method="post" action="/actions/admin/order-paid" novalidate=true>
                <Hidden page=page.clone() number=number.clone() form=form.clone() />
                <TextField form=form name="paid_amount".to_owned() label=format!("Money received in {}", order.currency.code()) autocomplete="off".to_owned() inputmode="decimal" maxlength=20 />
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
        let form = typed.form("cancel");
        let is_chosen = |name: &str| form.as_ref().is_none_or(|form| form.fields.contains_key(name));
        view! {
            <details open=form.is_some()>
                <summary>"Cancel this order"</summary>
                <form method="post" action="/actions/admin/order-cancel">
                    <input type="hidden" name="number" value=number.clone() />
                    <label class="check"><input type="checkbox" name="restock" value="1" checked=is_chosen("restock") />" Put everything back into stock"</label>
                    <label class="check"><input type="checkbox" name="refund" value="1" checked=is_chosen("refund") />" Give back what was paid"</label>
                    <button class="button danger">"Cancel the order"</button>
                </form>
            </details>
        }
    });
    let open = (may && !around.shipments.is_empty()).then(|| number.clone());
    let told = typed.any().fields.remove(TOLD).filter(|_| may);
    view! {
        <ErrorSummary form=typed.any() />
        {told.map(|told| view! {
            <Notice kind=NoticeKind::Warning><p>{format!("The carrier says: {told}")}</p></Notice>
        })}
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
        <OrderTransfers transfers=around.transfers may=may />
        {receive}
        <Parcels
            page=page.clone()
            order=order.clone()
            shipments=around.shipments
            held=around.held
            form=typed.form("parcel")
            may=may
        />
        <OrderReturns returns=around.returns open=open />
        {(may && around.refundable.minor() > 0).then(|| view! {
            <Refunding page=page.clone() order=order.clone() most=around.refundable given_back=around.given_back has_account=around.has_account form=typed.form("refund") />
        })}
        {cancelling}
        <Payments page=page.clone() number=number attempts=around.attempts may=may />
        <Timeline page=page.clone() happened=around.happened />
        <OrderDetails order=order />
    }
}

/// The order, and the key of the form: that of a form that was refused stays the same.
#[component]
fn Hidden(page: Page, number: String, form: Form) -> impl IntoView {
    let key = Some(form.value("key")).filter(|key| !key.is_empty()).unwrap_or_else(|| key(&page));
    view! {
        <input type="hidden" name="number" value=number />
        <input type="hidden" name="key" value=key />
    }
}

#[component]
fn Refunding(
    page: Page,
    order: Order,
    most: Money,
    given_back: HashMap<OrderLineId, LineGivenBack>,
    has_account: bool,
    form: Option<Form>,
) -> impl IntoView {
    let is_typed = form.is_some();
    let form = form.unwrap_or_default();
    let pieces: Vec<_> = order
        .lines
        .iter()
        .filter_map(|line| {
            let left = i64::from(line.quantity) - given_back.get(&line.id).map_or(0, |given| given.pieces);
            let label = format!("{}, at most {left}", format!("Pieces of {} {}", line.name, line.options).trim_end());
            (left > 0).then(|| view! {
                <TextField form=form.clone() name=refund_form::field_of(line.id) label=label autocomplete="off".to_owned() inputmode="numeric" maxlength=5 optional=true />
            })
        })
        .collect();
    let chosen = form.value("method");
    let methods: Vec<_> = RefundMethod::ALL
        .into_iter()
        .filter(|method| has_account || *method == RefundMethod::Original)
        .map(|method| {
            let name = match method {
                RefundMethod::Original => "The way it was paid: money first",
                RefundMethod::StoreCredit => "Store credit",
            };
            view! { <option value=method.code() selected=method.code() == chosen>{name}</option> }
        })
        .collect();
    view! {
        <details open=is_typed>
            <summary>{format!("Give money back (up to {most})")}</summary>
            <form method="post" action="/actions/admin/order-refund" novalidate=true>
                <Hidden page=page number=order.number.to_string() form=form.clone() />
                {pieces}
                <TextField
                    form=form.clone()
                    name=refund_form::AMOUNT.to_owned()
                    label=format!("Amount in {}", order.currency.code())
                    autocomplete="off".to_owned()
                    inputmode="decimal"
                    maxlength=20
                    optional=true
                    hint="Left empty, it is what the pieces cost"
                />
                <div class="field"><label for="method">"How"</label><select id="method" name="method">{methods}</select></div>
                <TextField form=form name="reason".to_owned() label="Why" autocomplete="off".to_owned() maxlength=200 />
                <button class="button primary">"Give back"</button>
            </form>
        </details>
    }
}

#[component]
fn Payments(page: Page, number: String, attempts: Vec<Attempt>, may: bool) -> impl IntoView {
    let mut rows = Vec::new();
    for attempt in &attempts {
        for told in &attempt.entries {
            let amount = Money::new(told.entry.amount, attempt.amount.currency());
            let since = minute(told.at);
            let noted = may && receive_money::is_noted(&page.shop, attempt, told);
            let mistake = noted.then(|| view! {
                <form method="post" action="/actions/admin/order-not-paid">
                    <input type="hidden" name="number" value=number.clone() />
                    <input type="hidden" name="fact" value=told.entry.fact.clone() />
                    <button class="button" aria-label=format!("Noted by mistake: {amount}, {since}")>"Noted by mistake"</button>
                </form>
            });
            rows.push(view! {
                <tr>
                    <td>{since}</td>
                    <td>{method_name(&attempt.gateway)}</td>
                    <td>{told.entry.action.code()}</td>
                    <td>{told.entry.outcome.code()}" "{told.reason.clone()}{mistake}</td>
                    <td class="number">{amount.to_string()}</td>
                </tr>
            });
        }
    }
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="payments">
                <h2 id="payments">"Payments"</h2>
                <Table label="Payments" columns=["When", "Where", "What", "Outcome", "Amount"]>
                    {rows}
                </Table>
            </section>
        }
    })
}
