//! What a shop decides for itself.

use crate::money::Currency;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod queries;

/// The settings of a shop, with the defaults of the demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What the shop is called.
    pub name: String,
    /// Where people write to.
    pub email: String,
    /// The currency of base prices.
    pub currency: Currency,
    /// Whether prices are shown and stored with tax; copied to each order.
    pub prices_include_tax: bool,
    /// The country that forms start with, as ISO 3166-1 alpha-2.
    pub country: String,
    /// Stock is low where fewer are available.
    pub low_stock: i64,
    /// Who is told by mail when stock is low; every admin where this is empty.
    pub low_stock_email: String,
    /// What bank transfers are sent to; shown after an order is placed.
    pub bank_account: String,
    /// Whether money is only set aside when an order is placed, and taken when its first parcel leaves.
    pub capture_when_shipped: bool,
    /// Whether staff must set up a second factor before they go on.
    pub require_second_factor_for_staff: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Emporion".to_owned(),
            email: "hello@emporion.example".to_owned(),
            currency: Currency::EUR,
            prices_include_tax: true,
            country: "DE".to_owned(),
            low_stock: 5,
            low_stock_email: String::new(),
            bank_account: "DE00 0000 0000 0000 0000 00".to_owned(),
            capture_when_shipped: false,
            require_second_factor_for_staff: false,
        }
    }
}
