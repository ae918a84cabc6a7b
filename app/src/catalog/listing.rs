//! Categories and the whole shop: sorted, filtered, page by page.

use super::card::ProductCard;
use super::listing_query::{PAGE_SIZE, href, option_field, parse};
use crate::head::Head;
use crate::layout::{Breadcrumbs, Drawn, not_found, nothing, shop_page, unavailable};
use crate::page::Page;
use commerce::catalog::{Category, Choices, Listing, ListingQuery, Page as ListingPage, Scope, Sorting, queries};
use commerce::money::{Currency, Money};
use http::StatusCode;
use leptos::either::Either;
use leptos::prelude::*;
use std::sync::Arc;

/// Filtered results are counted up to here: nobody reads further.
const COUNTED: u32 = 1_000;

/// A facet with more values shows these at first.
const VALUES: usize = 12;

/// The page of every product.
#[component]
pub fn ShopPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move { listing_page(page, None).await })
}

/// The page of a category.
#[component]
pub fn CategoryPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let slug = page.params.get("slug").unwrap_or_default();
        let category = page.shop.reference().categories.by_slug(&slug).cloned();
        match category {
            Some(category) => listing_page(page, Some(category)).await,
            None => missing(page, &slug).await,
        }
    })
}

async fn missing(page: Page, slug: &str) -> Drawn {
    match queries::moved_category(page.shop.db.read(), slug).await {
        Ok(Some(slug)) => {
            page.redirect(StatusCode::PERMANENT_REDIRECT, &format!("/c/{slug}"));
            nothing()
        }
        Ok(None) => not_found(&page, "Category not found").await,
        Err(error) => unavailable(&page, error).await,
    }
}

/// Everything that the parts of a listing page draw from.
#[derive(Clone)]
struct Shown {
    path: String,
    currency: Currency,
    query: ListingQuery,
}

impl Shown {
    fn href(&self, change: impl FnOnce(&mut ListingQuery)) -> String {
        let mut query = self.query.clone();
        query.page = ListingPage::First;
        change(&mut query);
        href(&self.path, &query, self.currency)
    }
}

async fn listing_page(page: Page, category: Option<Category>) -> Drawn {
    let currency = page.shop.reference().settings.currency;
    let scope = category.as_ref().map_or(Scope::Shop, |category| Scope::Category(category.id));
    let query = parse(scope, &page.query, currency);
    let db = page.shop.db.read();
    let listing = match queries::listing(db, &query, page.shop.prices()).await {
        Ok(listing) => listing,
        Err(error) => return unavailable(&page, error).await,
    };
    let choices = match page.shop.choices(scope).await {
        Ok(choices) => choices,
        Err(error) => return unavailable(&page, error).await,
    };
    let count = if query.filters.is_empty() {
        choices.count
    } else {
        match queries::count(db, scope, &query.filters, COUNTED).await {
            Ok(count) => count,
            Err(error) => return unavailable(&page, error).await,
        }
    };
    let path = category.as_ref().map_or("/products".to_owned(), |category| format!("/c/{}", category.slug));
    page.set_head(head(&page, category.as_ref(), &path));
    let shown = Shown { path, currency, query };
    let content = view! {
            <div class="wrap">
                <Top page=page.clone() category=category />
                <div class="listing">
                    <Controls shown=shown.clone() choices=choices />
                    <section class="results" aria-labelledby="results">
                        <h2 id="results" class="result-count">{counted(count, !shown.query.filters.is_empty())}</h2>
                        <Chips shown=shown.clone() />
                        <Results shown=shown listing=listing />
                    </section>
                </div>
            </div>
    };
    shop_page(&page, content).await
}

fn counted(count: i64, filtered: bool) -> String {
    match count {
        1 => "1 product".to_owned(),
        more if filtered && more >= i64::from(COUNTED) => format!("{COUNTED} products or more"),
        more => format!("{more} products"),
    }
}

fn head(page: &Page, category: Option<&Category>, path: &str) -> Head {
    let title = category.map_or("All products", |category| &category.name);
    let name = &page.shop.reference().settings.name;
    Head {
        title: format!("{title} — {name}"),
        description: category.map(|category| category.description.clone()),
        // Filtered and sorted views are the same content: one address stands for them.
        canonical: Some(format!("{}{path}", page.site.public_url)),
        image: None,
    }
}

#[component]
fn Top(page: Page, category: Option<Category>) -> impl IntoView {
    let reference = page.shop.reference();
    let tree = &reference.categories;
    let above = category.as_ref().map_or_else(Vec::new, |category| {
        let mut path = tree.path(category.id);
        path.pop();
        path.into_iter().map(|above| (above.name.clone(), format!("/c/{}", above.slug))).collect()
    });
    let title = category.as_ref().map_or("All products".to_owned(), |category| category.name.clone());
    let below: Vec<_> = category
        .as_ref()
        .map(|category| tree.children(category.id).collect::<Vec<_>>())
        .unwrap_or_else(|| tree.roots().collect())
        .into_iter()
        .map(|child| view! { <li><a class="pill" href=format!("/c/{}", child.slug)>{child.name.clone()}</a></li> })
        .collect();
    view! {
        <Breadcrumbs above=above here=title.clone() />
        <h1>{title}</h1>
        {category.map(|category| view! { <p class="lead">{category.description}</p> })}
        {(!below.is_empty()).then(|| view! { <ul class="pills" aria-label="Categories below">{below}</ul> })}
    }
}

/// Sorting and filters: one GET form, folded away on a phone.
#[component]
fn Controls(shown: Shown, choices: Arc<Choices>) -> impl IntoView {
    let query = &shown.query;
    let sortings: Vec<_> = Sorting::ALL
        .into_iter()
        .map(|sorting| view! { <option value=sorting.code() selected=sorting == query.sorting>{sorting_name(sorting)}</option> })
        .collect();
    let facets: Vec<_> = choices
        .facets
        .iter()
        .map(|facet| {
            let chosen = query.filters.options.get(&facet.name).cloned().unwrap_or_default();
            let values: Vec<_> = facet
                .values
                .iter()
                .map(|value| {
                    let checked = chosen.contains(&value.value);
                    view! {
                        <li>
                            <label class="check">
                                <input type="checkbox" name=option_field(&facet.name) value=value.value.clone() checked=checked />
                                <span>{value.value.clone()}</span>
                                <span class="hint">{value.count}</span>
                            </label>
                        </li>
                    }
                })
                .collect();
            let class = if facet.values.len() > VALUES { "facet-values long" } else { "facet-values" };
            view! { <fieldset><legend>{facet.name.clone()}</legend><ul class=class>{values}</ul></fieldset> }
        })
        .collect();
    let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, shown.currency).to_decimal_string());
    let prices = choices.prices.map(|(least, most)| {
        view! {
            <fieldset>
                <legend>"Price"</legend>
                <p class="hint">{least.to_string()}" to "{most.to_string()}</p>
                <div class="range">
                    <label>"From"<input name="min" inputmode="decimal" value=money(query.filters.price_min) autocomplete="off" maxlength="12" /></label>
                    <label>"To"<input name="max" inputmode="decimal" value=money(query.filters.price_max) autocomplete="off" maxlength="12" /></label>
                </div>
            </fieldset>
        }
    });
    view! {
        <form class="controls" method="get" action=shown.path.clone() aria-label="Sort and filter">
            <div class="field">
                <label for="sort">"Sort by"</label>
                <select id="sort" name="sort">{sortings}</select>
            </div>
            <details class="filters" open=!query.filters.is_empty()>
                <summary>"Filters"</summary>
                <label class="check">
                    <input type="checkbox" name="in_stock" checked=query.filters.in_stock />
                    <span>"In stock"</span>
                </label>
                {prices}
                {facets}
            </details>
            <button class="button">"Show results"</button>
        </form>
    }
}

fn sorting_name(sorting: Sorting) -> &'static str {
    match sorting {
        Sorting::Newest => "Newest",
        Sorting::BestSelling => "Best selling",
        Sorting::PriceAscending => "Price, low to high",
        Sorting::PriceDescending => "Price, high to low",
        Sorting::Name => "Name",
    }
}

/// What is filtered by, each to be taken away.
#[component]
fn Chips(shown: Shown) -> impl IntoView {
    let filters = &shown.query.filters;
    let mut chips: Vec<(String, String)> = Vec::new();
    let money = |minor| Money::new(minor, shown.currency);
    if filters.in_stock {
        chips.push(("In stock".to_owned(), shown.href(|query| query.filters.in_stock = false)));
    }
    if let Some(least) = filters.price_min {
        chips.push((format!("From {}", money(least)), shown.href(|query| query.filters.price_min = None)));
    }
    if let Some(most) = filters.price_max {
        chips.push((format!("Up to {}", money(most)), shown.href(|query| query.filters.price_max = None)));
    }
    for (option, values) in &filters.options {
        for value in values {
            let without = shown.href(|query| {
                if let Some(chosen) = query.filters.options.get_mut(option) {
                    chosen.remove(value);
                }
                query.filters.options.retain(|_, values| !values.is_empty());
            });
            chips.push((format!("{option}: {value}"), without));
        }
    }
    let all = shown.href(|query| query.filters = Default::default());
    (!chips.is_empty()).then(|| {
        let items: Vec<_> = chips
            .into_iter()
            .map(|(text, href)| {
                let label = format!("Remove filter {text}");
                view! { <li><a class="chip" href=href aria-label=label>{text}<span aria-hidden="true">" ×"</span></a></li> }
            })
            .collect();
        view! { <ul class="chips">{items}<li><a class="chip clear" href=all>"Clear all"</a></li></ul> }
    })
}

#[component]
fn Results(shown: Shown, listing: Listing) -> impl IntoView {
    if listing.cards.is_empty() {
        return Either::Left(view! {
            <div class="empty-state">
                <p>"Nothing here fits. Take a filter away, or look somewhere else."</p>
                <p><a class="button" href=shown.path.clone()>"Show everything here"</a></p>
            </div>
        });
    }
    let full = listing.cards.len() == PAGE_SIZE as usize;
    let to = |cursor, page: fn(_) -> ListingPage| shown.href(|query| query.page = page(cursor));
    let previous = listing.previous.map(|cursor| to(cursor, ListingPage::Before));
    let next = listing.next.map(|cursor| to(cursor, ListingPage::After));
    let paged = previous.is_some() || next.is_some();
    let cards: Vec<_> = listing
        .cards
        .into_iter()
        .enumerate()
        .map(|(index, card)| view! { <ProductCard card=card eager=full && index < 3 /> })
        .collect();
    Either::Right(view! {
        <div class="cards">{cards}</div>
        {paged.then(|| view! {
            <nav class="pager" aria-label="Pages">
                {previous.map(|href| view! { <a class="button" rel="prev" href=href>"Previous page"</a> })}
                {next.map(|href| view! { <a class="button" rel="next" href=href>"Next page"</a> })}
            </nav>
        })}
    })
}
