//! The addresses that people keep, so that they need not type them again.

use crate::checkout::{Address, parse_address_form, put_address};
use crate::forms::{self, Errors, Fields, Parser};

#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod remove;
#[cfg(feature = "ssr")]
pub mod save;

id!(
    /// Identifies an address that somebody keeps.
    AddressId
);

/// The most addresses that somebody keeps.
pub const ADDRESSES_MOST: i64 = 50;

/// The most characters of what somebody calls an address.
const LABEL_MOST: usize = 50;

/// An address that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Which one.
    pub id: AddressId,
    /// What it is, and what it is for.
    pub entry: Entry,
}

/// An address as it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its owner calls it, perhaps empty.
    pub label: String,
    /// The address itself.
    pub address: Address,
    /// Whether orders go there unless they say otherwise.
    pub default_delivery: bool,
    /// Whether invoices go there unless they say otherwise.
    pub default_billing: bool,
}

impl Entry {
    /// Reads the fields of an address and `label`, `default_delivery` and `default_billing`.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(fields: &Fields) -> Result<Self, Errors> {
        let mut parser = Parser::default();
        let label = parser.field("label", forms::optional(fields.get("label").map(String::as_str), LABEL_MOST));
        let address = parse_address_form(&mut parser, fields, "");
        let entry = label.zip(address).map(|(label, address)| Self {
            label,
            address,
            default_delivery: fields.contains_key("default_delivery"),
            default_billing: fields.contains_key("default_billing"),
        });
        parser.finish(entry)
    }

    /// The fields as they would be typed.
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::from([("label".to_owned(), self.label.clone())]);
        put_address(&mut fields, "", &self.address);
        let flags = [("default_delivery", self.default_delivery), ("default_billing", self.default_billing)];
        fields.extend(flags.iter().filter(|flag| flag.1).map(|flag| (flag.0.to_owned(), "on".to_owned())));
        fields
    }

    /// What stands above it: what its owner calls it, else whose it is.
    pub fn title(&self) -> &str {
        if self.label.is_empty() { &self.address.name } else { &self.label }
    }
}

/// Why an address could not be kept.
#[cfg(feature = "ssr")]
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The person has as many as they may.
    #[error("too many addresses")]
    TooMany,
    /// The person has no such address.
    #[error("no such address")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(AddressError);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::FieldError;

    fn typed(pairs: &[(&str, &str)]) -> Fields {
        let good =
            [("country", "DE"), ("name", "Ada"), ("line1", "Torstr. 1"), ("city", "Berlin"), ("postal_code", "10119")];
        good.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_entry_can_be_read_and_shown_again() {
        let entry = Entry::parse(&typed(&[("label", " Home "), ("default_billing", "on")])).expect("valid");
        assert_eq!((entry.title(), entry.default_delivery, entry.default_billing), ("Home", false, true));
        assert_eq!(Entry::parse(&entry.fields()), Ok(entry));
        let unnamed = Entry::parse(&typed(&[])).expect("a label is optional");
        assert_eq!(unnamed.title(), "Ada");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let errors = Entry::parse(&typed(&[("label", &"x".repeat(51)), ("postal_code", "?")])).expect_err("refused");
        let expected = [("label", FieldError::TooLong), ("postal_code", FieldError::Invalid)];
        assert_eq!(errors, expected.map(|(name, error)| (name.to_owned(), error)).into());
    }
}
