//! What every form has in common: raw fields in, all errors at once out.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is wrong with a field. `app` has the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldError {
    /// Nothing was entered.
    Required,
    /// More than the field takes.
    TooLong,
    /// Less than the field needs.
    TooShort,
    /// Not of the form that the field takes.
    Invalid,
    /// Not one of the choices.
    UnknownChoice,
    /// One of the first that anybody would guess.
    TooCommon,
    /// Not what is known: a password.
    Wrong,
    /// Not a whole number from 1 to 100.
    QuantityOutOfRange,
}

/// The fields of a form as they were typed, by name.
pub type Fields = BTreeMap<String, String>;

/// The errors of a form, by field name.
pub type Errors = BTreeMap<String, FieldError>;

/// Reads fields one by one and gathers what is wrong with them.
#[derive(Debug, Default)]
pub struct Parser {
    errors: Errors,
}

impl Parser {
    /// Keeps the value of a field, or its error.
    pub fn field<T>(&mut self, name: &str, outcome: Result<T, FieldError>) -> Option<T> {
        outcome
            .map_err(|error| {
                self.errors.entry(name.to_owned()).or_insert(error);
            })
            .ok()
    }

    /// The value made of the fields, or every error.
    ///
    /// # Errors
    /// The errors gathered so far; `value` is then discarded.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Errors> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }
}

/// The trimmed text of a field with line breaks and other control characters made spaces.
pub fn clean(raw: Option<&str>) -> String {
    raw.unwrap_or_default().replace(char::is_control, " ").trim().to_owned()
}

/// A text of 1 to `most` characters.
///
/// # Errors
/// [`FieldError::Required`] or [`FieldError::TooLong`].
pub fn required(raw: Option<&str>, most: usize) -> Result<String, FieldError> {
    let text = clean(raw);
    match text.chars().count() {
        0 => Err(FieldError::Required),
        length if length > most => Err(FieldError::TooLong),
        _ => Ok(text),
    }
}

/// A text of up to `most` characters, perhaps empty.
///
/// # Errors
/// [`FieldError::TooLong`].
pub fn optional(raw: Option<&str>, most: usize) -> Result<String, FieldError> {
    let text = clean(raw);
    if text.chars().count() > most { Err(FieldError::TooLong) } else { Ok(text) }
}

/// An e-mail address by RFC 5321 whose domain has a dot, its domain in lower case.
///
/// # Errors
/// [`FieldError::Required`], [`FieldError::TooLong`] or [`FieldError::Invalid`].
pub fn email(raw: Option<&str>) -> Result<String, FieldError> {
    let text = required(raw, 254)?;
    let options = email_address::Options::default().with_required_tld().without_display_text().without_domain_literal();
    let address = email_address::EmailAddress::parse_with_options(&text, options).map_err(|_| FieldError::Invalid)?;
    Ok(format!("{}@{}", address.local_part(), address.domain().to_lowercase()))
}

/// A quantity of 1 to 100.
///
/// # Errors
/// [`FieldError::QuantityOutOfRange`] for everything else, also for what is no number.
pub fn quantity(raw: Option<&str>) -> Result<i32, FieldError> {
    let number: i32 = clean(raw).parse().map_err(|_| FieldError::QuantityOutOfRange)?;
    if (1..=MAX_QUANTITY).contains(&number) { Ok(number) } else { Err(FieldError::QuantityOutOfRange) }
}

/// The most of one variation that a cart takes.
pub const MAX_QUANTITY: i32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_whole_numbers_from_1_to_100() {
        assert_eq!(quantity(Some(" 7 ")), Ok(7));
        assert_eq!(quantity(Some("100")), Ok(100));
        for text in ["0", "-1", "101", "1e9", "1.5", "abc", "", "99999999999999999999", "'; DROP TABLE carts; --"] {
            assert_eq!(quantity(Some(text)), Err(FieldError::QuantityOutOfRange), "{text}");
        }
        assert_eq!(quantity(None), Err(FieldError::QuantityOutOfRange));
    }

    #[test]
    fn addresses_are_parsed_not_guessed() {
        assert_eq!(email(Some(" Ada@Example.ORG ")), Ok("Ada@example.org".to_owned()));
        for text in
            ["ada", "ada@", "@example.org", "ada@example", "a b@example.org", "Ada <ada@example.org>", "a@[127.0.0.1]"]
        {
            assert_eq!(email(Some(text)), Err(FieldError::Invalid), "{text}");
        }
    }

    #[test]
    fn control_characters_do_not_get_into_a_line() {
        assert_eq!(required(Some("Ada\r\nBcc: x@example.org"), 100), Ok("Ada  Bcc: x@example.org".to_owned()));
    }
}
