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
#[path = "catalogue_tests.rs"]
mod tests;
