//! How orders get to people.

use crate::money::Money;

#[cfg(feature = "ssr")]
pub mod buy_label;
#[cfg(feature = "ssr")]
pub mod carrier;
#[cfg(feature = "ssr")]
pub mod carriers;
#[cfg(feature = "ssr")]
pub mod create_delivery_method;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod forget;
#[cfg(feature = "ssr")]
pub mod forms;
#[cfg(feature = "ssr")]
pub mod insert_shipment;
#[cfg(feature = "ssr")]
pub mod labels;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod record_tracking;
#[cfg(feature = "ssr")]
pub mod ship;
mod shipment;
#[cfg(feature = "ssr")]
pub mod track;

pub use shipment::{
    Shipment, ShipmentId, ShipmentLine, Tracked, TrackingEvent, TrackingEventId, TrackingKind, fulfilment_of,
};

id!(
    /// Identifies a delivery method.
    DeliveryMethodId
);

/// A way to have an order delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryMethod {
    /// Identifies it in forms and orders.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// What it costs.
    pub price: Money,
    /// The value of goods from which on it costs nothing.
    pub free_over: Option<Money>,
    /// Working days it takes at least.
    pub min_days: i32,
    /// Working days it takes at most.
    pub max_days: i32,
}

impl DeliveryMethod {
    /// What it costs for goods of this value.
    pub fn price_for(&self, goods: Money) -> Money {
        if self.missing_for_free(goods).is_some_and(|missing| missing.minor() == 0) {
            Money::zero(self.price.currency())
        } else {
            self.price
        }
    }

    /// What is missing until it costs nothing; `None` where it always costs something.
    pub fn missing_for_free(&self, goods: Money) -> Option<Money> {
        let missing = self.free_over?.checked_sub(goods)?;
        Some(Money::new(missing.minor().max(0), missing.currency()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn delivery_is_free_from_the_threshold_on() {
        let euro = |minor| Money::new(minor, Currency::EUR);
        let mut method = DeliveryMethod {
            code: "standard".to_owned(),
            name: String::new(),
            description: String::new(),
            price: euro(490),
            free_over: Some(euro(5_000)),
            min_days: 2,
            max_days: 3,
        };
        assert_eq!(method.price_for(euro(4_999)), euro(490));
        assert_eq!(method.missing_for_free(euro(4_999)), Some(euro(1)));
        assert_eq!(method.price_for(euro(5_000)), euro(0));
        method.free_over = None;
        assert_eq!(method.price_for(euro(500_000)), euro(490));
    }
}
