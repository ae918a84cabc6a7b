//! Amounts as Razorpay counts them: in the smallest unit of the currency, of which three decimals have to end in 0.
//! <https://razorpay.com/docs/api/orders/create/>, <https://razorpay.com/docs/payments/international-payments/>

use crate::money::{Currency, Money, minor_digits};
use crate::payments::GatewayError;
use crate::payments::remote::{chargeable_units, from_units};

/// How many digits its unit has after the point.
fn digits(currency: Currency) -> u32 {
    match currency {
        // Without decimals there, though ISO has two for a fifth of it.
        Currency::MGA => 0,
        _ => minor_digits(currency),
    }
}

/// An amount in Razorpay's units; nothing is rounded.
pub(super) fn units(amount: Money) -> Result<i64, GatewayError> {
    chargeable_units(amount, digits(amount.currency()))
}

/// The amount that so many of Razorpay's units are.
pub(super) fn money(units: i64, currency: Currency) -> Option<Money> {
    from_units(units, digits(currency), currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_razorpay_counts_in() {
        for (currency, minor, expected) in [
            (Currency::INR, 29_500, Some(29_500)),
            (Currency::EUR, 4_820, Some(4_820)),
            (Currency::HUF, 150_050, Some(150_050)),
            (Currency::JPY, 295, Some(295)),
            (Currency::KRW, 15_000, Some(15_000)),
            (Currency::UGX, 700, Some(700)),
            (Currency::MGA, 120_000, Some(1_200)),
            (Currency::MGA, 120_020, None),
            (Currency::KWD, 99_990, Some(99_990)),
            (Currency::KWD, 99_991, None),
            (Currency::OMR, 295_990, Some(295_990)),
            (Currency::INR, 0, None),
        ] {
            let amount = Money::new(minor, currency);
            assert_eq!(units(amount).ok(), expected, "{currency} {minor}");
            if let Some(units) = expected {
                assert_eq!(money(units, currency), Some(amount), "{currency} {minor}");
            }
        }
    }
}
