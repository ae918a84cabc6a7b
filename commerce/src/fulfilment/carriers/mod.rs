//! The carriers that the shop knows.

mod bluedart;
mod dhl;
mod fedex;
mod http;
mod manual;
pub mod tracking_pages;

pub use bluedart::{BlueDart, BlueDartAccount};
pub use dhl::{Dhl, DhlAccount};
pub use fedex::{FedEx, FedExAccount};
pub use http::HttpError;
pub use manual::Manual;

/// Members of the customs union of the European Union: between them nothing is declared.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whether what goes from one country to another has to be declared.
fn is_declared(from: &str, to: &str) -> bool {
    from != to && !(EU.contains(&from) && EU.contains(&to))
}

/// A text of at most so many characters: carriers refuse a longer one.
fn at_most(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
