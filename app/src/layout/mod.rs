//! What is around and between the pages.

mod footer;
mod header;
mod notice;
mod picture;
mod problem;
mod table;

pub use notice::{Notice, NoticeKind};
pub use picture::Pic;
pub use problem::{log_failure, not_found, unavailable};
pub use table::Table;

use crate::page::Page;
use footer::Footer;
use header::Header;
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use notice::QueryNotice;

/// A page that is drawn.
///
/// Nothing in a page waits once what it shows is read. As HTML it goes the rest
/// of its way as it is, where a tree of views would be copied and boxed again.
pub type Drawn = InertElement;

/// No page: the answer is a redirect.
pub fn nothing() -> Drawn {
    Drawn::new("")
}

/// A page of the shop: header, content, footer.
pub async fn shop_page(page: &Page, content: impl IntoView) -> Drawn {
    let items = page.items_in_cart().await;
    // As with the cart: what stands in the header is no reason to fail.
    let signed_in = page.signed_in().await.is_ok_and(|who| who.is_some());
    let drawn = view! {
        <a class="skip-link" href="#content">"Skip to content"</a>
        <Header page=page.clone() items=items signed_in=signed_in />
        <main id="content" tabindex="-1">
            <QueryNotice page=page.clone() />
            {content}
        </main>
        <Footer page=page.clone() />
    };
    Drawn::new(drawn.to_html())
}

/// A page of the checkout: nothing leads away but the logo and the way back.
pub fn checkout_page(page: &Page, content: impl IntoView) -> Drawn {
    let name = page.shop.reference().settings.name.clone();
    let drawn = view! {
        <a class="skip-link" href="#content">"Skip to content"</a>
        <header class="site-header">
            <div class="wrap bar">
                <a class="logo" href="/">{name}</a>
                <a class="back" href="/cart">"Back to cart"</a>
            </div>
        </header>
        <main id="content" tabindex="-1">
            <QueryNotice page=page.clone() />
            {content}
        </main>
    };
    Drawn::new(drawn.to_html())
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
