//! Columns that are encrypted: who has a copy of the database can't read them.
//!
//! AES-256-GCM with a random 96-bit nonce. What is stored names its key, so that keys can be changed one after the
//! other, and is bound to its place: copied to another row or column it does not open.

pub mod rotate;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use std::fmt;
use uuid::Uuid;

/// The name of the key that follows from the shop's secret.
const DERIVED: &str = "0";

/// The most characters of a key's name.
const NAME_MOST: usize = 16;

const NONCE_BYTES: usize = 12;

/// Where a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
}

impl Place {
    fn to_bytes(self) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.column.as_bytes(), &[0], self.row.as_bytes()].concat()
    }
}

/// Why a value could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// It is of a key that isn't configured any more.
    #[error("sealed with the unknown key {0}")]
    UnknownKey(String),
    /// It was changed, is of another place, or never was one.
    #[error("sealed value not genuine")]
    NotGenuine,
}

/// What is wrong with a list of keys; never the keys themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// An entry is not a name, a colon and 32 bytes.
    #[error("must be entries such as 2026a:BASE64, with commas between, each with 32 random bytes in base 64")]
    Malformed,
    /// A name that can't be one.
    #[error("must name each key by 1 to 16 letters, digits and hyphens, and not by 0")]
    Name,
    /// Two keys have one name.
    #[error("must not name two keys alike")]
    Repeated,
}

/// The keys of a shop: the first seals, all open.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(String, Aes256Gcm)>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(name, _)| name)).finish()
    }
}

impl Keyring {
    /// One key, named `0`, that follows from the shop's secret.
    pub fn derived(secret: &[u8]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        mac.update(b"sealed columns");
        let key: [u8; 32] = mac.finalize().into_bytes().into();
        Self { keys: vec![(DERIVED.to_owned(), cipher(&key))] }
    }

    /// Keys from a list of `name:base64`, the current first, and behind them the one that follows from the secret:
    /// it opens what was sealed before there was a list.
    ///
    /// # Errors
    /// [`KeysError`], which repeats nothing of the list.
    pub fn parse(list: &str, secret: &[u8]) -> Result<Self, KeysError> {
        let mut keys: Vec<(String, Aes256Gcm)> = Vec::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, key) = entry.split_once(':').ok_or(KeysError::Malformed)?;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if name == DERIVED || name.is_empty() || name.len() > NAME_MOST || !name.chars().all(plain) {
                return Err(KeysError::Name);
            }
            if keys.iter().any(|(other, _)| other == name) {
                return Err(KeysError::Repeated);
            }
            let key = STANDARD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            keys.push((name.to_owned(), cipher(&key.ok_or(KeysError::Malformed)?)));
        }
        keys.extend(Self::derived(secret).keys);
        Ok(Self { keys })
    }

    /// The name of the key that seals.
    pub fn current(&self) -> &str {
        self.keys.first().map_or(DERIVED, |(name, _)| name)
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: Place, value: &[u8]) -> String {
        let mut bytes = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        let payload = Payload { msg: value, aad: &place.to_bytes() };
        let sealed = self.keys.first().and_then(|(_, key)| key.encrypt(&Nonce::from(bytes), payload).ok());
        let sealed = sealed.unwrap_or_else(|| unreachable!("there is a key, and it takes 64 GiB"));
        format!("{}:{}", self.current(), URL_SAFE_NO_PAD.encode([&bytes[..], &sealed].concat()))
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`SealedError`].
    pub fn open(&self, place: Place, sealed: &str) -> Result<Vec<u8>, SealedError> {
        let (name, text) = sealed.split_once(':').ok_or(SealedError::NotGenuine)?;
        let known = self.keys.iter().find(|(known, _)| known == name);
        let (_, key) = known.ok_or_else(|| SealedError::UnknownKey(name.chars().take(NAME_MOST).collect()))?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealedError::NotGenuine)?;
        let (nonce, message) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealedError::NotGenuine)?;
        let payload = Payload { msg: message, aad: &place.to_bytes() };
        key.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealedError::NotGenuine)
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(key.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::uuid_at;

    const SECRET: &[u8] = b"the secret of a shop";

    fn place() -> Place {
        Place { table: "second_factors", column: "secret", row: uuid_at(chrono::Utc::now()) }
    }

    fn entry(name: &str, byte: u8) -> String {
        format!("{name}:{}", STANDARD.encode([byte; 32]))
    }

    fn keys(list: &str) -> Keyring {
        Keyring::parse(list, SECRET).expect("keys")
    }

    #[test]
    fn only_the_place_it_was_sealed_for_opens_a_value() {
        let (keys, here) = (Keyring::derived(SECRET), place());
        let sealed = keys.seal(here, b"a secret");
        assert!(sealed.starts_with("0:") && !sealed.contains("secret"), "{sealed}");
        assert_ne!(sealed, keys.seal(here, b"a secret"), "every nonce is new");
        assert_eq!(keys.open(here, &sealed), Ok(b"a secret".to_vec()));
        for moved in [place(), Place { column: "other", ..here }, Place { table: "other", ..here }] {
            assert_eq!(keys.open(moved, &sealed), Err(SealedError::NotGenuine), "{moved:?}");
        }
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let (keys, here) = (Keyring::derived(SECRET), place());
        let sealed = keys.seal(here, b"a secret");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed[2..]).expect("base 64");
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let changed = format!("0:{}", URL_SAFE_NO_PAD.encode(changed));
            assert_eq!(keys.open(here, &changed), Err(SealedError::NotGenuine), "byte {index}");
        }
        for none in ["", "0", "0:", "0:AAAA", "0:!", "a secret"] {
            assert!(keys.open(here, none).is_err(), "{none}");
        }
        assert_eq!(keys.open(here, &sealed.replacen('0', "9", 1)), Err(SealedError::UnknownKey("9".to_owned())));
    }

    #[test]
    fn old_keys_open_until_they_are_taken_away() {
        let here = place();
        let first = Keyring::derived(SECRET).seal(here, b"a secret");
        let second = keys(&entry("a", 1)).seal(here, b"a secret");
        let both = keys(&format!("{}, {}", entry("b", 2), entry("a", 1)));
        assert_eq!(both.current(), "b");
        assert!(both.seal(here, b"a secret").starts_with("b:"));
        for sealed in [&first, &second] {
            assert_eq!(both.open(here, sealed), Ok(b"a secret".to_vec()));
        }
        assert_eq!(keys(&entry("b", 2)).open(here, &second), Err(SealedError::UnknownKey("a".to_owned())));
        assert_eq!(keys(&entry("a", 3)).open(here, &second), Err(SealedError::NotGenuine), "another key of its name");
    }

    #[test]
    fn what_is_no_list_of_keys_is_refused() {
        let refused = |list: &str| Keyring::parse(list, SECRET).expect_err("refused");
        for list in ["a", "a:", "a:AAAA", "a:not base 64", &entry("a", 1)[..20]] {
            assert_eq!(refused(list), KeysError::Malformed, "{list}");
        }
        for name in ["", "0", "a key", "a%", "far-too-long-a-name"] {
            assert_eq!(refused(&entry(name, 1)), KeysError::Name, "{name}");
        }
        assert_eq!(refused(&[entry("a", 1), entry("a", 2)].join(",")), KeysError::Repeated);
    }

    #[test]
    fn keys_are_not_seen_in_logs() {
        let seen = format!("{:?}", keys(&entry("a", 1)));
        assert_eq!(seen, r#"["a", "0"]"#);
    }
}
