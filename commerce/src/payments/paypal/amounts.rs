//! Amounts as PayPal writes them: decimal numbers, in the currencies that it has.
//! <https://developer.paypal.com/api/rest/reference/currency-codes/>

use crate::money::{Currency, Money};
use crate::payments::GatewayError;

/// How many digits after the point PayPal takes; `None` for currencies that it does not have.
fn digits(currency: Currency) -> Option<u32> {
    match currency {
        Currency::HUF | Currency::JPY | Currency::TWD => Some(0),
        Currency::AUD
        | Currency::BRL
        | Currency::CAD
        | Currency::CHF
        | Currency::CNY
        | Currency::CZK
        | Currency::DKK
        | Currency::EUR
        | Currency::GBP
        | Currency::HKD
        | Currency::ILS
        | Currency::MXN
        | Currency::MYR
        | Currency::NOK
        | Currency::NZD
        | Currency::PHP
        | Currency::PLN
        | Currency::SEK
        | Currency::SGD
        | Currency::THB
        | Currency::USD => Some(2),
        _ => None,
    }
}

/// An amount as PayPal takes it; nothing is rounded.
pub(super) fn value(amount: Money) -> Result<String, GatewayError> {
    let text = amount.to_decimal_string();
    let exact = match digits(amount.currency()) {
        Some(0) => match text.split_once('.') {
            Some((major, minor)) => minor.bytes().all(|digit| digit == b'0').then(|| major.to_owned()),
            None => Some(text.clone()),
        },
        Some(_) => Some(text.clone()),
        None => None,
    };
    exact.filter(|_| amount.minor() > 0).ok_or_else(|| GatewayError::Refused(format!("can't charge {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paypal_writes() {
        for (currency, minor, expected) in [
            (Currency::EUR, 4_820, Some("48.20")),
            (Currency::USD, 5, Some("0.05")),
            (Currency::JPY, 500, Some("500")),
            (Currency::HUF, 150_000, Some("1500")),
            (Currency::HUF, 150_050, None),
            (Currency::TWD, 80_000, Some("800")),
            (Currency::TWD, 80_010, None),
            (Currency::KWD, 5_120, None),
            (Currency::INR, 100, None),
            (Currency::EUR, 0, None),
        ] {
            let amount = Money::new(minor, currency);
            assert_eq!(value(amount).ok().as_deref(), expected, "{currency} {minor}");
            // What it writes itself may have decimals all the same.
            for written in expected.into_iter().flat_map(|text| [text.to_owned(), amount.to_decimal_string()]) {
                assert_eq!(Money::parse(&written, currency), Some(amount), "{written}");
            }
        }
    }
}
