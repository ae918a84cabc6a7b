//! Amounts as Stripe counts them: in minor units, which are not always those of ISO 4217.
//! <https://docs.stripe.com/currencies#minor-units>

use crate::money::{Currency, Money, minor_digits};
use crate::payments::GatewayError;
use crate::payments::remote::{chargeable_units, from_units};

/// How many digits its unit has after the point.
fn digits(currency: Currency) -> u32 {
    match currency {
        // Without decimals there, though ISO has two for a fifth of it.
        Currency::MGA => 0,
        // Without decimals in ISO, and still counted with two.
        Currency::ISK | Currency::UGX => 2,
        _ => minor_digits(currency),
    }
}

/// An amount in Stripe's units. Those with three decimals have to end in 0; nothing is rounded.
pub(super) fn units(amount: Money) -> Result<i64, GatewayError> {
    chargeable_units(amount, digits(amount.currency()))
}

/// The amount that so many of Stripe's units are.
pub(super) fn money(units: i64, currency: Currency) -> Option<Money> {
    from_units(units, digits(currency), currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stripe_counts_in() {
        for (currency, minor, expected) in [
            (Currency::EUR, 4_820, Some(4_820)),
            (Currency::HUF, 150_000, Some(150_000)),
            (Currency::TWD, 80_000, Some(80_000)),
            (Currency::JPY, 500, Some(500)),
            (Currency::KRW, 15_000, Some(15_000)),
            (Currency::CLP, 9_990, Some(9_990)),
            (Currency::ISK, 1_500, Some(150_000)),
            (Currency::UGX, 7, Some(700)),
            (Currency::MGA, 120_000, Some(1_200)),
            (Currency::MGA, 120_020, None),
            (Currency::KWD, 5_120, Some(5_120)),
            (Currency::KWD, 5_124, None),
            (Currency::BHD, 10, Some(10)),
            (Currency::EUR, 0, None),
        ] {
            let amount = Money::new(minor, currency);
            assert_eq!(units(amount).ok(), expected, "{currency} {minor}");
            if let Some(units) = expected {
                assert_eq!(money(units, currency), Some(amount), "{currency} {minor}");
            }
        }
        assert_eq!(money(150_050, Currency::ISK), None, "nobody pays half a króna");
    }
}
