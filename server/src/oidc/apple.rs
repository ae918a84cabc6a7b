//! Apple has no fixed secret: who signs a token with the key that it has given is who it gave it to.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;
use std::fmt;
use std::sync::Arc;

/// How long a token is good, in seconds: it is made for one request.
const LASTS: i64 = 300;

/// The key with which the shop signs who it is.
#[derive(Clone)]
pub struct AppleKey {
    team: String,
    key_id: String,
    key: Arc<EcdsaKeyPair>,
}

impl fmt::Debug for AppleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppleKey({} of {})", self.key_id, self.team)
    }
}

impl AppleKey {
    /// Reads the file that Apple gives: PKCS #8 in PEM; its line breaks may be written as `\n`.
    pub fn parse(team: String, key_id: String, pem: &str) -> Option<Self> {
        let pem = pem.replace("\\n", "\n");
        let body = pem.split_once("-----BEGIN PRIVATE KEY-----")?.1.split_once("-----END PRIVATE KEY-----")?.0;
        let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new()).ok()?;
        Some(Self { team, key_id, key: Arc::new(key) })
    }

    /// A secret of the client, as a JSON Web Token signed with ES256; `None` where there is no randomness to sign by.
    pub fn secret(&self, client_id: &str, audience: &str, now: DateTime<Utc>) -> Option<String> {
        let header = json!({ "alg": "ES256", "kid": self.key_id });
        let claims = json!({
            "iss": self.team,
            "sub": client_id,
            "aud": audience,
            "iat": now.timestamp(),
            "exp": now.timestamp() + LASTS,
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
