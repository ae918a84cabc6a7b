//! Choosing a variation: by plain links, and at once where the browser can.

use commerce::media::Picture;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the choice of a variation is drawn from, made on the server: the
/// browser only looks things up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceView {
    /// The address of the product's page.
    pub path: String,
    /// The slug of the product.
    pub slug: String,
    /// What its variations differ in.
    pub options: Vec<OptionView>,
    /// What can be bought.
    pub variations: Vec<VariationView>,
    /// Its pictures, without placeholders: the gallery is seen at once.
    pub pictures: Vec<Picture>,
    /// What stands below the price.
    pub price_note: String,
    /// The variation that is shown first.
    pub chosen: usize,
    /// A quantity that was refused, and why.
    pub refused: Option<(String, String)>,
}

/// An option with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionView {
    /// What it is called.
    pub name: String,
    /// Its values, with a colour where they have one.
    pub values: Vec<(String, Option<String>)>,
}

/// A variation, in the words of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariationView {
    /// Its identifier.
    pub id: String,
    /// Its article number.
    pub sku: String,
    /// Its price.
    pub price: String,
    /// What there is of it.
    pub availability: String,
    /// How many can be bought at once: 0 when it is sold out.
    pub most: i64,
    /// Which of the pictures is its own.
    pub picture: usize,
    /// For each option and value: the variation one gets by choosing it.
    pub targets: Vec<Vec<Option<usize>>>,
}

/// How wide the gallery is for browsers that choose none of the offered widths, in pixels.
const GALLERY_WIDTH: u32 = 960;

/// Gallery, price, options and the button to buy.
#[island]
pub fn ProductChoice(
    /// What it is drawn from.
    product: ChoiceView,
) -> impl IntoView {
    let chosen = RwSignal::new(product.chosen);
    let picture = RwSignal::new(product.variations.get(product.chosen).map_or(0, |variation| variation.picture));
    let (typed, message) = match product.refused.clone() {
        Some((typed, message)) => (typed, Some(message)),
        None => ("1".to_owned(), None),
    };
    let product = StoredValue::new(product);
    let of = move |read: fn(&VariationView) -> String| {
        product.with_value(|product| product.variations.get(chosen.get()).map(read).unwrap_or_default())
    };
    let most = move || product.with_value(|product| product.variations.get(chosen.get()).map_or(0, |v| v.most));
    let choose = move |target: usize| {
        chosen.set(target);
        product.with_value(|product| {
            if let Some(variation) = product.variations.get(target) {
                picture.set(variation.picture);
                show_in_address(&format!("{}?v={}", product.path, variation.sku));
            }
        });
    };
    let availability = move || match most() {
        0 => "availability sold-out",
        1..=5 => "availability few",
        _ => "availability",
    };
    view! {
        <div class="product">
            <Gallery product=product picture=picture />
            <div class="buy">
                <p class="price" aria-live="polite">{move || of(|variation| variation.price.clone())}</p>
                <p class="hint">{product.with_value(|product| product.price_note.clone())}</p>
                {(0..product.with_value(|product| product.options.len()))
                    .map(|index| view! { <OptionChoice product=product index=index chosen=chosen on_choose=Callback::new(choose) /> })
                    .collect_view()}
                <p class=availability aria-live="polite">{move || of(|variation| variation.availability.clone())}</p>
                <form class="add" method="post" action="/actions/cart/add">
                    <input type="hidden" name="product" value=product.with_value(|product| product.slug.clone()) />
                    <input type="hidden" name="variation" prop:value=move || of(|variation| variation.id.clone()) value=untrack(|| of(|variation| variation.id.clone())) />
                    <input type="hidden" name="sku" prop:value=move || of(|variation| variation.sku.clone()) value=untrack(|| of(|variation| variation.sku.clone())) />
                    <label for="quantity">"Quantity"</label>
                    <input
                        id="quantity"
                        name="quantity"
                        type="text"
                        inputmode="numeric"
                        value=typed
                        maxlength="20"
                        autocomplete="off"
                        aria-invalid=message.as_ref().map(|_| "true")
                        aria-describedby=message.as_ref().map(|_| "quantity-error")
                    />
                    <button class="button primary" disabled=move || most() == 0>
                        {move || if most() == 0 { "Sold out" } else { "Add to cart" }}
                    </button>
                    {message.map(|text| view! { <p class="field-error" id="quantity-error" role="alert">{text}</p> })}
                </form>
                <p class="hint">"Article "{move || of(|variation| variation.sku.clone())}</p>
            </div>
        </div>
    }
}

#[component]
fn Gallery(product: StoredValue<ChoiceView>, picture: RwSignal<usize>) -> impl IntoView {
    let of = move |read: fn(&Picture) -> String| {
        product.with_value(|product| product.pictures.get(picture.get()).map(read).unwrap_or_default())
    };
    let (width, height, count) = product.with_value(|product| {
        let first = product.pictures.first();
        (first.map_or(1, |picture| picture.width), first.map_or(1, |picture| picture.height), product.pictures.len())
    });
    let sizes = "(min-width: 64rem) 36rem, 100vw";
    let thumbnails = product.with_value(|product| {
        product
            .pictures
            .iter()
            .enumerate()
            .map(|(index, shown)| {
                let href = shown.url(GALLERY_WIDTH, "jpg");
                let label = format!("Show picture {} of {count}", index + 1);
                view! {
                    <li>
                        <a
                            href=href
                            aria-label=label
                            aria-current=move || (picture.get() == index).then_some("true")
                            on:click=move |event| {
                                event.prevent_default();
                                picture.set(index);
                            }
                        >
                            <img src=shown.url(160, "webp") width="80" height="80" alt="" loading="lazy" />
                        </a>
                    </li>
                }
            })
            .collect_view()
    });
    view! {
        <div class="gallery">
            <span class="pic">
                <picture>
                    <source type="image/webp" srcset=move || of(|picture| picture.srcset("webp")) sizes=sizes />
                    <img
                        src=move || of(|picture| picture.url(GALLERY_WIDTH, "jpg"))
                        srcset=move || of(|picture| picture.srcset("jpg"))
                        sizes=sizes
                        width=width
                        height=height
                        alt=move || of(|picture| picture.alt.clone())
                        fetchpriority="high"
                    />
                </picture>
            </span>
            {(count > 1).then(|| view! { <ul class="thumbnails" aria-label="Pictures">{thumbnails}</ul> })}
        </div>
    }
}

#[component]
fn OptionChoice(
    product: StoredValue<ChoiceView>,
    index: usize,
    chosen: RwSignal<usize>,
    on_choose: Callback<usize>,
) -> impl IntoView {
    let option = product.with_value(|product| product.options.get(index).cloned())?;
    let current = move || {
        product.with_value(|product| {
            let values = product.options.get(index).map(|option| option.values.len()).unwrap_or_default();
            (0..values).find(|value| target(product, chosen.get(), index, *value) == Some(chosen.get()))
        })
    };
    let name_of_current = {
        let values = option.values.clone();
        move || current().and_then(|value| values.get(value)).map(|value| value.0.clone()).unwrap_or_default()
    };
    let values: Vec<_> = option
        .values
        .into_iter()
        .enumerate()
        .map(|(value, (name, swatch))| {
            let to = move || product.with_value(|product| target(product, chosen.get(), index, value));
            let href = move || {
                product.with_value(|product| {
                    let sku = to().and_then(|to| product.variations.get(to)).map(|variation| variation.sku.as_str());
                    format!("{}?v={}", product.path, sku.unwrap_or_default())
                })
            };
            let sold_out = move || {
                product.with_value(|product| to().and_then(|to| product.variations.get(to)).is_none_or(|to| to.most == 0))
            };
            let class = if swatch.is_some() { "choice with-swatch" } else { "choice" };
            let choose = move |event: leptos::ev::MouseEvent| {
                if let Some(to) = to() {
                    event.prevent_default();
                    on_choose.run(to);
                }
            };
            view! {
                <li>
                    <a
                        class=class
                        href=href
                        rel="nofollow"
                        aria-current=move || (current() == Some(value)).then_some("true")
                        data-sold-out=move || sold_out().then_some("")
                        on:click=choose
                    >
                        {swatch.map(|fill| view! {
                            <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><circle cx="10" cy="10" r="9" fill=fill class="swatch-dot" /></svg>
                        })}
                        <span>{name}</span>
                        {move || sold_out().then(|| view! { <span class="visually-hidden">" (sold out)"</span> })}
                    </a>
                </li>
            }
        })
        .collect();
    Some(view! {
        <fieldset class="option">
            <legend>{option.name}": "<strong>{name_of_current}</strong></legend>
            <ul>{values}</ul>
        </fieldset>
    })
}

fn target(product: &ChoiceView, from: usize, option: usize, value: usize) -> Option<usize> {
    *product.variations.get(from)?.targets.get(option)?.get(value)?
}

/// Writes the choice into the address without loading a page: what is seen can be shared.
#[cfg(feature = "hydrate")]
fn show_in_address(address: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // A browser that refuses shows the old address: no reason to fail.
        let _ = history.replace_state_with_url(&web_sys::wasm_bindgen::JsValue::NULL, "", Some(address));
    }
}

#[cfg(not(feature = "hydrate"))]
fn show_in_address(_: &str) {}
