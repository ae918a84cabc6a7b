//! Listings: what is asked for in an address, and what comes back.

use super::{Card, CategoryId, ProductId};
use crate::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a listing lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every product of the shop.
    Shop,
    /// The products of a category and all below it.
    Category(CategoryId),
}

impl Scope {
    /// The identifier it has in the projection: nil for the whole shop.
    pub fn id(self) -> Uuid {
        match self {
            Self::Shop => Uuid::nil(),
            Self::Category(id) => id.0,
        }
    }
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sorting {
    /// What came last first.
    #[default]
    Newest,
    /// What sold most first.
    BestSelling,
    /// Cheapest first.
    PriceAscending,
    /// Dearest first.
    PriceDescending,
    /// By name.
    Name,
}

impl Sorting {
    /// Every order, as offered.
    pub const ALL: [Self; 5] =
        [Self::Newest, Self::BestSelling, Self::PriceAscending, Self::PriceDescending, Self::Name];

    /// How it is written in an address.
    pub fn code(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::BestSelling => "best-selling",
            Self::PriceAscending => "price-asc",
            Self::PriceDescending => "price-desc",
            Self::Name => "name",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sorting| sorting.code() == text)
    }
}

/// What a listing leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    /// Only what costs at least this, in minor units.
    pub price_min: Option<i64>,
    /// Only what costs at most this, in minor units.
    pub price_max: Option<i64>,
    /// Only what is available.
    pub in_stock: bool,
    /// Only what has one of these values for each of these options.
    pub options: BTreeMap<String, BTreeSet<String>>,
}

impl Filters {
    /// Whether it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A place in a listing: the product that stands there and what it is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What the product is sorted by: a number, a name, or microseconds since 1970.
    pub key: CursorKey,
    /// The product.
    pub id: ProductId,
}

/// What a product is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CursorKey {
    /// A price, a number sold, or microseconds since 1970.
    Number(i64),
    /// A name.
    Text(String),
}

impl std::fmt::Display for Cursor {
    /// `<product>~<key>`: it goes into addresses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.key {
            CursorKey::Number(number) => write!(f, "{}~{number}", self.id.0.simple()),
            CursorKey::Text(text) => write!(f, "{}~{text}", self.id.0.simple()),
        }
    }
}

impl Cursor {
    /// Reads a cursor of a sorting; `None` for what is none.
    pub fn parse(text: &str, sorting: Sorting) -> Option<Self> {
        let (id, key) = text.split_once('~')?;
        let key = match sorting {
            Sorting::Name => CursorKey::Text(key.to_owned()),
            Sorting::Newest => {
                let microseconds = key.parse().ok()?;
                chrono::DateTime::from_timestamp_micros(microseconds)?;
                CursorKey::Number(microseconds)
            }
            _ => CursorKey::Number(key.parse().ok()?),
        };
        Some(Self { key, id: id.parse().ok()? })
    }
}

/// Which page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The first one.
    #[default]
    First,
    /// The one after a product.
    After(Cursor),
    /// The one before a product.
    Before(Cursor),
}

/// What a listing is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingQuery {
    /// Of what.
    pub scope: Scope,
    /// In which order.
    pub sorting: Sorting,
    /// Without what.
    pub filters: Filters,
    /// From where on.
    pub page: Page,
    /// How many products a page has.
    pub size: u32,
}

/// A page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The products, in order.
    pub cards: Vec<Card>,
    /// The page after this, if any.
    pub next: Option<Cursor>,
    /// The page before this, if any.
    pub previous: Option<Cursor>,
}

/// An option by which a listing can be filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The option.
    pub name: String,
    /// Its values.
    pub values: Vec<FacetValue>,
}

/// A value by which a listing can be filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// The value.
    pub value: String,
    /// How many products of the listing have it.
    pub count: i64,
}

/// What can be chosen from in a scope; it doesn't depend on filters.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    /// How many products there are.
    pub count: i64,
    /// The lowest and the highest price, if there is any product.
    pub prices: Option<(Money, Money)>,
    /// The options to filter by.
    pub facets: Vec<Facet>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_can_be_read_back(key in ".*", number in any::<i64>(), id in any::<u128>()) {
            let id = ProductId(Uuid::from_u128(id));
            let named = Cursor { key: CursorKey::Text(key), id };
            prop_assert_eq!(Cursor::parse(&named.to_string(), Sorting::Name), Some(named));
            let priced = Cursor { key: CursorKey::Number(number), id };
            prop_assert_eq!(Cursor::parse(&priced.to_string(), Sorting::PriceAscending), Some(priced));
        }

        #[test]
        fn whatever_stands_in_an_address_is_read_or_refused(text in ".*") {
            for sorting in Sorting::ALL {
                let _ = Cursor::parse(&text, sorting);
            }
        }
    }
}
