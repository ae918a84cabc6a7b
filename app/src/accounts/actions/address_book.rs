//! What people do with the addresses they keep.

use super::{failed, field, required};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::address_book::{AddressError, AddressId, Entry, queries, remove, save};
use commerce::forms::{Errors, Fields};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

const BOOK: &str = "/account/addresses";

pub(super) fn register() {
    register_explicit::<SaveAddress>();
    register_explicit::<DeleteAddress>();
    register_explicit::<MakeDefault>();
}

/// The name among drafts of the form for an address, or for a new one.
pub fn address_form(id: Option<AddressId>) -> String {
    id.map_or_else(|| "account/address".to_owned(), |id| format!("account/address/{id}"))
}

fn refused(page: &Page, error: AddressError) {
    match error {
        AddressError::TooMany => page.see_other("/account/addresses?refused=book-full"),
        AddressError::Unknown => page.see_other("/account/addresses?refused=no-address"),
        AddressError::Db(error) => failed(page, BOOK, &error.into()),
    }
}

/// Keeps a new address, or changes one.
#[server(prefix = "/actions", endpoint = "account/address")]
pub async fn save_address(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, BOOK).await else { return Ok(()) };
    let id: Option<AddressId> = field(&fields, "id").and_then(|id| id.parse().ok());
    let path = id.map_or_else(|| format!("{BOOK}/new"), |id| format!("{BOOK}/{id}"));
    // The fields of another country were asked for: nothing is wrong yet.
    let parsed = if fields.contains_key("change_country") { Err(Errors::new()) } else { Entry::parse(&fields) };
    let entry = match parsed {
        Ok(entry) => entry,
        Err(errors) => {
            keep_draft(&page, &address_form(id), &path, fields, errors).await;
            return Ok(());
        }
    };
    let outcome = match id {
        Some(id) => save::change(&page.shop, who.user, id, &entry).await,
        None => save::add(&page.shop, who.user, &entry).await.map(drop),
    };
    match outcome {
        Ok(()) => page.see_other("/account/addresses?done=address-saved"),
        Err(error) => refused(&page, error),
    }
    Ok(())
}

/// Deletes an address.
#[server(prefix = "/actions", endpoint = "account/address-delete")]
pub async fn delete_address(#[server(default)] id: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, BOOK).await else { return Ok(()) };
    // One that is none is gone already.
    if let Some(id) = id.and_then(|id| id.parse().ok())
        && let Err(error) = remove::remove(&page.shop, who.user, id).await
    {
        failed(&page, BOOK, &error.into());
        return Ok(());
    }
    page.see_other("/account/addresses?done=address-deleted");
    Ok(())
}

/// Makes an address the default for deliveries or for invoices.
#[server(prefix = "/actions", endpoint = "account/address-default")]
pub async fn make_default(
    #[server(default)] id: Option<String>,
    #[server(default)] kind: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, BOOK).await else { return Ok(()) };
    let outcome = async {
        let id = id.and_then(|id| id.parse().ok()).ok_or(AddressError::Unknown)?;
        let saved = queries::one(page.shop.db.latest(), who.user, id).await?.ok_or(AddressError::Unknown)?;
        let mut entry = saved.entry;
        match kind.as_deref() {
            Some("billing") => entry.default_billing = true,
            _ => entry.default_delivery = true,
        }
        save::change(&page.shop, who.user, id, &entry).await
    };
    match outcome.await {
        Ok(()) => page.see_other("/account/addresses?done=address-saved"),
        Err(error) => refused(&page, error),
    }
    Ok(())
}
