//! Amounts of money, in whole minor units of one currency.

pub use iso_currency::Currency;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in minor units (cents) of a currency.
///
/// Arithmetic is checked: it gives `None` past `i64` or between currencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(description = "An amount of money."))]
pub struct Money {
    /// Minor units, such as cents.
    minor: i64,
    /// The currency's code by ISO 4217.
    #[cfg_attr(feature = "ssr", schemars(with = "String", regex(pattern = "^[A-Z]{3}$")))]
    currency: Currency,
}

impl Money {
    /// An amount of `minor` units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing of a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency of the amount.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, if both are of one currency and it fits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.combine(other, i64::checked_add)
    }

    /// The difference, if both are of one currency and it fits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.combine(other, i64::checked_sub)
    }

    /// The amount `quantity` times, if it fits.
    pub fn checked_mul(self, quantity: i64) -> Option<Self> {
        Some(Self::new(self.minor.checked_mul(quantity)?, self.currency))
    }

    fn combine(self, other: Self, operation: impl Fn(i64, i64) -> Option<i64>) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| operation(self.minor, other.minor))
            .flatten()
            .map(|minor| Self::new(minor, self.currency))
    }

    /// The amount as a decimal number of major units with the currency's digits, e.g. `48.20`.
    pub fn to_decimal_string(self) -> String {
        let digits = minor_digits(self.currency);
        let sign = if self.minor < 0 { "-" } else { "" };
        let unit = 10_u64.pow(digits);
        let (major, minor) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        match digits {
            0 => format!("{sign}{major}"),
            _ => format!("{sign}{major}.{minor:0width$}", width = digits as usize),
        }
    }

    /// Reads a decimal number of major units; `None` where it is not one, or
    /// has more digits than the currency.
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        // The parser of decimals reads more, such as `1e3` and `1_000`.
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
        let decimal: Decimal = plain.then(|| text.parse().ok()).flatten()?;
        let minor = decimal.checked_mul(Decimal::from(10_i64.pow(minor_digits(currency))))?;
        minor.fract().is_zero().then(|| minor.to_i64()).flatten().map(|minor| Self::new(minor, currency))
    }
}

/// How many digits the minor unit has, by ISO 4217.
pub(crate) fn minor_digits(currency: Currency) -> u32 {
    currency.exponent().map_or(0, u32::from)
}

impl fmt::Display for Money {
    /// The amount for readers of English: `€1,048.20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.to_decimal_string();
        let number = number.trim_start_matches('-');
        let (major, minor) = number.split_once('.').map_or((number, None), |(major, minor)| (major, Some(minor)));
        if self.minor < 0 {
            f.write_str("\u{2212}")?;
        }
        f.write_str(&self.currency.symbol().symbol)?;
        for (index, digit) in major.char_indices() {
            if index > 0 && (major.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        minor.map_or(Ok(()), |minor| write!(f, ".{minor}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shows_the_digits_of_the_currency() {
        for (minor, currency, shown) in [
            (4_820, Currency::EUR, "€48.20"),
            (104_820_005, Currency::EUR, "€1,048,200.05"),
            (-5, Currency::EUR, "−€0.05"),
            (500, Currency::JPY, "¥500"),
            (1_234, Currency::KWD, "د.ك1.234"),
        ] {
            assert_eq!(Money::new(minor, currency).to_string(), shown);
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", "abc", "1.005", "1e3", "1_000", "99999999999999999999"] {
            assert_eq!(Money::parse(text, Currency::EUR), None, "{text}");
        }
        assert_eq!(Money::parse("0.5", Currency::JPY), None);
    }

    #[test]
    fn never_mixes_currencies_and_never_wraps() {
        let (euro, yen) = (Money::new(1, Currency::EUR), Money::new(1, Currency::JPY));
        assert_eq!(euro.checked_add(yen), None);
        assert_eq!(Money::new(i64::MAX, Currency::EUR).checked_add(euro), None);
        assert_eq!(Money::new(i64::MAX, Currency::EUR).checked_mul(2), None);
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(minor in -10_i64.pow(15)..10_i64.pow(15)) {
            for currency in [Currency::EUR, Currency::JPY, Currency::KWD] {
                let money = Money::new(minor, currency);
                prop_assert_eq!(Money::parse(&money.to_decimal_string(), currency), Some(money));
            }
        }
    }
}
