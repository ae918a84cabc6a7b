//! The page of a product.

use super::card::ProductCard;
use super::choice::{ChoiceView, OptionView, ProductChoice, VariationView};
use crate::forms::quantity_words;
use crate::head::Head;
use crate::layout::{Breadcrumbs, Drawn, Notice, NoticeKind, not_found, nothing, shop_page, unavailable};
use crate::page::Page;
use commerce::catalog::{
    Filters, Found, ListingQuery, Page as ListingPage, Product, Scope, Sorting, Variation, queries,
};
use commerce::forms::MAX_QUANTITY;
use commerce::media::Picture;
use http::StatusCode;
use leptos::prelude::*;

/// How many other products of its category the page shows.
const RELATED: u32 = 4;

/// Fewer than this are told.
const FEW: i64 = 5;

/// A product with the choice of its variations.
#[component]
pub fn ProductPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let slug = page.params.get("slug").unwrap_or_default();
        match queries::product(page.shop.db.read(), &slug, page.shop.prices()).await {
            Ok(Found::Here(product)) => shown(page, product).await,
            Ok(Found::Moved(slug)) => {
                page.redirect(StatusCode::PERMANENT_REDIRECT, &format!("/p/{slug}"));
                nothing()
            }
            Ok(Found::Nowhere) => not_found(&page, "Product not found").await,
            Err(error) => unavailable(&page, error).await,
        }
    })
}

async fn shown(page: Page, product: Product) -> Drawn {
    let Some(variation) = product.variation_or_default(page.query.get("v").as_deref()).cloned() else {
        return not_found(&page, "Product not found").await;
    };
    let related = ListingQuery {
        scope: Scope::Category(product.category),
        sorting: Sorting::BestSelling,
        filters: Filters::default(),
        page: ListingPage::First,
        size: RELATED + 1,
    };
    let related = match queries::listing(page.shop.db.read(), &related, page.shop.prices()).await {
        Ok(listing) => listing,
        Err(error) => return unavailable(&page, error).await,
    };
    let related: Vec<_> = related
        .cards
        .into_iter()
        .filter(|card| card.id != product.id)
        .take(RELATED as usize)
        .map(|card| view! { <ProductCard card=card /> })
        .collect();
    let reference = page.shop.reference();
    let above: Vec<_> = reference
        .categories
        .path(product.category)
        .into_iter()
        .map(|category| (category.name.clone(), format!("/c/{}", category.slug)))
        .collect();
    let paragraphs: Vec<_> =
        product.description.split("\n\n").map(|text| view! { <p>{text.trim().to_owned()}</p> }).collect();
    let specifications: Vec<_> = product
        .specifications
        .0
        .iter()
        .map(|fact| view! { <div><dt>{fact.name.clone()}</dt><dd>{fact.value.clone()}</dd></div> })
        .collect();
    let deliveries: Vec<_> = reference
        .delivery_methods
        .iter()
        .map(|method| {
            let free = method.free_over.map(|over| format!(", free from {over}"));
            view! { <li>{method.name.clone()}": "{days(method.min_days, method.max_days)}", "{method.price.to_string()}{free}</li> }
        })
        .collect();
    page.set_head(head(&page, &product, &variation));
    let mut choice = choice(&product, &variation, reference.settings.prices_include_tax);
    choice.refused = page
        .query
        .get("refused")
        .filter(|code| code == "quantity")
        .map(|_| (page.query.get("typed").unwrap_or_default(), quantity_words()));
    let content = view! {
            <div class="wrap">
                <Added page=page.clone() product=product.clone() />
                <Breadcrumbs above=above here=product.name.clone() />
                <h1 class="product-name">{product.name.clone()}</h1>
                <ProductChoice product=choice />
                <div class="product-text">
                    <section aria-labelledby="description"><h2 id="description">"Description"</h2>{paragraphs}</section>
                    <section aria-labelledby="specifications">
                        <h2 id="specifications">"Specifications"</h2>
                        <dl class="facts">{specifications}</dl>
                    </section>
                    <section aria-labelledby="delivery"><h2 id="delivery">"Delivery"</h2><ul>{deliveries}</ul></section>
                </div>
                {(!related.is_empty()).then(|| view! {
                    <section aria-labelledby="related">
                        <h2 id="related">"More like this"</h2>
                        <div class="cards">{related}</div>
                    </section>
                })}
            </div>
    };
    shop_page(&page, content).await
}

/// How long delivery takes.
pub fn days(least: i32, most: i32) -> String {
    match (least, most) {
        (1, 1) => "1 working day".to_owned(),
        (least, most) if least == most => format!("{least} working days"),
        (least, most) => format!("{least}–{most} working days"),
    }
}

fn head(page: &Page, product: &Product, variation: &Variation) -> Head {
    let name = &page.shop.reference().settings.name;
    let address = |path: String| format!("{}{path}", page.site.public_url);
    Head {
        title: format!("{} — {name}", product.name),
        description: Some(product.description.chars().take_while(|c| *c != '\n').take(160).collect()),
        canonical: Some(address(format!("/p/{}", product.slug))),
        image: product.picture_of(variation).map(|picture| address(picture.url(960, "jpg"))),
    }
}

/// Says what was just put into the cart, and where to go from there.
#[component]
fn Added(page: Page, product: Product) -> impl IntoView {
    let quantity = page.query.get("added").and_then(|text| text.parse::<i32>().ok());
    let quantity = quantity.filter(|quantity| (1..=MAX_QUANTITY).contains(quantity) && page.has_visitor())?;
    let variation = product.variation_or_default(page.query.get("v").as_deref())?;
    let options = variation.options.named(&product.options).to_string();
    let options = (!options.is_empty()).then(|| format!(" ({options})"));
    Some(view! {
        <Notice kind=NoticeKind::Success>
            <p><strong>"Added to your cart: "</strong>{quantity}" × "{product.name.clone()}{options}</p>
            <p class="button-row">
                <a class="button primary" href="/cart">"View cart"</a>
                <a class="button" href="/products">"Continue shopping"</a>
            </p>
        </Notice>
    })
}

fn choice(product: &Product, chosen: &Variation, prices_include_tax: bool) -> ChoiceView {
    let index_of = |wanted: &Variation| product.variations.iter().position(|variation| variation.id == wanted.id);
    let picture_of = |variation: &Variation| {
        let own = product.picture_of(variation).map(|picture| picture.id);
        product.pictures.iter().position(|picture| Some(picture.id) == own).unwrap_or_default()
    };
    let targets = |from: &Variation| {
        let options = product.options.0.iter().enumerate();
        options
            .map(|(index, option)| {
                let to = |value: &str| product.variation_with(from, index, value).and_then(index_of);
                option.values.iter().map(|value| to(&value.value)).collect()
            })
            .collect()
    };
    ChoiceView {
        path: format!("/p/{}", product.slug),
        slug: product.slug.clone(),
        options: product
            .options
            .0
            .iter()
            .map(|option| OptionView {
                name: option.name.clone(),
                values: option.values.iter().map(|value| (value.value.clone(), value.swatch.clone())).collect(),
            })
            .collect(),
        variations: product
            .variations
            .iter()
            .map(|variation| VariationView {
                id: variation.id.to_string(),
                sku: variation.sku.clone(),
                price: variation.price.to_string(),
                availability: match variation.available {
                    ..=0 => "Sold out".to_owned(),
                    few @ 1..=FEW => format!("Only {few} left"),
                    _ => "In stock".to_owned(),
                },
                most: variation.available.clamp(0, i64::from(MAX_QUANTITY)),
                picture: picture_of(variation),
                targets: targets(variation),
            })
            .collect(),
        pictures: product
            .pictures
            .iter()
            .map(|picture| Picture { placeholder: String::new(), ..picture.clone() })
            .collect(),
        price_note: format!("{} tax, plus delivery", if prices_include_tax { "Includes" } else { "Before" }),
        chosen: index_of(chosen).unwrap_or_default(),
        refused: None,
    }
}
