//! The demo shop's catalogue: what `catalogue.toml` says, and the illustrations it names.

use image::{DynamicImage, ImageFormat};
use serde::Deserialize;

use super::compose::{Backdrop, Tint, View, compose, compose_view};

/// Everything the demo shop sells. Prices are in euro cents and include VAT.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Parents before their children.
    pub categories: Vec<Category>,
    /// In the order they are created in.
    pub products: Vec<Product>,
}

/// A category in one of two levels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Unique in the shop.
    pub slug: String,
    /// What shoppers read.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// The slug of the category above; none at the top.
    pub parent: Option<String>,
    /// The illustration on the category's tile.
    pub picture: String,
    /// What the illustration stands before.
    pub backdrop: Backdrop,
}

impl Category {
    /// The picture on the category's tile; `None` where no such illustration exists.
    #[must_use]
    pub fn compose(&self) -> Option<DynamicImage> {
        Some(compose(&decode(&self.picture)?, self.backdrop, None))
    }
}

/// The VAT rate that applies to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaxClass {
    /// Most goods.
    Standard,
    /// Food and books.
    Reduced,
}

impl TaxClass {
    /// The name it has in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Reduced => "reduced",
        }
    }
}

/// A product with everything that can be bought of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Unique in the shop.
    pub slug: String,
    /// What shoppers read.
    pub name: String,
    /// The slug of a category without children.
    pub category: String,
    /// Paragraphs, with an empty line between them.
    pub description: String,
    /// In cents, with VAT.
    pub base_price: i64,
    /// The VAT rate that applies.
    pub tax_class: TaxClass,
    /// Weight for delivery in grams.
    pub weight_grams: i64,
    /// Facts for the table on the product's page.
    pub specifications: Vec<Specification>,
    /// What can be chosen: none, one or two.
    pub options: Vec<ProductOption>,
    /// Exactly one where there are no options.
    pub variations: Vec<Variation>,
    /// The first is shown in listings.
    pub pictures: Vec<Picture>,
}

/// A fact about a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specification {
    /// Such as `Material`.
    pub name: String,
    /// Such as `100 % lambswool`.
    pub value: String,
}

/// Something about a product that can be chosen, such as its size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    /// Such as `Size`.
    pub name: String,
    /// What can be chosen, in the order of the buttons.
    pub values: Vec<OptionValue>,
}

/// One choice of an option.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionValue {
    /// Such as `Navy` or `XL`.
    pub value: String,
    /// The colour of its button, as `#rrggbb`.
    pub swatch: Option<String>,
}

/// What is bought: one combination of choices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// Unique in the shop.
    pub sku: String,
    /// One value for each of the product's options, in their order.
    #[serde(default)]
    pub options: Vec<String>,
    /// In cents, added to the product's base price.
    #[serde(default)]
    pub price_modifier: i64,
    /// Pieces on hand.
    pub stock: i64,
    /// Which of the product's pictures shows it, counted from 0.
    pub picture: Option<usize>,
}

/// How a picture of a product is composed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// The name of an [`illustration`].
    pub illustration: String,
    /// What it stands before.
    pub backdrop: Backdrop,
    /// What it is recoloured to.
    pub tint: Option<Tint>,
    /// How it is arranged.
    #[serde(default)]
    pub view: View,
    /// What the picture shows, for those who can't see it.
    pub alt: String,
    /// The option value it shows, such as `Navy`.
    pub option_value: Option<String>,
}

impl Picture {
    /// The finished picture; `None` where no such illustration exists.
    #[must_use]
    pub fn compose(&self) -> Option<DynamicImage> {
        let illustration = decode(&self.illustration)?;
        Some(compose_view(&illustration, self.backdrop, self.tint, self.view))
    }
}

/// Reads the catalogue that is built into the program.
///
/// # Panics
///
/// Never: that the catalogue can be read is tested.
#[must_use]
pub fn load() -> Catalogue {
    toml::from_str(include_str!("catalogue.toml")).expect("the catalogue is valid")
}

fn decode(name: &str) -> Option<DynamicImage> {
    image::load_from_memory_with_format(illustration(name)?, ImageFormat::WebP).ok()
}

macro_rules! illustrations {
    ($($name:literal),+ $(,)?) => {
        /// The names of all illustrations.
        pub const ILLUSTRATIONS: &[&str] = &[$($name),+];

        /// The WebP file of an illustration.
        #[must_use]
        pub fn illustration(name: &str) -> Option<&'static [u8]> {
            match name {
                $($name => Some(include_bytes!(concat!("pictures/", $name, ".webp"))),)+
                _ => None,
            }
        }
    };
}

illustrations![
    "alarm-clock",
    "amphora",
    "ankle-boot",
    "avocado",
    "backpack",
    "basketball",
    "beach-sandal",
    "bed",
    "bicycle",
    "blouse",
    "blueberries",
    "bouquet",
    "bowl",
    "boxing-glove",
    "bread",
    "briefcase",
    "cactus",
    "camera",
    "candle",
    "cap",
    "chair",
    "cheese",
    "cherries",
    "chess-pawn",
    "chocolate",
    "coat",
    "compass",
    "cookie",
    "cooking-pot",
    "croissant",
    "cutlery",
    "derby-shoe",
    "die",
    "dress",
    "electric-guitar",
    "flat-shoe",
    "football",
    "fountain-pen",
    "framed-picture",
    "glass-jar",
    "glasses",
    "gloves",
    "hammer",
    "handbag",
    "headphones",
    "hiking-boot",
    "honey",
    "jeans",
    "juice-box",
    "keyboard-keys",
    "kitchen-knife",
    "kite",
    "lemon",
    "mango",
    "mantel-clock",
    "mirror",
    "mug",
    "nesting-doll",
    "notebook",
    "olive",
    "paint-palette",
    "paper-lantern",
    "potted-plant",
    "pouch",
    "pretzel",
    "puzzle-piece",
    "radio",
    "red-apple",
    "red-book",
    "ring",
    "running-shoe",
    "sake-set",
    "saw",
    "scarf",
    "scissors",
    "screwdriver",
    "shorts",
    "skateboard",
    "snare-drum",
    "snorkel",
    "socks",
    "sofa-and-lamp",
    "stack-of-books",
    "studio-microphone",
    "suitcase",
    "sun-hat",
    "sunflower",
    "sunglasses",
    "t-shirt",
    "table-tennis-bat",
    "teapot",
    "teddy-bear",
    "telescope",
    "tennis-racket",
    "tent",
    "toolbox",
    "torch",
    "trumpet",
    "umbrella",
    "violin",
    "wristwatch",
    "yarn",
];

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn is_slug(text: &str) -> bool {
        !text.is_empty()
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }

    #[test]
    fn there_is_enough_to_sell() {
        let catalogue = load();
        let variations: usize = catalogue.products.iter().map(|product| product.variations.len()).sum();
        assert!(catalogue.categories.len() >= 10);
        assert!(catalogue.products.len() >= 66);
        assert!(variations >= 220);
    }

    #[test]
    fn slugs_and_skus_are_unique() {
        let catalogue = load();
        let mut slugs = HashSet::new();
        for category in &catalogue.categories {
            assert!(is_slug(&category.slug), "{}", category.slug);
            assert!(slugs.insert(&category.slug), "{}", category.slug);
        }
        let (mut slugs, mut names, mut skus) = (HashSet::new(), HashSet::new(), HashSet::new());
        for product in &catalogue.products {
            assert!(is_slug(&product.slug), "{}", product.slug);
            assert!(slugs.insert(&product.slug), "{}", product.slug);
            assert!(names.insert(&product.name), "{}", product.name);
            for variation in &product.variations {
                assert!(skus.insert(&variation.sku), "{}", variation.sku);
                assert!(
                    variation.sku.len() <= 32
                        && variation.sku.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'),
                    "{}",
                    variation.sku
                );
            }
        }
    }

    #[test]
    fn categories_have_two_levels_and_products_below() {
        let catalogue = load();
        let mut parents = HashMap::new();
        for category in &catalogue.categories {
            if let Some(parent) = &category.parent {
                assert_eq!(parents.get(parent), Some(&None), "the parent of {}", category.slug);
            }
            parents.insert(&category.slug, category.parent.as_ref());
            assert!(category.description.ends_with('.'), "{}", category.slug);
            assert!(illustration(&category.picture).is_some(), "{}", category.picture);
        }
        for product in &catalogue.products {
            let parent = parents.get(&product.category);
            assert!(matches!(parent, Some(Some(_))), "{} in {}", product.slug, product.category);
        }
        for (slug, parent) in &parents {
            let used = catalogue.products.iter().any(|product| product.category == **slug);
            let has_children = parents.values().any(|parent| *parent == Some(*slug));
            assert!(if parent.is_some() { used } else { has_children }, "{slug} is empty");
        }
    }

    #[test]
    fn products_are_described() {
        let mut descriptions = HashSet::new();
        for product in &load().products {
            let slug = &product.slug;
            let length = product.description.chars().count();
            assert!((200..=1500).contains(&length), "{slug}: {length} characters");
            assert!((2..=3).contains(&product.description.split("\n\n").count()), "{slug}");
            assert!(descriptions.insert(product.description.clone()), "{slug}");
            assert!((1..=100).contains(&product.name.chars().count()), "{slug}");
            assert!((4..=7).contains(&product.specifications.len()), "{slug}");
            let names: HashSet<_> = product.specifications.iter().map(|specification| &specification.name).collect();
            assert_eq!(names.len(), product.specifications.len(), "{slug}");
            assert!(product.weight_grams > 0, "{slug}");
        }
    }

    #[test]
    fn variations_are_valid_and_unique() {
        for product in &load().products {
            let slug = &product.slug;
            assert!(product.options.len() <= 2, "{slug}");
            assert!(product.options.iter().all(|option| option.values.len() >= 2), "{slug}");
            let combinations: usize = product.options.iter().map(|option| option.values.len()).product();
            assert_eq!(product.variations.len(), combinations, "{slug}");
            let mut seen = HashSet::new();
            for variation in &product.variations {
                assert!(seen.insert(&variation.options), "{}", variation.sku);
                assert_eq!(variation.options.len(), product.options.len(), "{}", variation.sku);
                for (chosen, option) in variation.options.iter().zip(&product.options) {
                    assert!(option.values.iter().any(|value| value.value == *chosen), "{chosen} of {}", variation.sku);
                }
                assert!(product.base_price + variation.price_modifier > 0, "{}", variation.sku);
                assert!((0..=120).contains(&variation.stock), "{}", variation.sku);
                if let Some(picture) = variation.picture {
                    let shown = product.pictures[picture].option_value.as_ref();
                    assert!(shown.is_none_or(|shown| variation.options.contains(shown)), "{}", variation.sku);
                }
            }
        }
    }

    #[test]
    fn stock_shows_every_case() {
        let products = load().products;
        let stocks =
            |product: &Product| -> Vec<i64> { product.variations.iter().map(|variation| variation.stock).collect() };
        let sold_out = products.iter().filter(|p| stocks(p).iter().all(|&n| n == 0)).count();
        let partly = products.iter().filter(|p| stocks(p).contains(&0) && stocks(p).iter().any(|&n| n > 0)).count();
        let low = products.iter().flat_map(stocks).filter(|n| (1..=3).contains(n)).count();
        assert!(sold_out >= 2 && partly >= 5 && low >= 10, "{sold_out}, {partly}, {low}");
    }

    #[test]
    fn food_and_books_are_taxed_less() {
        let catalogue = load();
        for product in &catalogue.products {
            let food = catalogue
                .categories
                .iter()
                .any(|category| category.slug == product.category && category.parent.as_deref() == Some("food"));
            let book = product.slug.ends_with("-book") || product.slug == "field-guides";
            let expected = if food || book { TaxClass::Reduced } else { TaxClass::Standard };
            assert_eq!(product.tax_class, expected, "{}", product.slug);
        }
    }

    #[test]
    fn swatches_are_colours_and_have_pictures() {
        for product in &load().products {
            for option in &product.options {
                for value in &option.values {
                    let Some(swatch) = &value.swatch else { continue };
                    let colour = super::super::compose::Colour::try_from(swatch.clone());
                    assert!(colour.is_ok(), "{swatch}");
                    assert!(
                        product.pictures.iter().any(|picture| picture.option_value.as_ref() == Some(&value.value)),
                        "{} in {}",
                        product.slug,
                        value.value
                    );
                }
            }
        }
    }

    #[test]
    fn every_product_has_two_pictures_that_exist() {
        let catalogue = load();
        let mut used: HashSet<&str> = catalogue.categories.iter().map(|category| category.picture.as_str()).collect();
        for product in &catalogue.products {
            assert!(product.pictures.len() >= 2, "{}", product.slug);
            for picture in &product.pictures {
                used.insert(&picture.illustration);
                assert!(illustration(&picture.illustration).is_some(), "{}", picture.illustration);
                assert!((5..=150).contains(&picture.alt.chars().count()), "{}", picture.alt);
                assert!(
                    picture.option_value.is_none()
                        || product
                            .options
                            .iter()
                            .flat_map(|option| &option.values)
                            .any(|value| { Some(&value.value) == picture.option_value.as_ref() }),
                    "{}",
                    picture.alt
                );
            }
        }
        let unused: Vec<_> = ILLUSTRATIONS.iter().filter(|name| !used.contains(**name)).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn illustrations_can_be_decoded() {
        for name in ILLUSTRATIONS {
            assert!(decode(name).is_some(), "{name}");
        }
        assert!(illustration("../compose").is_none());
    }

    #[test]
    fn pictures_are_composed() {
        let catalogue = load();
        let picture = catalogue.products[0].pictures[0].compose().expect("an illustration");
        assert_eq!((picture.width(), picture.height()), (960, 960));
        assert!(catalogue.categories[0].compose().is_some());
    }
}
