//! Sheets of paper as pages that can be printed.

use super::open_sheet::{any_invoice, any_packing_slip, invoice_by_link, invoice_by_token, own_invoice};
use super::sheet::{Cell, Sheet};
use crate::accounts::{member, sign_in_for};
use crate::head::Head;
use crate::layout::{Drawn, not_found, nothing, shop_page, unavailable};
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::db::DbErr;
use leptos::prelude::*;

/// The invoice of the order that the token in the address opens.
#[component]
pub fn TokenInvoicePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let token = page.params.get("token").unwrap_or_default();
        shown(&page, invoice_by_token(&page.shop, &token, cancelled(&page)).await).await
    })
}

/// The invoice of the order that the link in the address opens.
#[component]
pub fn LinkedInvoicePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let link = page.params.get("link").unwrap_or_default();
        shown(&page, invoice_by_link(&page.shop, &link, cancelled(&page)).await).await
    })
}

/// The invoice of an order of whoever is signed in.
#[component]
pub fn OwnInvoicePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let sheet = match page.params.get("number").and_then(|number| number.parse().ok()) {
            Some(number) => own_invoice(&page.shop, who.user, number, cancelled(&page)).await,
            None => Ok(None),
        };
        shown(&page, sheet).await
    })
}

/// The invoice of anybody's order, for staff.
#[component]
pub fn StaffInvoicePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match signed_in(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let sheet = match page.params.get("number").and_then(|number| number.parse().ok()) {
            Some(number) => any_invoice(&page.shop, &who, number, cancelled(&page)).await,
            None => Ok(None),
        };
        shown(&page, sheet).await
    })
}

/// What is in a parcel, for staff to put into it.
#[component]
pub fn PackingSlipPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match signed_in(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let number = page.params.get("number").and_then(|number| number.parse().ok());
        let parcel = page.params.get("parcel").and_then(|parcel| parcel.parse().ok());
        let sheet = match number.zip(parcel) {
            Some((number, parcel)) => any_packing_slip(&page.shop, &who, number, parcel).await,
            None => Ok(None),
        };
        shown(&page, sheet).await
    })
}

/// The number of the cancelled invoice that the address asks for.
fn cancelled(page: &Page) -> Option<i64> {
    page.query.get("cancelled")?.parse().ok()
}

async fn signed_in(page: &Page) -> Result<SignedIn, Drawn> {
    match page.signed_in().await {
        Ok(Some(who)) => Ok(who),
        Ok(None) => {
            page.see_other(&sign_in_for(page.path()));
            Err(nothing())
        }
        Err(error) => Err(unavailable(page, error).await),
    }
}

async fn shown(page: &Page, sheet: Result<Option<Sheet>, DbErr>) -> Drawn {
    let sheet = match sheet {
        Ok(Some(sheet)) => sheet,
        Ok(None) => return not_found(page, "Not found").await,
        Err(error) => return unavailable(page, error).await,
    };
    page.set_head(Head { title: sheet.title.clone(), ..Head::default() });
    let file = match cancelled(page) {
        Some(number) => format!("{}.pdf?cancelled={number}", page.path()),
        None => format!("{}.pdf", page.path()),
    };
    let replaced: Vec<_> = sheet
        .cancelled
        .iter()
        .map(|(number, name)| {
            view! { " "<a class="button" href=format!("{}?cancelled={number}", page.path())>{name.clone()}</a> }
        })
        .collect();
    let content = view! {
        <div class="wrap">
            <p class="no-print"><a class="button primary" href=file>"Download as PDF"</a>{replaced}</p>
            <Paper sheet=sheet />
        </div>
    };
    shop_page(page, content).await
}

#[component]
fn Paper(sheet: Sheet) -> impl IntoView {
    let postal = |lines: Vec<String>| {
        let lines: Vec<_> = lines.into_iter().map(|line| view! { <span>{line}</span> }).collect();
        view! { <address class="postal">{lines}</address> }
    };
    let facts: Vec<_> =
        sheet.facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect();
    let numbers: Vec<_> = sheet.columns.iter().map(|column| column.is_number).collect();
    let head: Vec<_> = sheet
        .columns
        .iter()
        .map(|column| view! { <th scope="col" class=column.is_number.then_some("number")>{column.name}</th> })
        .collect();
    let rows: Vec<_> = sheet
        .rows
        .into_iter()
        .map(|row| {
            let cells: Vec<_> = row.into_iter().zip(&numbers).map(|(cell, number)| data(cell, *number)).collect();
            view! { <tr>{cells}</tr> }
        })
        .collect();
    let sums: Vec<_> = sheet
        .sums
        .into_iter()
        .map(|sum| {
            let class = sum.is_strong.then_some("total");
            view! { <div class=class><dt>{sum.name}</dt><dd>{sum.amount.to_string()}</dd></div> }
        })
        .collect();
    let sums = (!sums.is_empty()).then(|| view! { <dl class="amounts">{sums}</dl> });
    let notes: Vec<_> = sheet.notes.into_iter().map(|note| view! { <p>{note}</p> }).collect();
    view! {
        <article class="sheet">
            <div class="sheet-head">{postal(sheet.recipient)}{postal(sheet.sender)}</div>
            <h1>{sheet.title}</h1>
            <dl class="sheet-facts">{facts}</dl>
            <div class="sheet-table" role="region" aria-label="What is on it" tabindex="0">
                <table>
                    <thead><tr>{head}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {sums}
            {notes}
            <footer><small>{sheet.footer}</small></footer>
        </article>
    }
}

fn data(cell: Cell, is_number: bool) -> impl IntoView {
    let detail = (!cell.detail.is_empty()).then(|| view! { <small>{cell.detail}</small> });
    view! { <td class=is_number.then_some("number")>{cell.text}{detail}</td> }
}
