//! The text of a key: `emp_`, 128 random bits and a checksum, all in lower-case hexadecimal.
//!
//! So whoever looks for secrets where none should be (`emp_[0-9a-f]{40}`) finds
//! it, and can tell it from what only looks like it without asking us.

use crate::token::hex;
use rand::RngCore;
use sha2::{Digest, Sha256};

const PREFIX: &str = "emp_";

/// Hexadecimal digits of the secret, and of the checksum behind it.
const SECRET: usize = 32;
const CHECKSUM: usize = 8;

/// How much of a key its owner is shown to tell it from others: half of the checksum.
const ENDING: usize = 4;

/// A key, shown once. What is stored of it is its [`hash`](KeyText::hash).
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// A new key from the operating system's generator.
    pub fn random() -> Self {
        let mut bytes = [0; SECRET / 2];
        rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
        let body = format!("{PREFIX}{}", hex(&bytes));
        let checksum = checksum(&body);
        Self(body + &checksum)
    }

    /// Whether a bearer token claims to be a key.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads a key; `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !plain || digits.len() != SECRET + CHECKSUM {
            return None;
        }
        let (body, ending) = text.split_at(PREFIX.len() + SECRET);
        (checksum(body) == ending).then(|| Self(text.to_owned()))
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last characters, which say nothing about the rest.
    pub fn ending(&self) -> &str {
        &self.0[self.0.len() - ENDING..]
    }

    /// SHA-256 in lower-case hexadecimal. A hash without salt is enough for 128 random bits.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyText(…)")
    }
}

/// The beginning of the SHA-256 of everything before it.
fn checksum(body: &str) -> String {
    let mut digits = hex(&Sha256::digest(body.as_bytes()));
    digits.truncate(CHECKSUM);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_can_be_told_from_what_looks_like_one() {
        let key = KeyText::random();
        assert_eq!(key.as_str().len(), 44);
        assert_eq!(KeyText::parse(key.as_str()), Some(key.clone()));
        assert_ne!(key, KeyText::random());
        let mut wrong = key.as_str().to_owned();
        let digit = if wrong.as_bytes()[10] == b'0' { "1" } else { "0" };
        wrong.replace_range(10..11, digit);
        let upper = key.as_str().to_uppercase();
        for text in ["", "emp_", &wrong, &upper, &key.as_str()[..43], &format!("{}0", key.as_str()), "emp_ä"] {
            assert_eq!(KeyText::parse(text), None, "{text}");
        }
        assert!(!format!("{key:?}").contains(key.ending()));
    }
}
