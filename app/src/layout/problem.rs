//! Pages for when there is nothing to show.

use super::{CheckoutLayout, Layout};
use crate::head::Head;
use crate::page::Page;
use http::{StatusCode, header};
use leptos::prelude::*;

/// There is nothing at this address: says so with status 404 and offers ways on.
#[component]
pub fn NotFound(page: Page, title: &'static str) -> impl IntoView {
    page.set_status(StatusCode::NOT_FOUND);
    page.set_head(Head { title: title.to_owned(), ..Head::default() });
    let reference = page.shop.reference();
    let links: Vec<_> = reference
        .categories
        .roots()
        .map(|category| view! { <li><a class="button" href=format!("/c/{}", category.slug)>{category.name.clone()}</a></li> })
        .collect();
    view! {
        <div class="wrap empty-state">
            <h1>{title}</h1>
            <p>"It may have moved, or the address has a typing mistake. These are good places to go on:"</p>
            <ul class="button-row">{links}</ul>
            <p><a href="/products">"See all products"</a>" or "<a href="/">"go to the home page"</a>"."</p>
        </div>
    }
}

/// The shop can't answer now: says so with status 503 and when to try again.
#[component]
pub fn Unavailable(page: Page) -> impl IntoView {
    page.set_status(StatusCode::SERVICE_UNAVAILABLE);
    page.set_header(header::RETRY_AFTER, "10");
    page.set_head(Head { title: "We’ll be right back".to_owned(), ..Head::default() });
    view! {
        <div class="wrap empty-state">
            <h1>"We’ll be right back"</h1>
            <p>"The shop can’t answer at the moment. Your cart is safe: please try again in a few seconds."</p>
            <p><a class="button primary" href="">"Try again"</a></p>
        </div>
    }
}

/// Logs, once and here, why something could not be done.
pub fn log_failure(error: &dyn std::fmt::Display) {
    tracing::error!(%error, "request failed");
}

/// Logs why the shop can't answer, and gives the page that says so.
pub fn unavailable(page: &Page, error: &dyn std::fmt::Display) -> AnyView {
    log_failure(error);
    let page = page.clone();
    if page.path().starts_with("/checkout/") {
        view! { <CheckoutLayout page=page.clone()><Unavailable page=page /></CheckoutLayout> }.into_any()
    } else {
        view! { <Layout page=page.clone()><Unavailable page=page /></Layout> }.into_any()
    }
}
