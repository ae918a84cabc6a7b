//! The pages of the addresses that somebody keeps.

use super::actions::address_form;
use super::{account_page, member};
use crate::checkout::{AddressFields, Postal};
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::layout::{not_found, unavailable};
use crate::page::Page;
use commerce::accounts::address_book::{ADDRESSES_MOST, AddressId, Saved, queries};
use leptos::prelude::*;

/// Every address that somebody keeps.
#[component]
pub fn AddressBookPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let book = match queries::of_user(page.shop.db.latest(), who.user).await {
            Ok(book) => book,
            Err(error) => return unavailable(&page, error).await,
        };
        let full = book.len() as i64 >= ADDRESSES_MOST;
        let none = book
            .is_empty()
            .then(|| view! { <p>"You have no addresses here yet. The checkout offers those you keep."</p> });
        let entries: Vec<_> = book.into_iter().map(|saved| view! { <Card saved=saved /> }).collect();
        let content = view! {
            <section aria-labelledby="addresses">
                <h2 id="addresses">"Addresses"</h2>
                {none}
                <ul class="address-cards">{entries}</ul>
                {if full {
                    view! { <p class="hint">"Your address book is full."</p> }.into_any()
                } else {
                    view! { <p><a class="button primary" href="/account/addresses/new">"Add an address"</a></p> }.into_any()
                }}
            </section>
        };
        account_page(&page, "Addresses", content).await
    })
}

#[component]
fn Card(saved: Saved) -> impl IntoView {
    let id = saved.id.to_string();
    let title = saved.entry.title().to_owned();
    let entry = saved.entry;
    let of = format!(" {title}");
    let default = |kind: &'static str, words: &'static str| {
        view! {
            <form method="post" action="/actions/account/address-default">
                <input type="hidden" name="id" value=id.clone() />
                <input type="hidden" name="kind" value=kind />
                <button class="button">{words}<span class="visually-hidden">{of.clone()}</span></button>
            </form>
        }
    };
    view! {
        <li class="address-card">
            <h3>{title.clone()}</h3>
            <Postal address=entry.address.clone() />
            {entry.default_delivery.then(|| view! { <p class="hint">"Default for deliveries"</p> })}
            {entry.default_billing.then(|| view! { <p class="hint">"Default for invoices"</p> })}
            <div class="address-actions">
                <a class="button" href=format!("/account/addresses/{id}")>"Edit"<span class="visually-hidden">{of.clone()}</span></a>
                {(!entry.default_delivery).then(|| default("delivery", "Use for deliveries"))}
                {(!entry.default_billing).then(|| default("billing", "Use for invoices"))}
                <details>
                    <summary class="button">"Delete"<span class="visually-hidden">{of.clone()}</span></summary>
                    <form method="post" action="/actions/account/address-delete">
                        <input type="hidden" name="id" value=id.clone() />
                        <p>"Orders keep their copy of it."</p>
                        <button class="button danger">"Really delete"<span class="visually-hidden">{of.clone()}</span></button>
                    </form>
                </details>
            </div>
        </li>
    }
}

/// The form for one address, or at `/new` for another one.
#[component]
pub fn AddressPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let name = page.params.get("id").unwrap_or_default();
        let id = name.parse::<AddressId>().ok();
        let saved = match id {
            Some(id) => queries::one(page.shop.db.latest(), who.user, id).await,
            None => Ok(None),
        };
        let saved = match saved {
            Ok(saved) => saved,
            Err(error) => return unavailable(&page, error).await,
        };
        if saved.is_none() && name != "new" {
            return not_found(&page, "Address not found").await;
        }
        let form = match draft(&page, &address_form(id)).await {
            Ok(form) => form,
            Err(error) => return unavailable(&page, error).await,
        };
        let home = page.shop.reference().settings.country.clone();
        let form = form.unwrap_or_else(|| {
            let new = || [("country".to_owned(), home.clone()), ("name".to_owned(), who.name.clone())].into();
            Form { fields: saved.as_ref().map_or_else(new, |saved| saved.entry.fields()), ..Form::default() }
        });
        let title = if saved.is_some() { "Edit address" } else { "Add an address" };
        let content = view! { <AddressForm form=form id=id home=home title=title /> };
        account_page(&page, title, content).await
    })
}

#[component]
fn AddressForm(form: Form, id: Option<AddressId>, home: String, title: &'static str) -> impl IntoView {
    let ticked = |name: &str| form.fields.contains_key(name);
    let (delivery, billing) = (ticked("default_delivery"), ticked("default_billing"));
    view! {
        <section aria-labelledby="address">
            <h2 id="address">{title}</h2>
            <ErrorSummary form=form.clone() />
            <form class="narrow" method="post" action="/actions/account/address" novalidate=true>
                {id.map(|id| view! { <input type="hidden" name="id" value=id.to_string() /> })}
                <TextField form=form.clone() name="label".to_owned() label="What you call it" autocomplete="off".to_owned() maxlength=50 optional=true hint="For example home or work" />
                <AddressFields form=form prefix="" section="shipping" home=home />
                <label class="check">
                    <input type="checkbox" name="default_delivery" checked=delivery />
                    <span>"Use it for deliveries"</span>
                </label>
                <label class="check">
                    <input type="checkbox" name="default_billing" checked=billing />
                    <span>"Use it for invoices"</span>
                </label>
                <button class="button primary">"Save address"</button>
            </form>
            <p><a href="/account/addresses">"Back to your addresses"</a></p>
        </section>
    }
}
