//! What an order is to become, as staff put it together: a draft, or a change of an order that was not sent yet.

mod customer;
mod goods;
mod outcome;

use super::orders::refused;
use super::{forbidden, staff, staff_page};
use crate::forms::{ErrorSummary, Form, draft};
use crate::layout::{Notice, NoticeKind, not_found, unavailable};
use crate::page::Page;
use commerce::accounts::{Permission, SignedIn};
use commerce::orders::OrderNumber;
use commerce::orders::cancel::OrderError;
use commerce::orders::compose::goods::search;
use commerce::orders::compose::proposal::proposal;
use commerce::orders::compose::{EditError, Goods, Proposal};
use leptos::prelude::*;

/// The form of what is in an order: whatever button of it is pressed, nothing that was typed there is lost.
const LINES_FORM: &str = "order-lines";

/// The name among drafts of forms of the page that changes an order.
pub(super) fn edit_form(number: OrderNumber) -> String {
    format!("admin/order-edit/{number}")
}

/// Where an order is changed.
pub(super) fn edit_path(number: OrderNumber) -> String {
    format!("/admin/orders/{number}/edit")
}

/// The same with what is found for a text, if there is one.
pub(super) fn looking_for(number: OrderNumber, text: &str) -> String {
    let path = edit_path(number);
    if text.trim().is_empty() {
        return path;
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish();
    format!("{path}?{query}")
}

/// What somebody has looked for, and what was found.
struct Looked {
    text: String,
    found: Vec<Goods>,
    more: bool,
}

/// The draft or order with what it is to become.
#[component]
pub fn OrderEditPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        if !who.role.allows(Permission::OrdersWrite) {
            return forbidden(&page).await;
        }
        let Some(number) = page.params.get("number").and_then(|number| number.parse::<OrderNumber>().ok()) else {
            return not_found(&page, "Order not found").await;
        };
        let proposal = match proposal(&page.shop, &who, number).await {
            Ok(Some(proposal)) => proposal,
            Ok(None) => return not_found(&page, "Order not found").await,
            Err(EditError::WrongState) => {
                page.see_other(&format!("/admin/orders/{number}?refused=order-state"));
                return crate::layout::nothing();
            }
            Err(EditError::NotAllowed) => return refused(&page, OrderError::NotAllowed).await,
            Err(error) => return unavailable(&page, error).await,
        };
        let form = match draft(&page, &edit_form(number)).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let looked = match page.query.get("q").map(|text| text.chars().take(100).collect::<String>()) {
            Some(text) if !text.trim().is_empty() => {
                match search(&page.shop, &who, proposal.order.id, proposal.order.currency, &text).await {
                    Ok((found, more)) => Some(Looked { text, found, more }),
                    Err(error) => return unavailable(&page, error).await,
                }
            }
            _ => None,
        };
        let title = if proposal.is_draft() { format!("Draft {number}") } else { format!("Change order {number}") };
        let content = shown(&page, &who, &proposal, &form, looked);
        staff_page(&page, &who, &title, content).await
    })
}

fn shown(
    page: &Page,
    who: &SignedIn,
    proposal: &Proposal,
    form: &Form,
    looked: Option<Looked>,
) -> impl IntoView + use<> {
    let shorts = form.fields.get("shorts").cloned();
    let home = page.shop.reference().settings.country.clone();
    view! {
        <ErrorSummary form=form.clone() />
        {shorts.map(|short| view! {
            <Notice kind=NoticeKind::Warning>
                <p>{format!("Nothing was changed: there is not enough of {short}.")}</p>
            </Notice>
        })}
        {advice(proposal)}
        {goods::lines(proposal, form, who.role.allows(Permission::ProductsWrite))}
        {goods::adding(form, looked)}
        {customer::contact(proposal, form, home)}
        {customer::choices(proposal, form)}
        {outcome::outcome(proposal)}
        {giving_up(proposal)}
    }
}

fn advice(proposal: &Proposal) -> impl IntoView + use<> {
    let words = if proposal.is_draft() {
        "A draft is seen by staff only. Nothing is held for it before it is submitted."
    } else {
        "The order stays as it is until you apply the changes below. What was bought keeps its price; what is added costs what it costs today."
    };
    view! { <p class="hint">{words}</p> }
}

/// What every form of the page says without being asked.
fn hidden(proposal: &Proposal) -> impl IntoView + use<> {
    view! {
        <input type="hidden" name="number" value=proposal.order.number.to_string() />
        <input type="hidden" name="seen" value=proposal.revision.to_string() />
    }
}

fn giving_up(proposal: &Proposal) -> impl IntoView + use<> {
    let number = proposal.order.number;
    let words = match (proposal.is_draft(), proposal.is_staged) {
        (true, _) => Some(("Delete this draft", "What is in it can’t be brought back.", "Delete the draft")),
        (false, true) => Some(("Discard these changes", "The order stays as it is.", "Discard the changes")),
        (false, false) => None,
    };
    view! {
        {words.map(|(title, meaning, really)| view! {
            <details>
                <summary>{title}</summary>
                <form method="post" action="/actions/admin/order-discard">
                    {hidden(proposal)}
                    <p>{meaning}</p>
                    <button class="button danger">{really}</button>
                </form>
            </details>
        })}
        {(!proposal.is_draft()).then(|| view! { <p><a href=format!("/admin/orders/{number}")>"Back to the order"</a></p> })}
    }
}
