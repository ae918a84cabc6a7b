//! How often one client may ask for what costs something, or guess.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The most that a limit may be set to.
const MOST: u32 = 10_000_000;

/// The longest window, in seconds.
const LONGEST: u32 = 24 * 60 * 60;

/// What a limit has to look like.
pub const EXPECTED: &str = "must be a number of requests and a time, such as 100/15m, up to 10000000 in at most 24h";

/// A number of requests in any stretch of time so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub most: u32,
    /// In how long.
    pub window: Duration,
}

impl Limit {
    const fn per_minutes(most: u32, minutes: u64) -> Self {
        Self { most, window: Duration::from_secs(minutes * 60) }
    }
}

/// What is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{EXPECTED}")]
pub struct NoLimit;

impl FromStr for Limit {
    type Err = NoLimit;

    /// Reads `10/15m`: a number of requests, and a time in seconds, minutes or hours.
    fn from_str(text: &str) -> Result<Self, NoLimit> {
        let (most, window) = text.split_once('/').ok_or(NoLimit)?;
        let (length, unit) = window.trim().split_at_checked(window.trim().len().saturating_sub(1)).ok_or(NoLimit)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            _ => return Err(NoLimit),
        };
        let length: u32 = length.trim().parse().map_err(|_| NoLimit)?;
        let most: u32 = most.trim().parse().map_err(|_| NoLimit)?;
        let seconds = length.checked_mul(seconds).ok_or(NoLimit)?;
        if !(1..=MOST).contains(&most) || !(1..=LONGEST).contains(&seconds) {
            return Err(NoLimit);
        }
        Ok(Self { most, window: Duration::from_secs(seconds.into()) })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s", self.most, self.window.as_secs())
    }
}

/// The limits of a shop. What is counted by the first four is counted by none of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Guesses at what somebody proves who they are with, of an address and of an account.
    pub sign_in: Limit,
    /// Accounts asked for, of an address.
    pub registration: Limit,
    /// Orders, of an address and of an account.
    pub orders: Limit,
    /// Searches by the API, of an address and of an account.
    pub search: Limit,
    /// Everything else that is counted, of a guest.
    pub anonymous: Limit,
    /// The same of all guests at an address together.
    pub address: Limit,
    /// The same of an account.
    pub signed_in: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in: Limit::per_minutes(10, 15),
            registration: Limit::per_minutes(5, 60),
            orders: Limit::per_minutes(100, 15),
            search: Limit::per_minutes(500, 15),
            anonymous: Limit::per_minutes(500, 15),
            address: Limit::per_minutes(1_000, 15),
            signed_in: Limit::per_minutes(2_000, 15),
        }
    }
}

impl Limits {
    /// Each limit with the variable that sets it.
    pub fn by_variable(&mut self) -> [(&'static str, &mut Limit); 7] {
        [
            ("RATE_LIMIT_SIGN_IN", &mut self.sign_in),
            ("RATE_LIMIT_REGISTRATION", &mut self.registration),
            ("RATE_LIMIT_ORDERS", &mut self.orders),
            ("RATE_LIMIT_SEARCH", &mut self.search),
            ("RATE_LIMIT_ANONYMOUS", &mut self.anonymous),
            ("RATE_LIMIT_ADDRESS", &mut self.address),
            ("RATE_LIMIT_SIGNED_IN", &mut self.signed_in),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_and_a_time() {
        let limit = |text: &str| text.parse::<Limit>().map(|limit| (limit.most, limit.window.as_secs()));
        assert_eq!(limit("10/15m"), Ok((10, 900)));
        assert_eq!(limit("5 / 1h"), Ok((5, 3_600)));
        assert_eq!(limit("10000000/24h"), Ok((10_000_000, 86_400)));
        assert_eq!(limit("1/1s"), Ok((1, 1)));
        for text in ["", "10", "10/", "/15m", "0/15m", "10/0m", "10/15", "10/15d", "-1/15m", "10/15é", "10/é"] {
            assert_eq!(limit(text), Err(NoLimit), "{text}");
        }
        for text in ["10000001/1s", "1/25h", "99999999999/1h", "1/4294967295h"] {
            assert_eq!(limit(text), Err(NoLimit), "{text}");
        }
    }
}
