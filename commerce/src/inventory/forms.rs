//! What staff enter about stock, and why it may be refused.

use super::{LocationId, Shortage};
use crate::accounts::Forbidden;
use crate::catalog::VariationId;
use crate::checkout::country;
use crate::forms::{self, Errors, FieldError, Fields, Parser};
use crate::orders::OrderId;

/// The most pieces of a variation that are at a location.
pub const QUANTITY_MOST: i64 = 1_000_000_000;

/// How many of a variation come in or move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub variation: VariationId,
    /// How many, at least one.
    pub quantity: i64,
}

/// What staff say of a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLocation {
    /// What it is called.
    pub name: String,
    /// ISO 3166-1 alpha-2, empty where unknown.
    pub country: String,
    /// The state or province, perhaps empty.
    pub region: String,
    /// The postal code, perhaps empty.
    pub postal_code: String,
    /// Street and number, perhaps empty.
    pub line1: String,
    /// What the address says beside that, perhaps empty.
    pub line2: String,
    /// The town, perhaps empty.
    pub city: String,
    /// Claims are made at the lowest number first, where the address doesn't decide.
    pub priority: i32,
    /// Whether stock may come here.
    pub active: bool,
}

impl NewLocation {
    /// Reads the form of a location.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(fields: &Fields) -> Result<Self, Errors> {
        let mut parser = Parser::default();
        let get = |name: &str| fields.get(name).map(String::as_str);
        let name = parser.field("location_name", forms::required(get("location_name"), 100));
        let country = parser.field("country", parse_country(get("country")));
        let region = parser.field("region", forms::optional(get("region"), 100));
        let postal_code = parser.field("postal_code", forms::optional(get("postal_code"), 20));
        let line1 = parser.field("line1", forms::optional(get("line1"), 100));
        let line2 = parser.field("line2", forms::optional(get("line2"), 100));
        let city = parser.field("city", forms::optional(get("city"), 100));
        let priority = parser.field("priority", parse_number(get("priority"), -1_000..=1_000));
        let active = get("active").is_some();
        let location = (|| {
            Some(Self {
                name: name?,
                country: country?,
                region: region?,
                postal_code: postal_code?,
                line1: line1?,
                line2: line2?,
                city: city?,
                priority: i32::try_from(priority?).ok()?,
                active,
            })
        })();
        parser.finish(location)
    }

    /// The fields of the form as they would be typed.
    pub fn fields(&self) -> Fields {
        let texts = [
            ("location_name", &self.name),
            ("country", &self.country),
            ("region", &self.region),
            ("postal_code", &self.postal_code),
            ("line1", &self.line1),
            ("line2", &self.line2),
            ("city", &self.city),
            ("priority", &self.priority.to_string()),
        ];
        let mut fields: Fields = texts.map(|(name, text)| (name.to_owned(), text.clone())).into();
        if self.active {
            fields.insert("active".to_owned(), "on".to_owned());
        }
        fields
    }
}

fn parse_country(raw: Option<&str>) -> Result<String, FieldError> {
    let code = forms::optional(raw, 2).map_err(|_| FieldError::UnknownChoice)?.to_uppercase();
    if code.is_empty() || country(&code).is_some() { Ok(code) } else { Err(FieldError::UnknownChoice) }
}

/// A whole number in a range.
///
/// # Errors
/// [`FieldError::Required`] or [`FieldError::Invalid`].
pub fn parse_number(raw: Option<&str>, range: std::ops::RangeInclusive<i64>) -> Result<i64, FieldError> {
    let text = forms::required(raw, 20).map_err(|error| match error {
        FieldError::Required => error,
        _ => FieldError::Invalid,
    })?;
    text.parse().ok().filter(|number| range.contains(number)).ok_or(FieldError::Invalid)
}

/// A location as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Identifies it.
    pub id: LocationId,
    /// Whether it is a warehouse, from which carts get what they want.
    pub ordinary: bool,
    /// Counts the changes.
    pub version: i64,
    /// What was said of it.
    pub data: NewLocation,
}

/// An order that would go without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortedOrder {
    /// Which.
    pub order: OrderId,
    /// Its number, as people know it.
    pub number: String,
    /// How many pieces it would go without.
    pub short: i64,
}

/// Why staff could not change stock.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// They may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is no such location.
    #[error("no such location")]
    UnknownLocation,
    /// Nothing may come to this location.
    #[error("the location is closed")]
    LocationClosed,
    /// There is no such variation.
    #[error("no such variation")]
    UnknownVariation,
    /// A quantity is none, negative or absurd, or a transfer leads nowhere.
    #[error("out of range")]
    OutOfRange,
    /// There are not so many free ones.
    #[error("not free")]
    NotFree(Vec<Shortage>),
    /// These orders would go without.
    #[error("orders would go without")]
    Shorts(Vec<ShortedOrder>),
    /// It has changed since it was seen.
    #[error("changed since it was seen")]
    Changed,
    /// There is another location of that name.
    #[error("the name is taken")]
    NameTaken,
    /// There is stock at the location.
    #[error("the location is not empty")]
    NotEmpty,
    /// The key was used for something else.
    #[error("the key was used for something else")]
    KeyReused,
    /// Carts kept claiming it meanwhile.
    #[error("claimed meanwhile")]
    Busy,
    /// The database failed.
    #[cfg(feature = "ssr")]
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(StockError);
