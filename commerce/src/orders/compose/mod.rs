//! What an order is to become, as staff put it together: a draft for a caller, or a change of an order that was not
//! sent yet. It is kept beside the order, which stays as it is until somebody who saw what it comes to agrees.

use super::{Fulfilment, Lifecycle, Order};
use crate::catalog::{ChosenOptions, ProductId, VariationId};
use crate::checkout::Address;
use crate::forms::MAX_QUANTITY;
use crate::fulfilment::DeliveryMethod;
use crate::inventory::Shortage;
use crate::media::MediaId;
use crate::money::{Currency, Money};
use crate::payments::PaymentMethod;
use crate::pricing::{DELIVERY_TAX_CLASS, LineToPrice, LineTotal, PriceError, TaxRates, Totals, TotalsContext, totals};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod goods;
#[cfg(feature = "ssr")]
pub mod proposal;
#[cfg(feature = "ssr")]
pub mod stage;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(feature = "ssr")]
mod write;

#[cfg(feature = "ssr")]
pub(super) use write::{close, write};

id!(
    /// Names an edit, so that it is made once however often it is asked for.
    EditId
);

/// The most lines that staff put into an order: as many as a cart takes.
pub const MAX_LINES: usize = 100;

/// The highest price that staff can set for one piece, in minor units.
pub const MAX_PRICE: i64 = 1_000_000_000_000;

/// What an order is to become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composition {
    /// What is in it, each variation once.
    pub lines: Vec<ComposedLine>,
    /// Where mails go, empty until it is known.
    pub email: String,
    /// For questions about the delivery, perhaps empty; what was kept before it was asked for has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Where it is sent, once it is known.
    pub delivery_address: Option<Address>,
    /// Where the invoice goes, if elsewhere.
    pub billing_address: Option<Address>,
    /// The code of the delivery method, empty until it is chosen.
    pub delivery_method: String,
    /// The code of the way to pay, empty until it is chosen.
    pub payment_method: String,
    /// A word to or from the customer.
    pub note: String,
}

/// How many of a variation are to be in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposedLine {
    /// Of what.
    pub variation: VariationId,
    /// How many; none of what is to go.
    pub quantity: i32,
    /// What staff have set the price of one piece to, in minor units, if they have.
    pub unit_price: Option<i64>,
}

impl Composition {
    /// What an order is now.
    pub fn of(order: &Order) -> Self {
        let line = |line: &super::OrderLine| ComposedLine {
            variation: line.variation,
            quantity: line.quantity,
            unit_price: None,
        };
        let billing = Some(&order.billing_address).filter(|address| **address != order.delivery_address);
        Self {
            lines: order.lines.iter().map(line).collect(),
            email: order.email.clone(),
            phone: order.phone.clone(),
            delivery_address: Some(order.delivery_address.clone()),
            billing_address: billing.cloned(),
            delivery_method: order.delivery_code.clone(),
            payment_method: order.payment_method.clone(),
            note: order.note.clone(),
        }
    }

    /// Nothing yet.
    pub fn empty() -> Self {
        Self {
            lines: Vec::new(),
            email: String::new(),
            phone: String::new(),
            delivery_address: None,
            billing_address: None,
            delivery_method: String::new(),
            payment_method: String::new(),
            note: String::new(),
        }
    }

    /// Puts one more of a variation into it, up to 100.
    ///
    /// # Errors
    /// [`EditError::TooManyLines`].
    pub fn add(&mut self, variation: VariationId) -> Result<(), EditError> {
        if let Some(line) = self.lines.iter_mut().find(|line| line.variation == variation) {
            line.quantity = (line.quantity + 1).min(MAX_QUANTITY);
            return Ok(());
        }
        if self.lines.len() >= MAX_LINES {
            return Err(EditError::TooManyLines);
        }
        self.lines.push(ComposedLine { variation, quantity: 1, unit_price: None });
        Ok(())
    }
}

/// A variation that can be put into an order, as the catalogue has it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Goods {
    /// Which variation.
    pub variation: VariationId,
    /// The product it is of.
    pub product: ProductId,
    /// Who offers it, if not the shop.
    pub vendor: Option<uuid::Uuid>,
    /// Its picture.
    pub media: Option<MediaId>,
    /// The product's address below `/p/`.
    pub slug: String,
    /// What the product is called.
    pub name: String,
    /// The article number.
    pub sku: String,
    /// What is chosen.
    pub options: ChosenOptions,
    /// Decides the tax rate.
    pub tax_class: String,
    /// What one piece costs; `None` where it is not offered any more.
    pub price: Option<Money>,
    /// How many the order could have, what it has claimed included.
    pub available: i64,
}

/// A line as it would be.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedLine {
    /// What it is of: what the order has copied, where it has.
    pub goods: Goods,
    /// How many the order has.
    pub before: i32,
    /// How many it would have.
    pub quantity: i32,
    /// What one piece would cost; `None` where it can't be put into the order any more.
    pub unit_price: Option<Money>,
    /// What staff have set that to, if they have.
    pub fixed_price: Option<Money>,
    /// What the line would come to.
    pub total: LineTotal,
}

/// What an order would be.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The order as it is.
    pub order: Order,
    /// Names the edit.
    pub edit: EditId,
    /// Counts the changes of what is proposed.
    pub revision: i64,
    /// Whether anything was proposed.
    pub is_staged: bool,
    /// What is proposed.
    pub composition: Composition,
    /// The lines, those of the order first, in their order.
    pub lines: Vec<ProposedLine>,
    /// What it would come to.
    pub totals: Totals,
    /// The ways of delivery, with what each would cost; the order's own is among them though it may not be on offer.
    pub delivery_offers: Vec<(DeliveryOffer, Money)>,
    /// The ways to pay.
    pub payment_offers: Vec<PaymentMethod>,
}

/// A way of delivery that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOffer {
    /// Identifies it.
    pub code: String,
    /// What it is called.
    pub name: String,
}

/// What a proposal was seen to be by whoever agrees to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Which edit.
    pub edit: EditId,
    /// The revision of what was proposed.
    pub revision: i64,
    /// The version of the order.
    pub version: i64,
    /// The total that it would have, in minor units.
    pub total: i64,
}

impl Proposal {
    /// What is agreed to by whoever sees this.
    pub fn agreement(&self) -> Agreement {
        Agreement {
            edit: self.edit,
            revision: self.revision,
            version: self.order.version,
            total: self.totals.total.gross,
        }
    }

    /// Whether it is a draft, and not an order that stands.
    pub fn is_draft(&self) -> bool {
        self.order.lifecycle == Lifecycle::Draft
    }

    /// How many pieces it would have.
    pub fn pieces(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.quantity)).sum()
    }

    /// By how much it would be dearer, or cheaper where that is negative.
    pub fn difference(&self) -> Money {
        Money::new(self.totals.total.gross - self.order.total.gross, self.order.currency)
    }

    /// The delivery that would be chosen.
    pub fn delivery(&self) -> Option<&DeliveryOffer> {
        let chosen = |(offer, _): &&(DeliveryOffer, Money)| offer.code == self.composition.delivery_method;
        self.delivery_offers.iter().find(chosen).map(|(offer, _)| offer)
    }

    /// The payment that would be chosen.
    pub fn payment(&self) -> Option<&PaymentMethod> {
        self.payment_offers.iter().find(|offer| offer.code == self.composition.payment_method)
    }

    /// What it lacks before it can be submitted.
    pub fn missing(&self) -> Option<Missing> {
        if self.pieces() == 0 {
            Some(Missing::Goods)
        } else if self.composition.email.is_empty() || self.composition.delivery_address.is_none() {
            Some(Missing::Contact)
        } else if self.delivery().is_none() {
            Some(Missing::Delivery)
        } else if self.payment().is_none() {
            Some(Missing::Payment)
        } else {
            None
        }
    }

    /// Whether it would change the order.
    pub fn changes(&self) -> bool {
        let now = Composition::of(&self.order);
        let lines = self.lines.iter().any(|line| line.quantity != line.before);
        lines
            || self.composition.phone != now.phone
            || self.composition.delivery_address != now.delivery_address
            || self.composition.billing_address != now.billing_address
            || self.composition.delivery_method != now.delivery_method
    }
}

/// Whether staff may change an order: while nothing of it was sent.
pub fn can_edit(order: &Order) -> bool {
    let open = matches!(order.lifecycle, Lifecycle::AwaitingPayment | Lifecycle::InReview | Lifecycle::Placed);
    open && order.fulfilment == Fulfilment::Unfulfilled
}

/// What a proposal is priced by.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// The currency of the order.
    pub currency: Currency,
    /// Whether prices include tax.
    pub include_tax: bool,
    /// The table of rates.
    pub rates: &'a TaxRates,
    /// The ways of delivery on offer.
    pub methods: &'a [DeliveryMethod],
    /// The country that is counted with while no address is known.
    pub home: &'a str,
}

/// What a way of delivery costs for goods of this value. One that was agreed on with the order keeps its price,
/// whatever it costs by now, unless the goods pass the value from which on it costs nothing. `None` where it is not on
/// offer.
pub fn delivery_price(order: &Order, prices: Prices<'_>, code: &str, goods: Money) -> Option<Money> {
    let method = prices.methods.iter().find(|method| method.code == code && method.price.currency() == prices.currency);
    if order.lifecycle == Lifecycle::Draft || order.delivery_code != code {
        return method.map(|method| method.price_for(goods));
    }
    let amounts = order.delivery.amounts;
    let agreed = Money::new(if prices.include_tax { amounts.gross } else { amounts.net }, prices.currency);
    let now = method.map(|method| (method.price_for(order.subtotal()), method.price_for(goods)));
    Some(now.filter(|(before, after)| before != after).map_or(agreed, |(_, after)| after))
}

/// What lines and a delivery come to, by the same function as at the checkout. In the country that it was ordered to,
/// an order keeps the tax rates that it was ordered at.
///
/// # Errors
/// [`PriceError`].
pub fn price(
    order: &Order,
    prices: Prices<'_>,
    address: Option<&Address>,
    lines: &[LineToPrice],
    delivery: Option<Money>,
) -> Result<Totals, PriceError> {
    let country = address.map_or(prices.home, |address| address.country.as_str());
    let stands = order.lifecycle != Lifecycle::Draft && order.delivery_address.country == country;
    let lines_kept = order.lines.iter().map(|line| (line.tax_class.clone(), line.total.rate));
    let kept = std::iter::once((DELIVERY_TAX_CLASS.to_owned(), order.delivery.rate)).chain(lines_kept);
    let rates = prices.rates.with(country, kept.filter(|_| stands));
    let (currency, prices_include_tax) = (prices.currency, prices.include_tax);
    totals(TotalsContext { currency, prices_include_tax, rates: &rates, country, delivery }, lines)
}

/// What a draft still lacks before it can be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Anything to buy.
    Goods,
    /// Who it is for and where it goes.
    Contact,
    /// How it is sent.
    Delivery,
    /// How it is paid.
    Payment,
}

/// Why a draft or an order could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such order.
    #[error("no such order")]
    NotFound,
    /// It is not in a state in which this can be done.
    #[error("not in this state")]
    WrongState,
    /// It is not any more what was seen.
    #[error("changed since it was seen")]
    Stale,
    /// Nothing would change.
    #[error("nothing to change")]
    Unchanged,
    /// An order has something in it: nothing at all is a cancellation.
    #[error("nothing would be left")]
    Empty,
    /// Something is still to be filled in.
    #[error("incomplete: {0:?}")]
    Incomplete(Missing),
    /// Something is not on offer, or not any more.
    #[error("not on offer")]
    NotOffered,
    /// The way to pay is not on offer for what it would come to.
    #[error("not payable this way")]
    NotPayable,
    /// There is not enough of these.
    #[error("not enough stock")]
    Short(Vec<Shortage>),
    /// Less of a line than was given back already.
    #[error("less than was refunded")]
    Refunded,
    /// Less than was paid with store credit.
    #[error("less than was paid with store credit")]
    BelowCredit,
    /// More lines than an order takes.
    #[error("too many lines")]
    TooManyLines,
    /// An amount or a quantity is out of range.
    #[error("out of range")]
    OutOfRange,
    /// Whoever asks may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// The database failed.
    #[cfg(feature = "ssr")]
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

impl From<PriceError> for EditError {
    fn from(_: PriceError) -> Self {
        Self::OutOfRange
    }
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(EditError);

#[cfg(feature = "ssr")]
impl From<super::cancel::OrderError> for EditError {
    fn from(error: super::cancel::OrderError) -> Self {
        match error {
            super::cancel::OrderError::Db(error) => Self::Db(error),
            super::cancel::OrderError::NotAllowed => Self::NotAllowed,
            super::cancel::OrderError::NotFound => Self::NotFound,
            _ => Self::WrongState,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<crate::inventory::claims::ClaimError> for EditError {
    fn from(error: crate::inventory::claims::ClaimError) -> Self {
        match error {
            crate::inventory::claims::ClaimError::Short(short) => Self::Short(short),
            crate::inventory::claims::ClaimError::Db(error) => Self::Db(error),
        }
    }
}
