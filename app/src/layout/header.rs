//! The top of every page.

use crate::page::Page;
use leptos::prelude::*;

#[component]
pub fn Header(
    page: Page,
    /// How many items are in the cart.
    items: i64,
    /// Whether somebody is signed in.
    signed_in: bool,
) -> impl IntoView {
    let reference = page.shop.reference();
    let name = reference.settings.name.clone();
    let here = page.path().to_owned();
    let links: Vec<_> = reference
        .categories
        .roots()
        .map(|category| {
            let href = format!("/c/{}", category.slug);
            let current = (href == here).then_some("page");
            view! { <li><a href=href.clone() aria-current=current>{category.name.clone()}</a></li> }
        })
        .collect();
    view! {
        <header class="site-header">
            <div class="wrap bar">
                <a class="logo" href="/">{name}</a>
                <div class="links">
                    <AccountLink signed_in=signed_in />
                    <CartLink items=items />
                </div>
            </div>
            <nav class="categories" aria-label="Categories">
                <ul class="wrap">{links}<li><a href="/products">"All products"</a></li></ul>
            </nav>
        </header>
    }
}

#[component]
fn AccountLink(signed_in: bool) -> impl IntoView {
    let (href, label) = if signed_in { ("/account", "Account") } else { ("/auth/signin", "Sign in") };
    view! {
        <a class="account-link" href=href>
            <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round">
                <circle cx="12" cy="8" r="4" />
                <path d="M4 21c0-4.4 3.6-7 8-7s8 2.6 8 7" />
            </svg>
            <span>{label}</span>
        </a>
    }
}

#[component]
fn CartLink(items: i64) -> impl IntoView {
    let label = match items {
        0 => "Cart, empty".to_owned(),
        1 => "Cart, 1 item".to_owned(),
        more => format!("Cart, {more} items"),
    };
    view! {
        <a class="cart-link" href="/cart" aria-label=label>
            <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round">
                <path d="M5 8h14l-1 12H6L5 8Z" />
                <path d="M9 10V6a3 3 0 0 1 6 0v4" />
            </svg>
            <span aria-hidden="true">"Cart"</span>
            {(items > 0).then(|| view! { <span class="count" aria-hidden="true">{items}</span> })}
        </a>
    }
}
