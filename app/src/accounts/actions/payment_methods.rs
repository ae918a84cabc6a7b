//! What the form about saved ways to pay does.

use super::{failed, required};
use crate::page::Page;
use commerce::payments::saved::forget::remove;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

const PATH: &str = "/account/payment-methods";

pub(super) fn register() {
    register_explicit::<RemovePaymentMethod>();
}

/// Removes a way to pay, here and at its gateway.
#[server(prefix = "/actions", endpoint = "account/remove-payment-method")]
pub async fn remove_payment_method(#[server(default)] method: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let removed = match method.and_then(|id| id.parse().ok()) {
        Some(id) => remove(&page.shop, who.user, id).await,
        None => Ok(false),
    };
    match removed {
        Ok(true) => page.see_other(&format!("{PATH}?done=method-removed")),
        Ok(false) => page.see_other(&format!("{PATH}?refused=no-method")),
        Err(error) => failed(&page, PATH, &error.into()),
    }
    Ok(())
}
