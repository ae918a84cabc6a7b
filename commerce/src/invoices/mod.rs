//! Invoices: each placed order has one number in a series without gaps. What was issued never changes: where its order
//! does, it is cancelled, and another one is issued with a number of its own.

use crate::catalog::ChosenOptions;
use crate::checkout::Address;
use crate::money::{Currency, Money};
use crate::orders::{Order, OrderId, OrderNumber};
use crate::payments::PaymentTerms;
use crate::pricing::{Amounts, LineTotal, TaxRate};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod issue;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod replace;

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

    /// What its cancellation is called: an invoice is cancelled once at most, so that no series of its own is needed.
    pub fn cancellation_label(&self) -> String {
        format!("{}-C", self.label())
    }
}

/// An invoice that was cancelled, because its order was changed after it was issued.
#[derive(Clone, Debug, PartialEq)]
pub struct CancelledInvoice {
    /// The invoice.
    pub invoice: Invoice,
    /// When it was cancelled.
    pub cancelled_at: DateTime<Utc>,
    /// What is on it.
    pub content: Content,
}

/// What is on an invoice of what was sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// What people call the order.
    pub order_number: OrderNumber,
    /// When that was made.
    pub ordered_at: DateTime<Utc>,
    /// When it has to be paid.
    pub payment_terms: PaymentTerms,
    /// Who it is for.
    pub billing_address: Address,
    /// Where the goods go.
    pub delivery_address: Address,
    /// The currency of every amount.
    pub currency: Currency,
    /// What was sold.
    pub lines: Vec<InvoicedLine>,
    /// How it is sent.
    pub delivery_name: String,
    /// What that costs.
    pub delivery: LineTotal,
    /// Everything.
    pub total: Amounts,
}

/// Something that was sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoicedLine {
    /// What it is called.
    pub name: String,
    /// The article number.
    pub sku: String,
    /// What was chosen.
    pub options: ChosenOptions,
    /// How many.
    pub quantity: i32,
    /// What they come to.
    pub total: LineTotal,
}

impl Content {
    /// What is on the invoice of an order as it is now.
    pub fn of(order: &Order) -> Self {
        let line = |line: &crate::orders::OrderLine| InvoicedLine {
            name: line.name.clone(),
            sku: line.sku.clone(),
            options: line.options.clone(),
            quantity: line.quantity,
            total: line.total,
        };
        Self {
            order_number: order.number,
            ordered_at: order.created_at,
            payment_terms: order.payment_terms,
            billing_address: order.billing_address.clone(),
            delivery_address: order.delivery_address.clone(),
            currency: order.currency,
            lines: order.lines.iter().map(line).collect(),
            delivery_name: order.delivery_name.clone(),
            delivery: order.delivery,
            total: order.total,
        }
    }

    /// The tax in it by rate.
    pub fn tax_by_rate(&self) -> Vec<(TaxRate, Money)> {
        let lines = self.lines.iter().map(|line| &line.total).chain([&self.delivery]);
        crate::pricing::tax_by_rate(self.currency, lines)
    }

    /// The same with nothing left of the addresses but their countries.
    #[must_use]
    pub fn anonymised(mut self) -> Self {
        self.billing_address = self.billing_address.anonymised();
        self.delivery_address = self.delivery_address.anonymised();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_digits_or_more() {
        let invoice = |number| Invoice { order: OrderId(uuid::Uuid::nil()), number, issued_at: DateTime::UNIX_EPOCH };
        assert_eq!([invoice(42).label(), invoice(12_345_678).label()], ["INV-000042", "INV-12345678"]);
        assert_eq!(invoice(42).cancellation_label(), "INV-000042-C");
    }
}
