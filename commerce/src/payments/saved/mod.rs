//! Ways to pay that gateways keep for people. No number of a card comes here: what is stored is what the gateway calls
//! the customer and the method, sealed, and what their owner knows a method by.

use chrono::{DateTime, Utc};

#[cfg(feature = "ssr")]
pub mod forget;
#[cfg(feature = "ssr")]
pub mod keep;
#[cfg(feature = "ssr")]
pub mod queries;

id!(
    /// Identifies somebody as a gateway knows them.
    PaymentCustomerId
);
id!(
    /// Identifies a way to pay that a gateway keeps.
    SavedMethodId
);
id!(
    /// Identifies something that a gateway is to forget.
    ForgetId
);

/// What somebody knows a way to pay by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodLabel {
    /// What it is: the brand of a card, mostly.
    pub brand: String,
    /// The last digits of its number, if it has one.
    pub last_four: Option<String>,
    /// The year and month until which it is good, if it ends: `2030-04`.
    pub expires: Option<String>,
}

impl MethodLabel {
    /// The brand as people write it, with the last digits: `Visa •••• 4242`.
    pub fn name(&self) -> String {
        let mut letters = self.brand.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        let brand = format!("{first}{}", letters.as_str()).replace('_', " ");
        match &self.last_four {
            Some(digits) => format!("{brand} •••• {digits}"),
            None => brand,
        }
    }
}

/// A way to pay that a gateway keeps for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedMethod {
    /// Identifies it.
    pub id: SavedMethodId,
    /// Which gateway keeps it.
    pub gateway: String,
    /// What its owner knows it by.
    pub label: MethodLabel,
    /// Since when it is kept.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_as_its_owner_knows_it() {
        let named = |brand: &str, last_four: Option<&str>| {
            let last_four = last_four.map(str::to_owned);
            MethodLabel { brand: brand.to_owned(), last_four, expires: None }.name()
        };
        assert_eq!(named("visa", Some("4242")), "Visa •••• 4242");
        assert_eq!(named("american_express", Some("0005")), "American express •••• 0005");
        assert_eq!(named("link", None), "Link");
        assert_eq!(named("", None), "");
    }
}
