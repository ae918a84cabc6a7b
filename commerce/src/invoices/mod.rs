//! Invoices: each placed order has one number in a series without gaps.

use crate::orders::OrderId;
use chrono::{DateTime, Utc};

#[cfg(feature = "ssr")]
pub mod issue;
#[cfg(feature = "ssr")]
pub mod queries;

/// The invoice of an order. What is on it is what the order has copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Of which order.
    pub order: OrderId,
    /// Its place in the series, from 1 on.
    pub number: i64,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
}

impl Invoice {
    /// What people call it: `INV-000042`.
    pub fn label(&self) -> String {
        format!("INV-{:06}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_digits_or_more() {
        let label = |number| {
            Invoice { order: OrderId(uuid::Uuid::nil()), number, issued_at: DateTime::<Utc>::UNIX_EPOCH }.label()
        };
        assert_eq!([label(42), label(12_345_678)], ["INV-000042", "INV-12345678"]);
    }
}
