//! What the shop offers: categories, products and their variations.

use crate::media::{MediaId, Picture};
use crate::money::Money;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod create_category;
#[cfg(feature = "ssr")]
pub mod create_products;
#[cfg(feature = "ssr")]
pub mod entity;
mod listing;
#[cfg(feature = "ssr")]
pub mod projection;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod rename;
mod tree;

pub use listing::{
    Choices, Cursor, CursorKey, Facet, FacetValue, Filters, Listing, ListingQuery, Page, Scope, Sorting,
};
pub use tree::{Category, CategoryTree};

id!(
    /// Identifies a category.
    CategoryId
);
id!(
    /// Identifies a product.
    ProductId
);
id!(
    /// Identifies a variation: what is sold.
    VariationId
);

/// Something that the variations of a product differ in: colour, size, design …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOption {
    /// What it is called.
    pub name: String,
    /// Its values in the order in which they are shown.
    pub values: Vec<OptionValue>,
}

/// A value of an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionValue {
    /// What it is called.
    pub value: String,
    /// A colour to show it by, as `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swatch: Option<String>,
}

/// The options of a product, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
#[serde(transparent)]
pub struct ProductOptions(pub Vec<ProductOption>);

/// The values of a variation, in the order of its product's options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
#[serde(transparent)]
pub struct OptionValues(pub Vec<String>);

impl OptionValues {
    /// The values as one text that is unique among the variations of a product.
    pub fn key(&self) -> String {
        self.0.join("\u{1f}")
    }

    /// The values with the names of their options.
    pub fn named(&self, options: &ProductOptions) -> ChosenOptions {
        let names = options.0.iter().map(|option| option.name.clone());
        ChosenOptions(names.zip(self.0.iter().cloned()).map(|(name, value)| ChosenOption { name, value }).collect())
    }
}

/// An option with the value chosen for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenOption {
    /// The option.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The options of a variation with their names, as carts show and orders copy them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
#[serde(transparent)]
pub struct ChosenOptions(pub Vec<ChosenOption>);

impl std::fmt::Display for ChosenOptions {
    /// `Navy / M`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, option) in self.0.iter().enumerate() {
            let separator = if index > 0 { " / " } else { "" };
            write!(f, "{separator}{}", option.value)?;
        }
        Ok(())
    }
}

/// A fact about a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specification {
    /// What it is about.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// The facts about a product, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
#[serde(transparent)]
pub struct Specifications(pub Vec<Specification>);

/// A product in a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Which product.
    pub id: ProductId,
    /// Its address below `/p/`.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// The price of its cheapest variation.
    pub price_from: Money,
    /// The price of its dearest variation.
    pub price_to: Money,
    /// How many pieces of all its variations are available.
    pub available: i64,
    /// The values of its first option that has colours.
    pub swatches: Vec<OptionValue>,
    /// Its first picture.
    pub picture: Option<Picture>,
}

/// All that the page of a product shows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Which product.
    pub id: ProductId,
    /// Its address below `/p/`.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Paragraphs, separated by an empty line.
    pub description: String,
    /// Where it is in the tree.
    pub category: CategoryId,
    /// What its variations differ in.
    pub options: ProductOptions,
    /// Facts about it.
    pub specifications: Specifications,
    /// What can be bought, in the order of the options; at least one.
    pub variations: Vec<Variation>,
    /// Its pictures, the main one first.
    pub pictures: Vec<Picture>,
}

/// Something that can be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variation {
    /// Which variation.
    pub id: VariationId,
    /// The shop's own article number.
    pub sku: String,
    /// Its values, in the order of the product's options.
    pub options: OptionValues,
    /// What one piece costs.
    pub price: Money,
    /// How many are available.
    pub available: i64,
    /// Its picture, among those of the product.
    pub picture: Option<MediaId>,
}

impl Product {
    /// The variation with this SKU, else the first that is available, else the first.
    pub fn variation_or_default(&self, sku: Option<&str>) -> Option<&Variation> {
        self.variations
            .iter()
            .find(|variation| Some(variation.sku.as_str()) == sku)
            .or_else(|| self.variations.iter().find(|variation| variation.available > 0))
            .or_else(|| self.variations.first())
    }

    /// The variation one gets to from `current` by choosing `value` for the
    /// option at `index`: among those that have it, the one that keeps most
    /// other values, available ones first where equal.
    pub fn variation_with(&self, current: &Variation, index: usize, value: &str) -> Option<&Variation> {
        self.variations
            .iter()
            .filter(|variation| variation.options.0.get(index).is_some_and(|own| own == value))
            .max_by_key(|variation| {
                let kept = variation.options.0.iter().zip(&current.options.0).filter(|(a, b)| a == b).count();
                // `max_by_key` takes the last of equals; the first reads better.
                (kept, variation.available > 0, std::cmp::Reverse(variation.sku.as_str()))
            })
    }

    /// The picture of a variation, else the product's main one.
    pub fn picture_of(&self, variation: &Variation) -> Option<&Picture> {
        self.pictures.iter().find(|picture| Some(picture.id) == variation.picture).or(self.pictures.first())
    }
}

/// What was found at an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// What was looked for.
    Here(T),
    /// It has moved to this slug.
    Moved(String),
    /// Nothing, and nothing ever was.
    Nowhere,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use uuid::Uuid;

    fn variation(sku: &str, options: [&str; 2], available: i64) -> Variation {
        Variation {
            id: VariationId(Uuid::nil()),
            sku: sku.to_owned(),
            options: OptionValues(options.map(str::to_owned).to_vec()),
            price: Money::new(1, Currency::EUR),
            available,
            picture: None,
        }
    }

    fn product(variations: Vec<Variation>) -> Product {
        Product {
            id: ProductId(Uuid::nil()),
            slug: String::new(),
            name: String::new(),
            description: String::new(),
            category: CategoryId(Uuid::nil()),
            options: ProductOptions::default(),
            specifications: Specifications::default(),
            variations,
            pictures: Vec::new(),
        }
    }

    #[test]
    fn choosing_a_value_keeps_the_others_where_there_is_such_a_variation() {
        let shirt = product(vec![
            variation("RED-S", ["Red", "S"], 0),
            variation("RED-M", ["Red", "M"], 4),
            variation("BLUE-S", ["Blue", "S"], 4),
        ]);
        let at = |sku| shirt.variation_or_default(Some(sku)).expect("exists");
        let choose = |sku, index, value| shirt.variation_with(at(sku), index, value).map(|found| found.sku.as_str());
        assert_eq!(choose("RED-S", 0, "Blue"), Some("BLUE-S"));
        assert_eq!(choose("RED-M", 0, "Blue"), Some("BLUE-S"), "there is no blue M");
        assert_eq!(choose("BLUE-S", 0, "Red"), Some("RED-S"), "the size is kept though sold out");
        assert_eq!(choose("RED-S", 1, "XL"), None);
    }

    #[test]
    fn without_a_choice_the_first_available_variation_is_shown() {
        let shirt = product(vec![variation("A", ["Red", "S"], 0), variation("B", ["Red", "M"], 1)]);
        assert_eq!(shirt.variation_or_default(None).map(|found| found.sku.as_str()), Some("B"));
        assert_eq!(shirt.variation_or_default(Some("nonsense")).map(|found| found.sku.as_str()), Some("B"));
        assert_eq!(shirt.variation_or_default(Some("A")).map(|found| found.sku.as_str()), Some("A"));
    }
}
