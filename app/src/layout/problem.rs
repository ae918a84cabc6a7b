//! Pages for when there is nothing to show.

use super::{Drawn, checkout_page, shop_page};
use crate::head::Head;
use crate::page::Page;
use http::{StatusCode, header};
use leptos::prelude::*;

/// There is nothing at this address: says so with status 404 and offers ways on.
pub async fn not_found(page: &Page, title: &'static str) -> Drawn {
    page.set_status(StatusCode::NOT_FOUND);
    page.set_head(Head { title: title.to_owned(), ..Head::default() });
    let reference = page.shop.reference();
    let links: Vec<_> = reference
        .categories
        .roots()
        .map(|category| view! { <li><a class="button" href=format!("/c/{}", category.slug)>{category.name.clone()}</a></li> })
        .collect();
    let content = view! {
        <div class="wrap empty-state">
            <h1>{title}</h1>
            <p>"It may have moved, or the address has a typing mistake. These are good places to go on:"</p>
            <ul class="button-row">{links}</ul>
            <p><a href="/products">"See all products"</a>" or "<a href="/">"go to the home page"</a>"."</p>
        </div>
    };
    shop_page(page, content).await
}

/// Logs, once and here, why something could not be done.
pub fn log_failure(error: &dyn std::fmt::Display) {
    tracing::error!(%error, "request failed");
}

/// The shop can't answer now: logs why, says so with status 503 and when to try again.
pub async fn unavailable(page: &Page, error: impl std::fmt::Display) -> Drawn {
    log_failure(&error);
    page.set_status(StatusCode::SERVICE_UNAVAILABLE);
    page.set_header(header::RETRY_AFTER, "10");
    page.set_head(Head { title: "We’ll be right back".to_owned(), ..Head::default() });
    let content = view! {
        <div class="wrap empty-state">
            <h1>"We’ll be right back"</h1>
            <p>"The shop can’t answer at the moment. Your cart is safe: please try again in a few seconds."</p>
            <p><a class="button primary" href="">"Try again"</a></p>
        </div>
    };
    if page.path().starts_with("/checkout/") { checkout_page(page, content) } else { shop_page(page, content).await }
}
