//! Passkeys: keys that a device or password manager keeps, and shows to this shop only (WebAuthn).

use chrono::{DateTime, Utc};

#[cfg(feature = "ssr")]
pub mod add;
#[cfg(feature = "ssr")]
mod challenges;
#[cfg(feature = "ssr")]
pub mod manage;
#[cfg(feature = "ssr")]
pub mod show;

id!(
    /// Identifies a passkey.
    PasskeyId
);

/// How long a browser has for an answer, in minutes.
pub const CHALLENGE_MINUTES: i64 = 5;

/// How many passkeys somebody can have.
pub const PASSKEYS_MOST: i64 = 20;

/// The most characters of a passkey's name.
pub const PASSKEY_NAME_MOST: usize = 60;

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "ssr", derive(sea_orm::FromQueryResult))]
pub struct Passkey {
    /// Identifies it.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub used_at: Option<DateTime<Utc>>,
}

/// For whom passkeys are made: the shop, as browsers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The name of its host.
    pub domain: String,
    /// Its address without a path.
    pub origin: String,
}

impl RelyingParty {
    /// The shop at `scheme://domain[:port]`, if browsers make passkeys for it: they insist on HTTPS, except on their
    /// own machine, and never do for a numeric address. So `domain` is none.
    pub fn new(scheme: &str, domain: &str, origin: &str) -> Option<Self> {
        let is_safe = scheme == "https" || domain == "localhost" || domain.ends_with(".localhost");
        is_safe.then(|| Self { domain: domain.to_owned(), origin: origin.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_make_passkeys_for_safe_hosts_only() {
        assert!(RelyingParty::new("https", "shop.example.com", "https://shop.example.com").is_some());
        assert!(RelyingParty::new("http", "localhost", "http://localhost:3000").is_some());
        assert!(RelyingParty::new("http", "shop.example.com", "http://shop.example.com").is_none());
    }
}
