//! Order numbers: short, random, readable on the phone, protected against typos.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Digits of Crockford's base 32: without I, L, O and U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many random digits a number has: 35 bits.
const RANDOM_DIGITS: u32 = 7;

/// A number such as `E-7K3M-9QXP`: seven random digits and one that checks
/// them. It opens nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderNumber(u64);

impl OrderNumber {
    /// A number from randomness.
    #[cfg(feature = "ssr")]
    pub fn random() -> Self {
        use rand::Rng;
        Self(rand::rng().random_range(0..32_u64.pow(RANDOM_DIGITS)))
    }

    fn digits(self) -> [u8; RANDOM_DIGITS as usize] {
        std::array::from_fn(|place| (self.0 >> (5 * (RANDOM_DIGITS as usize - 1 - place)) & 31) as u8)
    }

    /// The check digit: an odd weight for each place catches every wrong
    /// digit, and different ones most swaps of neighbours.
    fn check(digits: [u8; RANDOM_DIGITS as usize]) -> u8 {
        let sum: u32 = digits.iter().zip(0_u32..).map(|(digit, place)| u32::from(*digit) * (2 * place + 1)).sum();
        (sum % 32) as u8
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        f.write_str("E-")?;
        for (place, digit) in digits.iter().chain([&Self::check(digits)]).enumerate() {
            if place == 4 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(DIGITS[usize::from(*digit)]))?;
        }
        Ok(())
    }
}

/// What was typed is no order number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no order number")]
pub struct NoOrderNumber;

impl FromStr for OrderNumber {
    type Err = NoOrderNumber;

    /// Reads a number as people write it: in any case, with or without dashes
    /// and the first E, with O for 0 and I or L for 1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase();
        let text =
            if text.len() == RANDOM_DIGITS as usize + 2 { text.strip_prefix('E').unwrap_or(&text) } else { &text };
        let digits: Vec<u8> = text
            .chars()
            .map(|c| match c {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .map(|c| DIGITS.iter().position(|digit| char::from(*digit) == c).map(|place| place as u8))
            .collect::<Option<_>>()
            .ok_or(NoOrderNumber)?;
        let (check, digits) = digits.split_last().ok_or(NoOrderNumber)?;
        let digits: [u8; RANDOM_DIGITS as usize] = digits.try_into().map_err(|_| NoOrderNumber)?;
        if *check != Self::check(digits) {
            return Err(NoOrderNumber);
        }
        Ok(Self(digits.iter().fold(0, |number, digit| number << 5 | u64::from(*digit))))
    }
}

impl Serialize for OrderNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "ssr")]
impl schemars::JsonSchema for OrderNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OrderNumber".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "What people call an order: seven random digits of Crockford's base 32, and one that checks them.",
            "type": "string",
            "pattern": "^E(-[0-9A-HJKMNP-TV-Z]{4}){2}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_number() -> impl Strategy<Value = OrderNumber> {
        (0..32_u64.pow(RANDOM_DIGITS)).prop_map(OrderNumber)
    }

    proptest! {
        #[test]
        fn can_be_read_back_however_it_is_written(number in any_number()) {
            let shown = number.to_string();
            prop_assert_eq!(shown.len(), "E-7K3M-9QXP".len());
            for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), shown[2..].replace('0', "o").replace('1', "l")] {
                prop_assert_eq!(typed.parse(), Ok(number));
            }
        }

        #[test]
        fn one_wrong_digit_is_noticed(number in any_number(), place in 2_usize..11, digit in 0_usize..32) {
            let shown = number.to_string();
            let mut typed = shown.clone().into_bytes();
            prop_assume!(typed[place] != b'-' && typed[place] != DIGITS[digit]);
            typed[place] = DIGITS[digit];
            let typed = String::from_utf8(typed).expect("ASCII");
            prop_assert_eq!(typed.parse::<OrderNumber>(), Err(NoOrderNumber));
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(text in ".*") {
            let _ = text.parse::<OrderNumber>();
        }
    }
}
