//! Secrets that open something to whoever holds them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

/// A random 128-bit secret, shown as 22 characters of URL-safe base 64. What
/// is stored of it is its [`hash`](Token::hash).
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new secret from the operating system's generator.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        rand::rngs::ThreadRng::default().fill_bytes(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// The secret made of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a secret that a visitor sent; `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    /// The text that goes into a cookie or link.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-256 in lower-case hexadecimal. A hash without salt is enough for 128 random bits.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_random_can_be_read_back_and_nothing_else() {
        let token = Token::random();
        assert_eq!(Token::parse(token.as_str()), Some(token.clone()));
        assert_ne!(token, Token::random());
        for text in ["", "abc", "ä", &"A".repeat(10_000), "AAAAAAAAAAAAAAAAAAAAA!", "AAAAAAAAAAAAAAAAAAAAAA=="] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
