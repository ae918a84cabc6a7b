//! The home page.

use super::card::ProductCard;
use crate::head::Head;
use crate::layout::{Pic, shop_page, unavailable};
use crate::page::Page;
use commerce::catalog::{Filters, ListingQuery, Page as ListingPage, Scope, Sorting, queries};
use leptos::prelude::*;

/// How many new products the home page shows.
const NEW: u32 = 8;

/// New products and the categories.
#[component]
pub fn HomePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let newest = ListingQuery {
            scope: Scope::Shop,
            sorting: Sorting::Newest,
            filters: Filters { in_stock: true, ..Filters::default() },
            page: ListingPage::First,
            size: NEW,
        };
        let newest = match queries::listing(page.shop.db.read(), &newest, page.shop.prices()).await {
            Ok(listing) => listing,
            Err(error) => return unavailable(&page, error).await,
        };
        let reference = page.shop.reference();
        let name = reference.settings.name.clone();
        page.set_head(Head {
            title: format!("{name} — things worth keeping"),
            description: Some(
                "Clothes, home, kitchen, play and more, chosen with care and sent within days.".to_owned(),
            ),
            canonical: Some(format!("{}/", page.site.public_url)),
            image: None,
        });
        let tiles: Vec<_> = reference
            .categories
            .roots()
            .map(|category| {
                let below: Vec<_> = reference
                    .categories
                    .children(category.id)
                    .map(|child| view! { <li><a href=format!("/c/{}", child.slug)>{child.name.clone()}</a></li> })
                    .collect();
                view! {
                    <section class="tile">
                        <a class="tile-link" href=format!("/c/{}", category.slug)>
                            <Pic picture=category.picture.clone() sizes="(min-width: 64rem) 20rem, 50vw" />
                            <h3>{category.name.clone()}</h3>
                        </a>
                        <ul>{below}</ul>
                    </section>
                }
            })
            .collect();
        let free =
            reference.delivery_methods.iter().filter_map(|method| method.free_over).min_by_key(|over| over.minor());
        let cards: Vec<_> = newest
            .cards
            .into_iter()
            .enumerate()
            .map(|(index, card)| view! { <ProductCard card=card eager=index < 4 /> })
            .collect();
        let pictures: Vec<_> = reference
            .categories
            .roots()
            .filter_map(|category| category.picture.clone())
            .take(3)
            .map(|picture| view! { <Pic picture=Some(picture) sizes="(min-width: 56rem) 16rem, 33vw" eager=true /> })
            .collect();
        let content = view! {
                <section class="hero">
                    <div class="wrap">
                        <div>
                            <h1>"Things worth keeping"</h1>
                            <p>
                                "Useful, well made, and sent within days."
                                {free.map(|over| format!(" Delivery is free from {over}."))}
                            </p>
                            <a class="button primary" href="/products">"See all products"</a>
                        </div>
                        <div class="hero-pictures" aria-hidden="true">{pictures}</div>
                    </div>
                </section>
                <div class="wrap stack">
                    <section aria-labelledby="new">
                        <div class="section-head">
                            <h2 id="new">"Just in"</h2>
                            <a href="/products">"See all"</a>
                        </div>
                        <div class="cards">{cards}</div>
                    </section>
                    <section aria-labelledby="categories">
                        <h2 id="categories">"Shop by category"</h2>
                        <div class="tiles">{tiles}</div>
                    </section>
                </div>
        };
        shop_page(&page, content).await
    })
}
