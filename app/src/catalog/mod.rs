//! Pages of the catalogue.

mod choice;

#[cfg(feature = "ssr")]
mod card;
#[cfg(feature = "ssr")]
mod home;
#[cfg(feature = "ssr")]
mod listing;
#[cfg(feature = "ssr")]
mod listing_query;
#[cfg(feature = "ssr")]
mod product;

pub use choice::{ChoiceView, ProductChoice};
#[cfg(feature = "ssr")]
pub use {
    home::HomePage,
    listing::{CategoryPage, ShopPage},
    product::{ProductPage, days},
};
