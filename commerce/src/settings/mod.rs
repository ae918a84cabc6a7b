//! What a shop decides for itself.

use crate::checkout::Address;
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
    /// For how many days after it has come customers may ask to send something back; staff may take it later.
    pub return_days: i64,
    /// Who sells, as invoices and labels of parcels have it.
    pub seller: Seller,
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
            return_days: 30,
            seller: Seller::default(),
            require_second_factor_for_staff: false,
        }
    }
}

/// Who sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seller {
    /// Where parcels come from and letters go; its name is that of the firm.
    pub address: Address,
    /// For questions of carriers.
    pub phone: String,
    /// What the tax office knows it by, such as a VAT identification number.
    pub tax_id: String,
    /// What else has to be on an invoice, such as the court and number of registration; perhaps empty.
    pub registration: String,
}

impl Default for Seller {
    fn default() -> Self {
        Self {
            address: Address {
                name: "Emporion GmbH".to_owned(),
                line1: "Musterstraße 1".to_owned(),
                line2: String::new(),
                city: "Berlin".to_owned(),
                region: String::new(),
                postal_code: "10115".to_owned(),
                country: "DE".to_owned(),
            },
            phone: "+49 30 0000000".to_owned(),
            tax_id: "DE000000000".to_owned(),
            registration: "Amtsgericht Musterstadt, HRB 00000".to_owned(),
        }
    }
}
