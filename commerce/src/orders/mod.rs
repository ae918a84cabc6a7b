//! What was bought. An order copies what it needs and never changes when the
//! catalogue does.

use crate::catalog::{ChosenOptions, ProductId, VariationId};
use crate::checkout::{Address, PAY_BY_MINUTES};
use crate::media::Picture;
use crate::money::{Currency, Money};
use crate::payments::PaymentTerms;
use crate::pricing::{Amounts, LineTotal};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod anonymise;
#[cfg(feature = "ssr")]
pub mod cancel;
#[cfg(feature = "ssr")]
pub mod claim;
pub mod compose;
#[cfg(feature = "ssr")]
pub mod draft;
#[cfg(feature = "ssr")]
pub mod edit;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod link;
#[cfg(feature = "ssr")]
pub mod lookup;
mod number;
#[cfg(feature = "ssr")]
pub mod place;
#[cfg(feature = "ssr")]
pub mod purge;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod receive_money;
#[cfg(feature = "ssr")]
pub mod refund;
#[cfg(feature = "ssr")]
pub mod refund_form;
#[cfg(feature = "ssr")]
mod return_credit;
#[cfg(feature = "ssr")]
pub mod search;
#[cfg(feature = "ssr")]
pub mod send_money;
mod state;
#[cfg(feature = "ssr")]
pub mod timeline;

pub use number::OrderNumber;
pub use state::{Fulfilment, Lifecycle, OrderEvent, Payment, Status, status};

id!(
    /// Identifies an order.
    OrderId
);
id!(
    /// Identifies a line of an order.
    OrderLineId
);
id!(
    /// Identifies a refund.
    RefundId
);

/// An order as its page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// Whether it stands.
    pub lifecycle: Lifecycle,
    /// What of it is paid.
    pub payment: Payment,
    /// What of it is sent.
    pub fulfilment: Fulfilment,
    /// The gateway it is paid through.
    pub payment_method: String,
    /// When it has to be paid.
    pub payment_terms: PaymentTerms,
    /// Where mails go.
    pub email: String,
    /// For questions about the delivery, perhaps empty.
    pub phone: String,
    /// Where it is sent.
    pub delivery_address: Address,
    /// Where the invoice goes.
    pub billing_address: Address,
    /// What the customer had to say.
    pub note: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// Whether unit prices include tax.
    pub prices_include_tax: bool,
    /// How it is sent: the code of the delivery method.
    pub delivery_code: String,
    /// What that was called.
    pub delivery_name: String,
    /// What that costs.
    pub delivery: LineTotal,
    /// Everything.
    pub total: Amounts,
    /// What of it was paid with store credit.
    pub store_credit: Money,
    /// Until when its payment must be agreed, where it waits for that.
    pub pay_by: Option<DateTime<Utc>>,
    /// Whether what was paid is kept though it is cancelled.
    pub keeps_payment: bool,
    /// Counts the changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What was bought.
    pub lines: Vec<OrderLine>,
}

impl Order {
    /// Its state in one word.
    pub fn status(&self) -> Status {
        status(self.lifecycle, self.payment, self.fulfilment, self.payment_terms, self.total.gross)
    }

    /// Whether it waits for its payment as its shopper has placed it: staff, who make and change orders, give more
    /// time.
    pub fn waits_as_placed(&self) -> bool {
        self.lifecycle == Lifecycle::AwaitingPayment
            && self.pay_by.is_some_and(|by| by - self.created_at <= TimeDelta::minutes(2 * PAY_BY_MINUTES))
    }

    /// What is to be paid in all.
    pub fn to_pay(&self) -> Money {
        Money::new(self.total.gross, self.currency)
    }

    /// What is to be paid with money: the total without what store credit paid.
    pub fn due(&self) -> Money {
        Money::new((self.total.gross - self.store_credit.minor()).max(0), self.currency)
    }

    /// What is reported of it once it is placed.
    pub fn placed(&self) -> OrderPlaced {
        let placed =
            |line: &OrderLine| PlacedLine { product: line.product, variation: line.variation, quantity: line.quantity };
        OrderPlaced {
            order: self.id,
            number: self.number,
            total: self.to_pay(),
            payment_method: self.payment_method.clone(),
            lines: self.lines.iter().map(placed).collect(),
        }
    }

    /// The goods as they were priced, before tax where prices were.
    pub fn subtotal(&self) -> Money {
        let amount =
            |line: &OrderLine| if self.prices_include_tax { line.total.amounts.gross } else { line.total.amounts.net };
        Money::new(self.lines.iter().map(amount).sum(), self.currency)
    }

    /// The tax in it by rate.
    pub fn tax_by_rate(&self) -> Vec<(crate::pricing::TaxRate, Money)> {
        let lines = self.lines.iter().map(|line| &line.total).chain([&self.delivery]);
        crate::pricing::tax_by_rate(self.currency, lines)
    }
}

/// An order in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSummary {
    /// Which order.
    pub id: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// Whether it stands.
    pub lifecycle: Lifecycle,
    /// Its state in one word.
    pub status: Status,
    /// What is to be paid in all.
    pub total: Money,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// Identifies it.
    pub id: OrderLineId,
    /// The product.
    pub product: ProductId,
    /// What was bought.
    pub variation: VariationId,
    /// What the product was called.
    pub name: String,
    /// Its address then.
    pub slug: String,
    /// The article number.
    pub sku: String,
    /// What was chosen.
    pub options: ChosenOptions,
    /// How many.
    pub quantity: i32,
    /// What one piece cost.
    pub unit_price: Money,
    /// What decided the tax rate.
    pub tax_class: String,
    /// What the line came to.
    pub total: LineTotal,
    /// Its picture, if it is still there.
    pub picture: Option<Picture>,
}

/// Reports that an order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct OrderPlaced {
    /// Which order.
    pub order: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// What it comes to.
    pub total: Money,
    /// How it is paid.
    pub payment_method: String,
    /// What was bought.
    pub lines: Vec<PlacedLine>,
}

event!(OrderPlaced, version 1, about order);

/// A line of a placed order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PlacedLine {
    /// The product.
    pub product: ProductId,
    /// What was bought of it.
    pub variation: VariationId,
    /// How many.
    pub quantity: i32,
}
