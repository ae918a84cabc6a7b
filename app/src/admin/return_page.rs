//! One return, as staff work on it, and the form that opens one.

use super::order;
use super::returns::refused;
use super::{staff, staff_page};
use crate::accounts::minute;
use crate::forms::{ErrorSummary, Form, TextField, draft, words};
use crate::layout::{not_found, unavailable};
use crate::page::Page;
use crate::returns::{ReturnFields, ReturnItems, Steps, state_name};
use commerce::accounts::Permission;
use commerce::inventory::{Location, queries as stock};
use commerce::money::Money;
use commerce::orders::refund::{RefundMethod, refundable};
use commerce::orders::{Order, OrderId, queries as orders};
use commerce::returns::queries::{self, ReturnPhoto};
use commerce::returns::refund::worth;
use commerce::returns::request::left;
use commerce::returns::{
    NOTE_MOST, Return, ReturnError, ReturnId, ReturnLine, ReturnNumber, ReturnReason, ReturnState,
};
use leptos::prelude::*;

/// The name among drafts of the forms about a return.
pub(super) fn return_form(id: ReturnId) -> String {
    format!("admin/return/{id}")
}

/// The name among drafts of the form that opens a return.
pub(super) fn open_form(order: OrderId) -> String {
    format!("admin/return-open/{order}")
}

/// A name for a request, so that a form that is sent twice acts once.
fn key(page: &Page) -> String {
    ReturnId::new(page.shop.clock.now()).to_string()
}

/// What the page of a return shows beside it.
struct Around {
    photos: Vec<ReturnPhoto>,
    /// What the pieces cost that came, and what is left to be given back of the order.
    cost: Money,
    refundable: Money,
    has_account: bool,
}

async fn around(page: &Page, order: &Order, of: &Return) -> Result<Around, ReturnError> {
    let db = page.shop.db.primary();
    Ok(Around {
        photos: queries::photos(db, of.id).await?,
        cost: worth(db, order, of).await?.1,
        refundable: refundable(db, order).await?,
        has_account: orders::owner(db, order.id).await?.is_some(),
    })
}

/// One return with everything that can be done with it.
#[component]
pub fn StaffReturnPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let Some(number) = page.params.get("number").and_then(|number| number.parse::<ReturnNumber>().ok()) else {
            return not_found(&page, "Return not found").await;
        };
        let (order, of) = match queries::any(&page.shop, &who, number).await {
            Ok(Some(found)) => found,
            Ok(None) => return not_found(&page, "Return not found").await,
            Err(error) => return refused(&page, error).await,
        };
        let around = match around(&page, &order, &of).await {
            Ok(around) => around,
            Err(error) => return refused(&page, error).await,
        };
        let may = who.role.allows(Permission::OrdersWrite);
        let locations = match stock::locations(&page.shop, &who).await {
            Ok(locations) => locations,
            Err(error) => return super::refused(&page, error).await,
        };
        let form = match draft(&page, &return_form(of.id)).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let title = format!("Return {}", of.number);
        let number = order.number.to_string();
        let content = view! {
            <ErrorSummary form=form.clone() />
            <dl class="facts">
                <div><dt>"State"</dt><dd>{state_name(of.state)}</dd></div>
                <div><dt>"Order"</dt><dd><a href=format!("/admin/orders/{number}")>{number.clone()}</a></dd></div>
                <div><dt>"Customer"</dt><dd>{order.email.clone()}</dd></div>
                <div><dt>"Asked for"</dt><dd>{minute(of.created_at)}</dd></div>
            </dl>
            {may.then(|| work(&page, &form, &order, &of, &around, &locations))}
            <ReturnItems order=order of=of.clone() for_staff=true />
            <Photos of=of.clone() photos=around.photos.clone() />
            <Steps of=of />
        };
        staff_page(&page, &who, &title, content).await
    })
}

#[component]
fn Photos(of: Return, photos: Vec<ReturnPhoto>) -> impl IntoView {
    let shown: Vec<_> = photos
        .into_iter()
        .zip(1..)
        .map(|(photo, at)| {
            let src = format!("/admin/returns/{}/photos/{}", of.number, photo.id);
            let href = src.clone();
            view! {
                <li>
                    <a href=href>
                        <img src=src width=photo.width height=photo.height alt=format!("Photo {at} of what is sent back") loading="lazy" />
                    </a>
                </li>
            }
        })
        .collect();
    (!shown.is_empty()).then(|| {
        view! {
            <section aria-labelledby="photos">
                <h2 id="photos">"Photos of the customer"</h2>
                <ul class="address-cards">{shown}</ul>
            </section>
        }
    })
}

/// What can be done with a return now.
fn work(page: &Page, form: &Form, order: &Order, of: &Return, around: &Around, locations: &[Location]) -> AnyView {
    let key = key(page);
    let act = |action: &str,
               title: &'static str,
               class: &'static str,
               note: &str,
               needs_note: bool,
               fields: AnyView| {
        let label = if needs_note { "Reason, for the customer" } else { "A word to the customer" };
        view! {
            <form class="narrow" method="post" action=format!("/actions/admin/return-{action}") novalidate=true>
                <input type="hidden" name="number" value=of.number.to_string() />
                <input type="hidden" name="key" value=key.clone() />
                {fields}
                <TextField form=form.clone() name=note.to_owned() label=label autocomplete="off".to_owned() maxlength=NOTE_MOST as u32 optional=!needs_note />
                <button class=class>{title}</button>
            </form>
        }
    };
    let nothing = || ().into_any();
    let is_refused = |name: &str| form.fields.contains_key(name) || form.errors.contains_key(name);
    let close = |title: &'static str| {
        let ending = act("close", title, "button danger", "close_note", true, nothing());
        view! { <details open=is_refused("close_note")><summary>{title}</summary>{ending}</details> }
    };
    match of.state {
        ReturnState::Requested => view! {
            <section aria-labelledby="answer">
                <h2 id="answer">"Answer"</h2>
                {act("approve", "Approve", "button primary", "approve_note", false, nothing())}
                <details open=is_refused("reject_note")>
                    <summary>"Reject"</summary>
                    {act("reject", "Reject the return", "button danger", "reject_note", true, nothing())}
                </details>
            </section>
        }
        .into_any(),
        ReturnState::Approved => view! {
            <section aria-labelledby="receive">
                <h2 id="receive">"Count what has come"</h2>
                {act("receive", "It has come", "button primary", "receive_note", false, counting(form, order, of, locations))}
                {close("Close: nothing came")}
            </section>
        }
        .into_any(),
        ReturnState::Received => view! {
            <section aria-labelledby="refund">
                <h2 id="refund">"Give money back"</h2>
                <p>{format!("What came cost {}. Of the order, {} can still be given back.", around.cost, around.refundable)}</p>
                {(around.cost.minor() > 0 && around.refundable.minor() > 0)
                    .then(|| act("refund", "Refund", "button primary", "refund_note", false, settling(form, around)))}
                {close("Close without refund")}
            </section>
        }
        .into_any(),
        _ => nothing(),
    }
}

/// How many pieces of a line are taken to be as good as new until somebody says otherwise.
fn as_new(line: &ReturnLine) -> i64 {
    match line.reason {
        ReturnReason::Damaged | ReturnReason::NotAsDescribed => 0,
        _ => line.quantity,
    }
}

fn counting(form: &Form, order: &Order, of: &Return, locations: &[Location]) -> AnyView {
    let number = |name: String, label: String, most: i64, usual: i64| {
        let error = form.errors.get(&name).copied();
        let error_id = format!("{name}-error");
        // A field that was emptied is shown so.
        let value = form.fields.get(&name).cloned().unwrap_or_else(|| usual.to_string());
        view! {
            <div class="field">
                <label for=name.clone()>{label}</label>
                {error.map(|error| view! { <p class="field-error" id=error_id.clone()>{words(&name, error)}</p> })}
                <input
                    id=name.clone() name=name.clone() type="number" min="0" max=most value=value inputmode="numeric"
                    aria-invalid=error.map(|_| "true") aria-describedby=error.map(|_| error_id.clone())
                />
            </div>
        }
    };
    let lines: Vec<_> = of
        .lines
        .iter()
        .map(|line| {
            let bought = order.lines.iter().find(|bought| bought.id == line.line);
            let name = bought.map(|bought| format!("{} {}", bought.name, bought.options)).unwrap_or_default();
            view! {
                <fieldset class="group">
                    <legend>{name}</legend>
                    {number(format!("received-{}", line.line), format!("Received, of {}", line.quantity), line.quantity, line.quantity)}
                    {number(format!("resellable-{}", line.line), "Of them can be sold again".to_owned(), line.quantity, as_new(line))}
                </fieldset>
            }
        })
        .collect();
    let chosen = form.value("receive_at");
    let places: Vec<_> = locations
        .iter()
        .filter(|location| location.ordinary && location.data.active)
        .map(|location| {
            let id = location.id.to_string();
            view! { <option value=id.clone() selected=id == chosen>{location.data.name.clone()}</option> }
        })
        .collect();
    let error = form.errors.get("receive_at").copied();
    view! {
        {lines}
        <div class="field">
            <label for="receive_at">"Where it is kept"</label>
            {error.map(|error| view! { <p class="field-error" id="receive_at-error">{words("receive_at", error)}</p> })}
            <select id="receive_at" name="receive_at" aria-invalid=error.map(|_| "true") aria-describedby=error.map(|_| "receive_at-error")>{places}</select>
        </div>
    }
    .into_any()
}

fn settling(form: &Form, around: &Around) -> AnyView {
    let mut form = form.clone();
    let currency = around.cost.currency();
    // What can't be given back any more has to be kept.
    let kept = (around.cost.minor() - around.refundable.minor()).max(0);
    form.fields.entry("deduction".to_owned()).or_insert(Money::new(kept, currency).to_decimal_string());
    let chosen = form.value("method");
    let methods: Vec<_> = RefundMethod::ALL
        .into_iter()
        .filter(|method| around.has_account || *method == RefundMethod::Original)
        .map(|method| {
            let name = match method {
                RefundMethod::Original => "The way it was paid",
                RefundMethod::StoreCredit => "Store credit",
            };
            view! { <option value=method.code() selected=method.code() == chosen>{name}</option> }
        })
        .collect();
    view! {
        <TextField form=form name="deduction".to_owned() label=format!("Deduction in {}", currency.code()) autocomplete="off".to_owned() inputmode="decimal" maxlength=20 hint="What of it is kept, for wear or damage" />
        <div class="field"><label for="method">"How"</label><select id="method" name="method">{methods}</select></div>
    }
    .into_any()
}

/// Where staff open a return for a customer.
#[component]
pub fn OpenReturnPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let (who, order) = match order::asked_for(&page).await {
            Ok(asked_for) => asked_for,
            Err(answer) => return answer,
        };
        let read = async {
            let left = left(&page.shop, page.shop.db.latest(), order.id, true).await?;
            Ok::<_, commerce::db::DbErr>((left, draft(&page, &open_form(order.id)).await?.unwrap_or_default()))
        };
        let (left, form) = match read.await {
            Ok(found) => found,
            Err(error) => return unavailable(&page, error).await,
        };
        let title = format!("Open a return of order {}", order.number);
        let back = format!("/admin/orders/{}", order.number);
        let content = if left.is_empty() {
            view! { <p>"Nothing of this order was sent that is not in a return."</p> }.into_any()
        } else {
            view! {
                <ErrorSummary form=form.clone() />
                <form class="narrow" method="post" action="/actions/admin/return-open" novalidate=true>
                    <input type="hidden" name="number" value=order.number.to_string() />
                    <input type="hidden" name="key" value=key(&page) />
                    <p>"It is approved at once, and the customer gets a mail with the address to send it to."</p>
                    <ReturnFields form=form.clone() order=order left=left />
                    <TextField form=form name="open_note".to_owned() label="A word to the customer" autocomplete="off".to_owned() maxlength=NOTE_MOST as u32 optional=true />
                    <button class="button primary">"Open the return"</button>
                </form>
            }
            .into_any()
        };
        let content = view! { {content} <p><a href=back>"Back to the order"</a></p> };
        staff_page(&page, &who, &title, content).await
    })
}
