//! What things cost: one function per question, asked by every reader of a price.

use crate::money::{Currency, Money};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

#[cfg(feature = "ssr")]
pub mod tax_table;

/// For whom and when a price is asked.
#[derive(Clone, Copy, Debug)]
pub struct PriceContext {
    /// The currency that the answer is in.
    pub currency: Currency,
}

/// The price of a product as it is stored: the default price list.
#[derive(Clone, Copy, Debug)]
pub struct ListPrice {
    /// The price of the product.
    pub base: Money,
    /// What its variation adds or takes off, in minor units of the same currency.
    pub modifier: i64,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The product has no price in the asked currency.
    #[error("no price in this currency")]
    NoPrice,
    /// The amounts do not fit, or fall below zero.
    #[error("amount out of range")]
    OutOfRange,
}

/// What one piece of a variation costs.
///
/// # Errors
/// [`PriceError`] where there is no such price.
pub fn unit_price(context: PriceContext, list: ListPrice) -> Result<Money, PriceError> {
    if list.base.currency() != context.currency {
        return Err(PriceError::NoPrice);
    }
    let price = list.base.checked_add(Money::new(list.modifier, context.currency)).ok_or(PriceError::OutOfRange)?;
    if price.minor() < 0 { Err(PriceError::OutOfRange) } else { Ok(price) }
}

/// A tax rate as a fraction: 0.19 for 19 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(pub Decimal);

impl TaxRate {
    /// The rate in percent for people, without trailing zeros: `19`.
    pub fn percent(self) -> String {
        (self.0 * Decimal::ONE_HUNDRED).normalize().to_string()
    }
}

/// Tax rates by class and country.
#[derive(Clone, Debug, Default)]
pub struct TaxRates(HashMap<(String, String), TaxRate>);

impl TaxRates {
    /// A table of `(tax class, country or "" for all others, rate)`.
    pub fn new(rows: impl IntoIterator<Item = (String, String, TaxRate)>) -> Self {
        Self(rows.into_iter().map(|(class, country, rate)| ((class, country), rate)).collect())
    }

    /// The table with other rates for some classes in a country.
    #[must_use]
    pub fn with(&self, country: &str, rates: impl IntoIterator<Item = (String, TaxRate)>) -> Self {
        let mut table = self.0.clone();
        table.extend(rates.into_iter().map(|(class, rate)| ((class, country.to_owned()), rate)));
        Self(table)
    }

    /// The rate of a class in a country, else the class's own, else none.
    pub fn rate(&self, class: &str, country: &str) -> TaxRate {
        let key = |country: &str| (class.to_owned(), country.to_owned());
        self.0.get(&key(country)).or_else(|| self.0.get(&key(""))).copied().unwrap_or(TaxRate(Decimal::ZERO))
    }
}

/// An amount taken apart: `net + tax = gross`, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// Without tax.
    pub net: i64,
    /// The tax in it.
    pub tax: i64,
    /// With tax: what is paid.
    pub gross: i64,
}

impl Amounts {
    /// Takes `amount` apart. The one place where money is rounded: the tax of
    /// a line, half away from zero, once.
    pub fn of(amount: i64, rate: TaxRate, includes_tax: bool) -> Option<Self> {
        let exact = Decimal::from(amount);
        let tax = if includes_tax {
            exact.checked_mul(rate.0)?.checked_div(Decimal::ONE.checked_add(rate.0)?)?
        } else {
            exact.checked_mul(rate.0)?
        };
        let tax = tax.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()?;
        Some(if includes_tax {
            Self { net: amount.checked_sub(tax)?, tax, gross: amount }
        } else {
            Self { net: amount, tax, gross: amount.checked_add(tax)? }
        })
    }

    fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            net: self.net.checked_add(other.net)?,
            tax: self.tax.checked_add(other.tax)?,
            gross: self.gross.checked_add(other.gross)?,
        })
    }
}

/// What is to be priced: one line of a cart.
#[derive(Clone, Debug)]
pub struct LineToPrice {
    /// The price of one piece.
    pub unit_price: Money,
    /// How many.
    pub quantity: i32,
    /// The tax class of the variation.
    pub tax_class: String,
}

/// How a whole cart is to be priced.
#[derive(Clone, Copy, Debug)]
pub struct TotalsContext<'a> {
    /// The currency of the cart.
    pub currency: Currency,
    /// Whether prices include tax.
    pub prices_include_tax: bool,
    /// The table of rates.
    pub rates: &'a TaxRates,
    /// Where it is delivered to.
    pub country: &'a str,
    /// What delivery costs, before tax where prices are; `None` while unknown.
    pub delivery: Option<Money>,
}

/// The price of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTotal {
    /// The rate that was applied.
    pub rate: TaxRate,
    /// What the line comes to.
    pub amounts: Amounts,
}

/// The price of a cart: total = Σ gross of lines and delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines, in the order given.
    pub lines: Vec<LineTotal>,
    /// The goods as they are priced, before tax where prices are.
    pub subtotal: Money,
    /// Delivery, zero while unknown.
    pub delivery: LineTotal,
    /// Everything.
    pub total: Amounts,
}

impl Totals {
    /// What is paid.
    pub fn to_pay(&self) -> Money {
        Money::new(self.total.gross, self.currency)
    }

    /// The tax in it by rate, highest rate first, without rates of nothing.
    pub fn tax_by_rate(&self) -> Vec<(TaxRate, Money)> {
        tax_by_rate(self.currency, self.lines.iter().chain([&self.delivery]))
    }
}

/// The tax of several lines by rate, highest rate first, without rates of nothing.
pub fn tax_by_rate<'a>(currency: Currency, lines: impl IntoIterator<Item = &'a LineTotal>) -> Vec<(TaxRate, Money)> {
    let mut sums = std::collections::BTreeMap::<TaxRate, i64>::new();
    for line in lines {
        *sums.entry(line.rate).or_default() += line.amounts.tax;
    }
    sums.into_iter().rev().filter(|(_, tax)| *tax != 0).map(|(rate, tax)| (rate, Money::new(tax, currency))).collect()
}

/// The tax class of delivery.
pub const DELIVERY_TAX_CLASS: &str = "standard";

/// Prices a whole cart.
///
/// # Errors
/// [`PriceError::OutOfRange`] past `i64`, [`PriceError::NoPrice`] where currencies differ.
pub fn totals(context: TotalsContext<'_>, lines: &[LineToPrice]) -> Result<Totals, PriceError> {
    let mut subtotal = Money::zero(context.currency);
    let mut total = Amounts::default();
    let mut add = |amount: Money, class: &str| {
        let rate = context.rates.rate(class, context.country);
        let amounts = Amounts::of(amount.minor(), rate, context.prices_include_tax).ok_or(PriceError::OutOfRange)?;
        total = total.checked_add(amounts).ok_or(PriceError::OutOfRange)?;
        Ok::<_, PriceError>(LineTotal { rate, amounts })
    };
    let mut priced = Vec::with_capacity(lines.len());
    for line in lines {
        let amount = line.unit_price.checked_mul(i64::from(line.quantity)).ok_or(PriceError::OutOfRange)?;
        subtotal = subtotal.checked_add(amount).ok_or(PriceError::NoPrice)?;
        priced.push(add(amount, &line.tax_class)?);
    }
    let delivery = add(context.delivery.unwrap_or(Money::zero(context.currency)), DELIVERY_TAX_CLASS)?;
    Ok(Totals { currency: context.currency, lines: priced, subtotal, delivery, total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(text: &str) -> TaxRate {
        TaxRate(text.parse().expect("a decimal number"))
    }

    fn rates() -> TaxRates {
        TaxRates::new([
            ("standard".to_owned(), String::new(), rate("0.19")),
            ("standard".to_owned(), "FR".to_owned(), rate("0.2")),
            ("reduced".to_owned(), String::new(), rate("0.07")),
        ])
    }

    #[test]
    fn tax_is_rounded_half_away_from_zero_once() {
        let of = |amount, included| Amounts::of(amount, rate("0.19"), included);
        assert_eq!(of(11_900, true), Some(Amounts { net: 10_000, tax: 1_900, gross: 11_900 }));
        assert_eq!(of(10_000, false), Some(Amounts { net: 10_000, tax: 1_900, gross: 11_900 }));
        assert_eq!(of(50, false).map(|amounts| amounts.tax), Some(10), "9.5 rounds away from zero");
        assert_eq!(of(i64::MAX, false), None);
    }

    #[test]
    fn a_country_without_a_rate_of_its_own_has_the_general_one() {
        assert_eq!(rates().rate("standard", "FR"), rate("0.2"));
        assert_eq!(rates().rate("standard", "ES"), rate("0.19"));
        assert_eq!(rates().rate("unknown", "ES"), rate("0"));
    }

    #[test]
    fn a_price_is_never_taken_across_currencies_nor_below_zero() {
        let context = PriceContext { currency: Currency::EUR };
        let list = |minor, currency, modifier| ListPrice { base: Money::new(minor, currency), modifier };
        assert_eq!(unit_price(context, list(2_000, Currency::EUR, -500)), Ok(Money::new(1_500, Currency::EUR)));
        assert_eq!(unit_price(context, list(2_000, Currency::USD, 0)), Err(PriceError::NoPrice));
        assert_eq!(unit_price(context, list(2_000, Currency::EUR, -2_001)), Err(PriceError::OutOfRange));
        assert_eq!(unit_price(context, list(i64::MAX, Currency::EUR, 1)), Err(PriceError::OutOfRange));
    }

    proptest! {
        #[test]
        fn totals_add_up(
            lines in prop::collection::vec((0_i64..10_000_000, 1_i32..=100, prop::bool::ANY), 0..30),
            delivery in prop::option::of(0_i64..10_000),
            included in prop::bool::ANY,
        ) {
            let lines: Vec<_> = lines
                .into_iter()
                .map(|(minor, quantity, standard)| LineToPrice {
                    unit_price: Money::new(minor, Currency::EUR),
                    quantity,
                    tax_class: if standard { "standard" } else { "reduced" }.to_owned(),
                })
                .collect();
            let rates = rates();
            let totals = totals(
                TotalsContext {
                    currency: Currency::EUR,
                    prices_include_tax: included,
                    rates: &rates,
                    country: "DE",
                    delivery: delivery.map(|minor| Money::new(minor, Currency::EUR)),
                },
                &lines,
            ).expect("amounts fit");
            let every = || totals.lines.iter().chain([&totals.delivery]);
            prop_assert_eq!(every().map(|line| line.amounts.gross).sum::<i64>(), totals.total.gross);
            for line in every() {
                prop_assert_eq!(line.amounts.net + line.amounts.tax, line.amounts.gross);
            }
            let priced = lines.iter().map(|line| line.unit_price.minor() * i64::from(line.quantity)).sum::<i64>();
            prop_assert_eq!(totals.subtotal.minor(), priced);
            if included {
                prop_assert_eq!(totals.total.gross, priced + delivery.unwrap_or_default());
            }
            let by_rate = totals.tax_by_rate().iter().map(|(_, tax)| tax.minor()).sum::<i64>();
            prop_assert_eq!(by_rate, totals.total.tax);
        }

        #[test]
        fn rounding_is_off_by_half_a_minor_unit_at_most(amount in 0_i64..10_i64.pow(12), percent in 0_i64..30) {
            let rate = TaxRate(Decimal::new(percent, 2));
            let net = Amounts::of(amount, rate, true).expect("amount fits").net;
            let exact = Decimal::from(amount) / (Decimal::ONE + rate.0);
            prop_assert!((Decimal::from(net) - exact).abs() <= Decimal::new(5, 1));
        }
    }
}
