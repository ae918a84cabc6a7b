//! From a cart to an order: who, where to, how, and the placing itself.

use crate::cart::Cart;
use crate::fulfilment::DeliveryMethod;
use crate::inventory::Shortage;
use crate::money::Money;
use crate::payments::PaymentMethod;
use crate::pricing::Totals;
use chrono::{DateTime, TimeDelta, Utc};

mod address;
#[cfg(feature = "ssr")]
pub mod change_cart;
mod country;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod place_order;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod save_step;
#[cfg(feature = "ssr")]
pub mod start;

pub use address::{Address, Contact, contact_fields, parse_address_form, parse_contact, put_address};
pub use country::{COUNTRIES, Country, PostalCode, Region, country};

/// How long stock is held after the last progress, in minutes.
pub const HOLD_MINUTES: i64 = 10;

/// How long stock is held in all, in minutes.
pub const HOLD_MOST_MINUTES: i64 = 30;

/// Until when stock is held after progress, of a hold that began then.
pub fn hold_until(started_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    (started_at + TimeDelta::minutes(HOLD_MOST_MINUTES)).min(now + TimeDelta::minutes(HOLD_MINUTES))
}

/// How long an order waits for its payment to be agreed, in minutes.
pub const PAY_BY_MINUTES: i64 = 30;

/// The steps of a checkout, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Who and where to.
    Address,
    /// How it is sent.
    Delivery,
    /// How it is paid.
    Payment,
    /// A last look.
    Review,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 4] = [Self::Address, Self::Delivery, Self::Payment, Self::Review];

    /// Its address below `/checkout/`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Delivery => "delivery",
            Self::Payment => "payment",
            Self::Review => "review",
        }
    }
}

/// A checkout under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkout {
    /// What is bought.
    pub cart: Cart,
    /// Who and where to, once known.
    pub contact: Option<Contact>,
    /// How it is sent, once chosen and still on offer.
    pub delivery: Option<DeliveryMethod>,
    /// How it is paid, once chosen and still on offer.
    pub payment: Option<PaymentMethod>,
    /// Whether store credit is to pay of it what it can.
    pub uses_credit: bool,
    /// How much store credit pays of it.
    pub credit: Money,
    /// What the customer has to say.
    pub note: String,
    /// Since when its stock is held.
    pub hold_started_at: DateTime<Utc>,
    /// Until when its stock is held.
    pub hold_expires_at: DateTime<Utc>,
    /// What it comes to as far as is known.
    pub totals: Totals,
    /// The ways of delivery on offer, with what each costs for this cart.
    pub delivery_offers: Vec<(DeliveryMethod, Money)>,
    /// The ways to pay on offer.
    pub payment_offers: Vec<PaymentMethod>,
}

impl Checkout {
    /// What is to be paid with money.
    pub fn due(&self) -> Money {
        Money::new(self.totals.total.gross - self.credit.minor(), self.totals.currency)
    }

    /// Whether store credit pays all of it.
    pub fn is_covered(&self) -> bool {
        self.credit.minor() > 0 && self.due().minor() == 0
    }

    /// The first step that is still to be done: none further on may be shown.
    pub fn next_step(&self) -> Step {
        if self.contact.is_none() {
            Step::Address
        } else if self.delivery.is_none() {
            Step::Delivery
        } else if self.payment.is_none() && !self.is_covered() {
            Step::Payment
        } else {
            Step::Review
        }
    }
}

/// Why a checkout could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// There is nothing in the cart.
    #[error("the cart is empty")]
    EmptyCart,
    /// Checkout was not begun, or too long ago.
    #[error("no checkout under way")]
    NotStarted,
    /// A line of the cart can't be ordered as it is.
    #[error("a line of the cart has a problem")]
    LineProblem,
    /// There is not enough of these.
    #[error("not enough stock")]
    Short(Vec<Shortage>),
    /// This network address holds stock for as many carts as it may.
    #[error("too many holds")]
    TooManyHolds,
    /// What was chosen is not on offer.
    #[error("not on offer")]
    UnknownChoice,
    /// A step before is not done.
    #[error("a step is missing")]
    StepMissing(Step),
    /// The total is not the one that the shopper saw.
    #[error("the total has changed")]
    TotalChanged,
    /// There is not as much store credit as the shopper saw, or more.
    #[error("the store credit has changed")]
    CreditChanged,
    /// An amount is out of range.
    #[error(transparent)]
    Price(#[from] crate::pricing::PriceError),
    /// The gateway did not agree to the payment.
    #[error("payment declined")]
    PaymentDeclined,
    /// The database failed.
    #[cfg(feature = "ssr")]
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(CheckoutError);

#[cfg(feature = "ssr")]
impl From<crate::inventory::claims::ClaimError> for CheckoutError {
    fn from(error: crate::inventory::claims::ClaimError) -> Self {
        match error {
            crate::inventory::claims::ClaimError::Short(short) => Self::Short(short),
            crate::inventory::claims::ClaimError::Db(error) => Self::Db(error),
        }
    }
}
