//! A product in a listing.

use crate::layout::Pic;
use commerce::catalog::Card;
use leptos::prelude::*;

/// Fewer than this are told on the card.
const FEW: i64 = 5;

/// The most colours that a card shows.
const COLOURS: usize = 6;

/// A product with its picture, price and what is to be known before it is opened.
#[component]
pub fn ProductCard(
    card: Card,
    /// Whether it is seen at once.
    #[prop(optional)]
    eager: bool,
) -> impl IntoView {
    let href = format!("/p/{}", card.slug);
    let from = (card.price_from != card.price_to).then_some("from ");
    let badge = match card.available {
        ..=0 => Some(("badge sold-out", "Sold out".to_owned())),
        1..=FEW => Some(("badge few", format!("Only {} left", card.available))),
        _ => None,
    };
    let more = card.swatches.len().saturating_sub(COLOURS);
    let dots: Vec<_> = card
        .swatches
        .iter()
        .take(COLOURS)
        .filter_map(|value| value.swatch.clone())
        .map(|fill| view! { <svg viewBox="0 0 16 16" width="16" height="16"><circle cx="8" cy="8" r="7" fill=fill class="swatch-dot" /></svg> })
        .collect();
    let colours = (card.swatches.len() > 1).then(|| {
        let names = card.swatches.iter().map(|value| value.value.as_str()).collect::<Vec<_>>().join(", ");
        view! {
            <p class="swatches" role="img" aria-label=format!("Colours: {names}")>
                {dots}{(more > 0).then(|| view! { <span>"+"{more}</span> })}
            </p>
        }
    });
    view! {
        <article class="card">
            <Pic picture=card.picture sizes="(min-width: 64rem) 18rem, (min-width: 40rem) 33vw, 50vw" eager=eager />
            <div class="card-body">
                <h3><a href=href>{card.name}</a></h3>
                <p class="price">{from}{card.price_from.to_string()}</p>
                {colours}
                {badge.map(|(class, text)| view! { <p class=class>{text}</p> })}
            </div>
        </article>
    }
}
