//! Who an order is for and where it goes.

use super::country::{Country, country};
use crate::forms::{self, Errors, FieldError, Fields, Parser};
use serde::{Deserialize, Serialize};

/// A postal address, valid for its country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
pub struct Address {
    /// Who lives there.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// Flat, floor, company …, perhaps empty.
    pub line2: String,
    /// The town.
    pub city: String,
    /// The state or province, empty where the country has none.
    pub region: String,
    /// The postal code as it is written officially, empty where the country has none.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl Address {
    /// What of the address may be shown to somebody who knows little of the order: initials, town and country.
    pub fn masked(&self) -> Vec<String> {
        let initials: Vec<_> = self.name.split_whitespace().filter_map(|word| word.chars().next()).collect();
        let initials: Vec<_> = initials.iter().map(|letter| format!("{letter}.")).collect();
        let country = country(&self.country).map_or(self.country.as_str(), |country| country.name);
        [initials.join(" "), self.city.clone(), country.to_owned()]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect()
    }

    /// The address with nothing left of it but the country, which tax is counted by.
    pub fn anonymised(&self) -> Self {
        Self::nowhere(&self.country)
    }

    /// No address, in a country.
    pub fn nowhere(country: &str) -> Self {
        Self {
            name: String::new(),
            line1: String::new(),
            line2: String::new(),
            city: String::new(),
            region: String::new(),
            postal_code: String::new(),
            country: country.to_owned(),
        }
    }

    /// The address as it is written on a parcel, line by line.
    pub fn lines(&self) -> Vec<String> {
        let town = match self.country.as_str() {
            "US" | "CA" | "AU" | "IN" => format!("{} {} {}", self.city, self.region, self.postal_code),
            "GB" | "IE" => format!("{} {}", self.city, self.postal_code),
            _ => format!("{} {}", self.postal_code, self.city),
        };
        let region = match self.country.as_str() {
            "US" | "CA" | "AU" | "IN" => "",
            _ => &self.region,
        };
        let name = country(&self.country).map_or(self.country.as_str(), |country| country.name);
        [&self.name, &self.line1, &self.line2, town.trim(), region, name]
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Who an order is for, and where it and its invoice go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromJsonQueryResult))]
pub struct Contact {
    /// Where mails go.
    pub email: String,
    /// For the carrier, perhaps empty.
    pub phone: String,
    /// Where the order goes.
    pub delivery: Address,
    /// Where the invoice goes, if elsewhere.
    pub billing: Option<Address>,
}

/// The field that says that the invoice goes where the order goes.
const SAME: &str = "billing_same";

/// Reads the form of the address step.
///
/// # Errors
/// Every field that is wrong.
pub fn parse_contact(fields: &Fields) -> Result<Contact, Errors> {
    let mut parser = Parser::default();
    let get = |name: &str| fields.get(name).map(String::as_str);
    let email = parser.field("email", forms::email(get("email")));
    let phone = parser.field("phone", phone(get("phone")));
    let delivery = parse_address_form(&mut parser, fields, "");
    let billing = match get(SAME) {
        Some(_) => Some(None),
        None => parse_address_form(&mut parser, fields, "billing_").map(Some),
    };
    let contact = (|| Some(Contact { email: email?, phone: phone?, delivery: delivery?, billing: billing? }))();
    parser.finish(contact)
}

/// The fields of the address step as they would be typed for a contact.
pub fn contact_fields(contact: &Contact) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: String, value: &str| fields.insert(name, value.to_owned());
    put("email".to_owned(), &contact.email);
    put("phone".to_owned(), &contact.phone);
    if contact.billing.is_none() {
        put(SAME.to_owned(), "on");
    }
    for (prefix, address) in [("", Some(&contact.delivery)), ("billing_", contact.billing.as_ref())] {
        if let Some(address) = address {
            put_address(&mut fields, prefix, address);
        }
    }
    fields
}

/// Puts an address into fields as it would be typed, each name with this `prefix`.
pub fn put_address(fields: &mut Fields, prefix: &str, address: &Address) {
    let mut put = |name: &str, value: &str| fields.insert(format!("{prefix}{name}"), value.to_owned());
    put("name", &address.name);
    put("line1", &address.line1);
    put("line2", &address.line2);
    put("city", &address.city);
    put("region", &address.region);
    put("postal_code", &address.postal_code);
    put("country", &address.country);
}

/// Reads the fields of an address whose names have this `prefix`; what is wrong goes to the parser.
pub fn parse_address_form(parser: &mut Parser, fields: &Fields, prefix: &str) -> Option<Address> {
    let field = |name: &str| format!("{prefix}{name}");
    let get = |name: &str| fields.get(&field(name)).map(String::as_str);
    let country = parser.field(&field("country"), parse_country(get("country")));
    let name = parser.field(&field("name"), forms::required(get("name"), 100));
    let line1 = parser.field(&field("line1"), forms::required(get("line1"), 200));
    let line2 = parser.field(&field("line2"), forms::optional(get("line2"), 200));
    let city = parser.field(&field("city"), forms::required(get("city"), 100));
    let region = parser.field(&field("region"), parse_region(country, get("region")));
    let postal_code = parser.field(&field("postal_code"), parse_postal_code(country, get("postal_code")));
    let address = Address {
        name: name?,
        line1: line1?,
        line2: line2?,
        city: city?,
        region: region?,
        postal_code: postal_code?,
        country: country?.code.to_owned(),
    };
    let length = address.lines().iter().skip(1).map(|line| line.chars().count()).sum::<usize>();
    let fits = match length {
        ..10 => Err(FieldError::TooShort),
        10..=500 => Ok(()),
        _ => Err(FieldError::TooLong),
    };
    parser.field(&field("line1"), fits)?;
    Some(address)
}

fn parse_country(raw: Option<&str>) -> Result<&'static Country, FieldError> {
    let code = forms::required(raw, 2).map_err(|error| match error {
        FieldError::TooLong => FieldError::UnknownChoice,
        other => other,
    })?;
    country(&code.to_uppercase()).ok_or(FieldError::UnknownChoice)
}

fn parse_region(country: Option<&Country>, raw: Option<&str>) -> Result<String, FieldError> {
    match country.and_then(|country| country.region) {
        Some(region) if region.required => forms::required(raw, 100),
        Some(_) => forms::optional(raw, 100),
        // A field that the country does not have was left over from another one.
        None => Ok(String::new()),
    }
}

fn parse_postal_code(country: Option<&Country>, raw: Option<&str>) -> Result<String, FieldError> {
    let Some(country) = country else { return forms::optional(raw, 20) };
    let Some(code) = country.postal_code else { return Ok(String::new()) };
    code.normalise(&forms::required(raw, 20)?).ok_or(FieldError::Invalid)
}

/// A telephone number of 5 to 20 digits, as it was typed, or nothing.
fn phone(raw: Option<&str>) -> Result<String, FieldError> {
    let text = forms::optional(raw, 40)?;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let only = text.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c));
    if text.is_empty() || (only && (5..=20).contains(&digits)) { Ok(text) } else { Err(FieldError::Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Fields {
        let good = [
            ("email", "ada@example.org"),
            ("country", "DE"),
            ("name", "Ada Lovelace"),
            ("line1", "Unter den Linden 1"),
            ("city", "Berlin"),
            ("postal_code", "10117"),
            ("billing_same", "on"),
        ];
        good.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_good_form_can_be_read_and_shown_again() {
        let contact = parse_contact(&typed(&[])).expect("valid");
        assert_eq!(contact.billing, None);
        assert_eq!(parse_contact(&contact_fields(&contact)), Ok(contact.clone()));
        assert_eq!(contact.delivery.lines(), ["Ada Lovelace", "Unter den Linden 1", "10117 Berlin", "Germany"]);
    }

    #[test]
    fn a_masked_address_tells_neither_name_nor_street() {
        let address = parse_contact(&typed(&[])).expect("valid").delivery;
        assert_eq!(address.masked(), ["A. L.", "Berlin", "Germany"]);
        assert_eq!(address.anonymised().lines(), ["Germany"]);
    }

    #[test]
    fn every_error_is_told_at_once() {
        let errors = parse_contact(&Fields::new()).expect_err("nothing was entered");
        let names: Vec<_> = errors.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "billing_city",
                "billing_country",
                "billing_line1",
                "billing_name",
                "city",
                "country",
                "email",
                "line1",
                "name",
            ],
        );
    }

    #[test]
    fn fields_are_those_of_the_country() {
        let errors = parse_contact(&typed(&[("country", "US")])).expect_err("a state is missing");
        assert_eq!(errors, Errors::from([("region".to_owned(), FieldError::Required)]));
        let contact = parse_contact(&typed(&[("region", "left over")])).expect("Germany has none");
        assert_eq!(contact.delivery.region, "");
        let errors = parse_contact(&typed(&[("postal_code", "1011 AB")])).expect_err("a Dutch code");
        assert_eq!(errors, Errors::from([("postal_code".to_owned(), FieldError::Invalid)]));
    }

    #[test]
    fn absurd_input_is_refused_field_by_field() {
        let long = "x".repeat(2_000_000);
        for (name, value, error) in [
            ("name", long.as_str(), FieldError::TooLong),
            ("country", "XX", FieldError::UnknownChoice),
            ("country", "Germany", FieldError::UnknownChoice),
            ("phone", "call me", FieldError::Invalid),
            ("email", "ada@", FieldError::Invalid),
        ] {
            let errors = parse_contact(&typed(&[(name, value)])).expect_err("refused");
            assert_eq!(errors.get(name), Some(&error), "{name}");
        }
        let kept = parse_contact(&typed(&[("name", "Robert'); DROP TABLE orders;--")])).expect("a name like others");
        assert_eq!(kept.delivery.name, "Robert'); DROP TABLE orders;--");
    }
}
