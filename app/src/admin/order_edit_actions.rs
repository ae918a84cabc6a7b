//! What the forms do by which staff put an order together or change one.

mod lines;

use self::lines::{add, keep_lines, text_of, with_lines};
use super::order_edit::{edit_form, edit_path, looking_for};
use crate::accounts::sign_in_for;
use crate::checkout::actions::NOTE_LENGTH;
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::catalog::VariationId;
use commerce::checkout::parse_contact;
use commerce::forms::{Errors, FieldError, Fields, clean};
use commerce::inventory::Shortage;
use commerce::orders::compose::proposal::proposal;
use commerce::orders::compose::stage::{discard, stage};
use commerce::orders::compose::{Agreement, Composition, EditError, EditId, Proposal};
use commerce::orders::{Order, OrderNumber, draft, edit};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    register_explicit::<BeginDraft>();
    register_explicit::<AddToOrder>();
    register_explicit::<SetOrderLines>();
    register_explicit::<SetOrderContact>();
    register_explicit::<SetOrderChoices>();
    register_explicit::<ApplyOrder>();
    register_explicit::<DiscardOrder>();
}

/// What every form of the page says, and what it is about.
struct Asked {
    who: SignedIn,
    number: OrderNumber,
    seen: i64,
    proposal: Proposal,
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str)
}

/// Who is signed in; everybody else is sent to where they can, and from there to `path`.
async fn staff(page: &Page, path: &str) -> Option<SignedIn> {
    match page.signed_in().await {
        Ok(Some(who)) => return Some(who),
        Ok(None) => page.see_other(&sign_in_for(path)),
        Err(error) => {
            log_failure(&error);
            page.see_other(&format!("{path}?refused=unavailable"));
        }
    }
    None
}

/// Where those go who ask for what is not there.
const NO_ORDER: &str = "/admin/orders?refused=no-order";

/// What is asked; whoever asks otherwise is answered.
async fn asked(page: &Page, fields: &Fields) -> Option<Asked> {
    asked_or(page, fields, NO_ORDER).await
}

/// The same; `gone` is where those go whose order is not there, or not any more.
async fn asked_or(page: &Page, fields: &Fields, gone: &str) -> Option<Asked> {
    let number = field(fields, "number").and_then(|number| number.parse::<OrderNumber>().ok());
    let who = staff(page, &number.map_or_else(|| "/admin/orders".to_owned(), edit_path)).await?;
    let (Some(number), Some(seen)) = (number, field(fields, "seen").and_then(|seen| seen.parse().ok())) else {
        page.see_other(NO_ORDER);
        return None;
    };
    match proposal(&page.shop, &who, number).await {
        Ok(Some(proposal)) => Some(Asked { who, number, seen, proposal }),
        Ok(None) => {
            page.see_other(gone);
            None
        }
        Err(error) => {
            refuse_typed(page, number, &error, fields.clone()).await;
            None
        }
    }
}

fn code(error: &EditError) -> &'static str {
    match error {
        EditError::NotFound => "no-order",
        EditError::WrongState => "order-state",
        EditError::Stale => "stock-changed",
        EditError::Unchanged => "edit-unchanged",
        EditError::Empty => "edit-empty",
        EditError::Incomplete(_) => "edit-incomplete",
        EditError::NotOffered => "edit-not-offered",
        EditError::NotPayable => "edit-not-payable",
        EditError::Refunded => "edit-refunded",
        EditError::BelowCredit => "edit-below-credit",
        EditError::TooManyLines => "edit-too-many-lines",
        EditError::OutOfRange => "price",
        EditError::NotAllowed => "forbidden",
        EditError::Short(_) => "edit-short",
        EditError::Db(_) => {
            log_failure(error);
            "unavailable"
        }
    }
}

/// Goes back to a page that says why nothing was done.
fn refuse(page: &Page, number: OrderNumber, error: &EditError) {
    let path = match error {
        // What can't be changed any more has no page on which it is.
        EditError::WrongState => format!("/admin/orders/{number}"),
        EditError::NotFound => "/admin/orders".to_owned(),
        _ => edit_path(number),
    };
    page.see_other(&format!("{path}?refused={}", code(error)));
}

/// The same where something was typed, which is shown again.
async fn refuse_typed(page: &Page, number: OrderNumber, error: &EditError, fields: Fields) {
    if matches!(error, EditError::WrongState | EditError::NotFound) {
        return refuse(page, number, error);
    }
    let path = looking_for(number, text_of(&fields));
    let and = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{and}refused={}", code(error));
    keep_draft(page, &edit_form(number), &path, fields, Errors::new()).await;
}

/// Keeps what an order is to become by what was typed, and goes to `path` then.
async fn keep(page: &Page, asked: &Asked, composition: &Composition, path: &str, fields: Fields) {
    let kept = match *composition == asked.proposal.composition {
        // Who only looks for something proposes nothing.
        true => Ok(()),
        false => stage(&page.shop, &asked.who, asked.proposal.order.id, asked.seen, composition).await,
    };
    match kept {
        Ok(()) => page.see_other(path),
        Err(error) => refuse_typed(page, asked.number, &error, fields).await,
    }
}

/// Begins a draft.
#[server(prefix = "/actions", endpoint = "admin/order-draft")]
pub async fn begin_draft(#[server(default)] key: Option<String>) -> Result<(), ServerFnError> {
    const PATH: &str = "/admin/orders";
    let page = Page::of_action();
    let Some(who) = staff(&page, PATH).await else { return Ok(()) };
    let key = key.and_then(|key| key.parse().ok()).unwrap_or_else(|| EditId::new(page.shop.clock.now()));
    match draft::create(&page.shop, &who, key).await {
        Ok(number) => page.see_other(&edit_path(number)),
        Err(error) => page.see_other(&format!("{PATH}?refused={}", code(&error))),
    }
    Ok(())
}

/// Puts one more of a product into what an order is to become.
#[server(prefix = "/actions", endpoint = "admin/order-add")]
pub async fn add_to_order(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, &fields).await else { return Ok(()) };
    let Some(variation) = field(&fields, "variation").and_then(|id| id.parse::<VariationId>().ok()) else {
        refuse_typed(&page, asked.number, &EditError::NotOffered, fields).await;
        return Ok(());
    };
    let mut composition = match with_lines(&fields, &asked) {
        Ok(composition) => composition,
        Err(errors) => {
            keep_lines(&page, &asked, fields, errors).await;
            return Ok(());
        }
    };
    if let Err(error) = add(&mut composition, variation, &fields) {
        refuse_typed(&page, asked.number, &error, fields).await;
        return Ok(());
    }
    let path = format!("{}#lines", looking_for(asked.number, text_of(&fields)));
    keep(&page, &asked, &composition, &path, fields).await;
    Ok(())
}

/// Sets the quantities, and the prices of what is new; where something is looked for, what is found is shown.
#[server(prefix = "/actions", endpoint = "admin/order-lines")]
pub async fn set_order_lines(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, &fields).await else { return Ok(()) };
    match with_lines(&fields, &asked) {
        Ok(composition) => {
            let text = text_of(&fields);
            // Enter in the field of the search presses the first button, which is another one.
            let looks = fields.contains_key("search") || text != field(&fields, "looked_for").unwrap_or_default();
            let place = if looks { "#adding" } else { "#outcome" };
            let path = format!("{}{place}", looking_for(asked.number, text));
            keep(&page, &asked, &composition, &path, fields).await;
        }
        Err(errors) => keep_lines(&page, &asked, fields, errors).await,
    }
    Ok(())
}

/// Says who an order is for and where it goes.
#[server(prefix = "/actions", endpoint = "admin/order-contact")]
pub async fn set_order_contact(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let mut fields = fields;
    let Some(asked) = asked(&page, &fields).await else { return Ok(()) };
    let (form, path) = (edit_form(asked.number), edit_path(asked.number));
    if !asked.proposal.is_draft() {
        fields.insert("email".to_owned(), asked.proposal.order.email.clone());
    }
    // The fields of another country were asked for: nothing is wrong yet.
    if fields.contains_key("change_country") {
        keep_draft(&page, &form, &path, fields, Errors::new()).await;
        return Ok(());
    }
    match parse_contact(&fields) {
        Ok(contact) => {
            let composition = Composition {
                email: contact.email,
                phone: contact.phone,
                delivery_address: Some(contact.delivery),
                billing_address: contact.billing,
                ..asked.proposal.composition.clone()
            };
            keep(&page, &asked, &composition, &format!("{path}#contact"), fields).await;
        }
        Err(errors) => keep_draft(&page, &form, &path, fields, errors).await,
    }
    Ok(())
}

/// Chooses how an order is sent and paid, and what is noted on it.
#[server(prefix = "/actions", endpoint = "admin/order-choices")]
pub async fn set_order_choices(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(asked) = asked(&page, &fields).await else { return Ok(()) };
    let known = &asked.proposal.composition;
    let chosen =
        |name: &str, known: &str| field(&fields, name).map_or_else(|| known.to_owned(), |code| clean(Some(code)));
    let mut composition =
        Composition { delivery_method: chosen("delivery_method", &known.delivery_method), ..known.clone() };
    let (proposal, mut errors) = (&asked.proposal, Errors::new());
    let is_offered = proposal.delivery_offers.iter().any(|(offer, _)| offer.code == composition.delivery_method);
    if !composition.delivery_method.is_empty() && !is_offered {
        errors.insert("delivery_method".to_owned(), FieldError::UnknownChoice);
    }
    if proposal.is_draft() {
        composition.payment_method = chosen("payment_method", &known.payment_method);
        let is_offered = proposal.payment_offers.iter().any(|offer| offer.code == composition.payment_method);
        if !composition.payment_method.is_empty() && !is_offered {
            errors.insert("payment_method".to_owned(), FieldError::UnknownChoice);
        }
        let note = field(&fields, "note").unwrap_or(&known.note).replace("\r\n", "\n");
        let note: String = note.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        if note.chars().count() > NOTE_LENGTH {
            errors.insert("note".to_owned(), FieldError::TooLong);
        }
        note.trim().clone_into(&mut composition.note);
    }
    let path = edit_path(asked.number);
    if errors.is_empty() {
        keep(&page, &asked, &composition, &format!("{path}#outcome"), fields).await;
    } else {
        keep_draft(&page, &edit_form(asked.number), &path, fields, errors).await;
    }
    Ok(())
}

/// What whoever sent the form has seen.
fn agreement(fields: &Fields, seen: i64) -> Option<Agreement> {
    Some(Agreement {
        edit: field(fields, "edit")?.parse().ok()?,
        revision: seen,
        version: field(fields, "version")?.parse().ok()?,
        total: field(fields, "total")?.parse().ok()?,
    })
}

/// Submits a draft, or makes an order what was proposed.
#[server(prefix = "/actions", endpoint = "admin/order-apply")]
pub async fn apply_order(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let number = field(&fields, "number").and_then(|number| number.parse::<OrderNumber>().ok());
    let Some(who) = staff(&page, &number.map_or_else(|| "/admin/orders".to_owned(), edit_path)).await else {
        return Ok(());
    };
    let seen = field(&fields, "seen").and_then(|seen| seen.parse().ok()).and_then(|seen| agreement(&fields, seen));
    let (Some(number), Some(seen)) = (number, seen) else {
        page.see_other(NO_ORDER);
        return Ok(());
    };
    // Sent twice, the first one may have placed it: there is no proposal of it any more.
    let order = match commerce::orders::search::by_number(&page.shop, &who, number).await {
        Ok(Some(order)) => order,
        Ok(None) => {
            page.see_other(NO_ORDER);
            return Ok(());
        }
        Err(error) => {
            refuse_typed(&page, number, &error.into(), fields).await;
            return Ok(());
        }
    };
    if typed_meanwhile(&page, &who, number, &fields).await {
        return Ok(());
    }
    apply(&page, &who, &order, seen, fields).await;
    Ok(())
}

/// Whether the lines that are sent are others than those that were seen with what they come to. They are kept then, and
/// whoever sent them is shown what they come to.
async fn typed_meanwhile(page: &Page, who: &SignedIn, number: OrderNumber, fields: &Fields) -> bool {
    let seen = field(fields, "seen").and_then(|seen| seen.parse().ok()).unwrap_or_default();
    let asked = match proposal(&page.shop, who, number).await {
        Ok(Some(proposal)) => Asked { who: who.clone(), number, seen, proposal },
        // What can't be changed any more may have become what is asked for.
        Ok(None) | Err(EditError::WrongState) => return false,
        Err(error) => {
            refuse_typed(page, number, &error, fields.clone()).await;
            return true;
        }
    };
    match with_lines(fields, &asked) {
        Ok(composition) if composition == asked.proposal.composition => return false,
        Ok(composition) => {
            let path = format!("{}?refused=total-changed#outcome", edit_path(number));
            keep(page, &asked, &composition, &path, fields.clone()).await;
        }
        Err(errors) => keep_lines(page, &asked, fields.clone(), errors).await,
    }
    true
}

async fn apply(page: &Page, who: &SignedIn, order: &Order, seen: Agreement, mut fields: Fields) {
    let number = order.number;
    let (outcome, done) = if fields.contains_key("draft") {
        (draft::submit(&page.shop, who, order.id, seen).await, "order-submitted")
    } else {
        (edit::edit(&page.shop, who, order.id, seen).await, "order-edited")
    };
    match outcome {
        Ok(()) => page.see_other(&format!("/admin/orders/{number}?done={done}")),
        // What is short is kept with the page: an address that names it could be made by anybody.
        Err(EditError::Short(short)) => {
            fields.insert("shorts".to_owned(), named(page, who, number, &short).await);
            keep_draft(page, &edit_form(number), &edit_path(number), fields, Errors::new()).await;
        }
        Err(error) => refuse(page, number, &error),
    }
}

/// What is short, and how much of it there is.
async fn named(page: &Page, who: &SignedIn, number: OrderNumber, short: &[Shortage]) -> String {
    let lines = match proposal(&page.shop, who, number).await {
        Ok(proposal) => proposal.map(|proposal| proposal.lines).unwrap_or_default(),
        Err(error) => {
            log_failure(&error);
            Vec::new()
        }
    };
    let name = |short: &Shortage| {
        let line = lines.iter().find(|line| line.goods.variation == short.variation)?;
        Some(format!("{} ({} available)", line.goods.sku, short.available.max(0)))
    };
    short.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

/// Deletes a draft, or forgets what was proposed for an order.
#[server(prefix = "/actions", endpoint = "admin/order-discard")]
pub async fn discard_order(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const DELETED: &str = "/admin/orders?done=draft-deleted";
    let page = Page::of_action();
    // Sent twice, the first one has deleted it.
    let Some(asked) = asked_or(&page, &fields, DELETED).await else { return Ok(()) };
    let order = asked.proposal.order.id;
    let (outcome, path) = if asked.proposal.is_draft() {
        (draft::delete(&page.shop, &asked.who, order).await, DELETED.to_owned())
    } else {
        let path = format!("/admin/orders/{}?done=edit-discarded", asked.number);
        (discard(&page.shop, &asked.who, order).await, path)
    };
    match outcome {
        Ok(()) => page.see_other(&path),
        Err(error) => refuse(&page, asked.number, &error),
    }
    Ok(())
}
