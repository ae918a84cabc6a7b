//! What a shopper is about to buy.

use crate::catalog::{ChosenOptions, ProductId, VariationId};
use crate::media::Picture;
use crate::money::{Currency, Money};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod add_line;
#[cfg(feature = "ssr")]
pub mod change_line;
#[cfg(feature = "ssr")]
pub mod drafts;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod merge;
#[cfg(feature = "ssr")]
pub mod purge;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod sessions;

id!(
    /// Identifies a cart.
    CartId
);
id!(
    /// Identifies a line of a cart.
    CartLineId
);

/// How long a guest's cart is kept after its last change, in days.
pub const GUEST_DAYS: i64 = 30;

/// Whose cart it is.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub enum Holder {
    /// A guest, by the token in their cookie, if they have one.
    Guest(Option<crate::token::Token>),
    /// Somebody who is signed in: they have the same cart on every device.
    Account(crate::accounts::UserId),
}

#[cfg(feature = "ssr")]
impl Holder {
    /// The token by which the cart is found, if there can be one.
    pub fn token(&self, shop: &crate::Shop) -> Option<crate::token::Token> {
        match self {
            Self::Guest(token) => token.clone(),
            Self::Account(user) => Some(account_token(shop, *user)),
        }
    }
}

/// The token of an account's cart. It follows from who it is, and never leaves the server.
#[cfg(feature = "ssr")]
pub fn account_token(shop: &crate::Shop, user: crate::accounts::UserId) -> crate::token::Token {
    crate::token::Token::from_bytes(shop.sign("account cart", user.0.as_bytes()))
}

/// The most different variations that a cart takes.
pub const MAX_LINES: i64 = 100;

/// A cart with what its lines cost and how much there is of them now.
#[derive(Clone, Debug, PartialEq)]
pub struct Cart {
    /// Which cart.
    pub id: CartId,
    /// Counts its changes.
    pub version: i64,
    /// What it is paid in.
    pub currency: Currency,
    /// Its lines, in the order in which they were added.
    pub lines: Vec<CartLine>,
}

/// A line of a cart.
#[derive(Clone, Debug, PartialEq)]
pub struct CartLine {
    /// What is bought.
    pub variation: VariationId,
    /// The product it is of.
    pub product: ProductId,
    /// Who offers it, if not the shop.
    pub vendor: Option<uuid::Uuid>,
    /// The product's address below `/p/`.
    pub slug: String,
    /// What the product is called.
    pub name: String,
    /// The shop's own article number.
    pub sku: String,
    /// What was chosen.
    pub options: ChosenOptions,
    /// How many, 1 to 100.
    pub quantity: i32,
    /// What one piece costs now; `None` if it is not offered any more.
    pub unit_price: Option<Money>,
    /// What one piece cost when the shopper last changed or confirmed the line.
    pub seen_price: Money,
    /// How many this cart could have, its own claims included.
    pub available: i64,
    /// Decides the tax rate.
    pub tax_class: String,
    /// Its picture.
    pub picture: Option<Picture>,
}

impl CartLine {
    /// What the line costs, if it is still offered and the sum fits.
    pub fn total(&self) -> Option<Money> {
        self.unit_price?.checked_mul(i64::from(self.quantity))
    }

    /// What keeps the line from being ordered as it is.
    pub fn problem(&self) -> Option<LineProblem> {
        if self.unit_price.is_none() {
            Some(LineProblem::NotOffered)
        } else if self.available <= 0 {
            Some(LineProblem::SoldOut)
        } else if self.available < i64::from(self.quantity) {
            Some(LineProblem::NotEnough { available: self.available })
        } else {
            None
        }
    }

    /// The price that the shopper saw before, if it is another one now.
    pub fn price_before(&self) -> Option<Money> {
        self.unit_price.filter(|price| *price != self.seen_price).map(|_| self.seen_price)
    }
}

/// What keeps a line from being ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineProblem {
    /// It is not offered any more.
    NotOffered,
    /// There is nothing left of it.
    SoldOut,
    /// There is some, but less.
    NotEnough {
        /// How many there are.
        available: i64,
    },
}

impl Cart {
    /// How many pieces are in it.
    pub fn items(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.quantity)).sum()
    }

    /// What its lines cost, without those that are not offered any more.
    pub fn subtotal(&self) -> Money {
        self.lines
            .iter()
            .filter_map(CartLine::total)
            .try_fold(Money::zero(self.currency), Money::checked_add)
            .unwrap_or(Money::zero(self.currency))
    }

    /// Whether it can be checked out as it is.
    pub fn can_check_out(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.problem().is_none())
    }
}

/// What every page shows of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartSummary {
    /// Counts the cart's changes.
    pub version: i64,
    /// How many pieces are in it.
    pub items: i64,
}

/// Why a cart could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum CartError {
    /// There is no such variation, or not of that product, or not any more.
    #[error("no such variation")]
    UnknownVariation,
    /// There is no such cart, or no such line in it.
    #[error("not in the cart")]
    NotInCart,
    /// More than there is.
    #[error("not enough stock: {available} available, {in_cart} of them in the cart")]
    NotEnough {
        /// How many the cart could have in all.
        available: i64,
        /// How many it has.
        in_cart: i64,
    },
    /// More than 100 of a variation.
    #[error("too many of one variation: {in_cart} in the cart")]
    TooMany {
        /// How many it has.
        in_cart: i64,
    },
    /// More lines than a cart takes.
    #[error("too many lines")]
    TooManyLines,
    /// The database failed.
    #[cfg(feature = "ssr")]
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(CartError);
