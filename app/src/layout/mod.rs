//! What is around and between the pages.

mod footer;
mod header;
mod notice;
mod picture;
mod problem;

pub use notice::{Notice, NoticeKind};
pub use picture::Pic;
pub use problem::{NotFound, log_failure, unavailable};

use crate::page::Page;
use footer::Footer;
use header::Header;
use leptos::prelude::*;
use notice::QueryNotice;

/// The frame of the shop's pages: header, content, footer.
#[component]
pub fn Layout(page: Page, children: Children) -> impl IntoView {
    view! {
        <a class="skip-link" href="#content">"Skip to content"</a>
        <Header page=page.clone() />
        <main id="content" tabindex="-1">
            <QueryNotice page=page.clone() />
            {children()}
        </main>
        <Footer page=page />
    }
}

/// The frame of the checkout: nothing that leads away but the logo and the way back.
#[component]
pub fn CheckoutLayout(page: Page, children: Children) -> impl IntoView {
    let name = page.shop.reference().settings.name.clone();
    view! {
        <a class="skip-link" href="#content">"Skip to content"</a>
        <header class="site-header">
            <div class="wrap bar">
                <a class="logo" href="/">{name}</a>
                <a class="back" href="/cart">"Back to cart"</a>
            </div>
        </header>
        <main id="content" tabindex="-1">
            <QueryNotice page=page />
            {children()}
        </main>
    }
}

/// The way from the home page to this one.
#[component]
pub fn Breadcrumbs(
    /// The pages above, with their addresses.
    above: Vec<(String, String)>,
    /// This page.
    here: String,
) -> impl IntoView {
    view! {
        <nav class="breadcrumbs" aria-label="Breadcrumb">
            <ol>
                <li><a href="/">"Home"</a></li>
                {above.into_iter().map(|(name, href)| view! { <li><a href=href>{name}</a></li> }).collect_view()}
                <li><span aria-current="page">{here}</span></li>
            </ol>
        </nav>
    }
}
