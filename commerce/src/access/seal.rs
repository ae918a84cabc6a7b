//! Private keys as they are stored: AES-256-GCM under a key that follows from the shop's secret.

use crate::Shop;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// Seals a value for the row with this identifier.
pub fn seal(shop: &Shop, row: &[u8], value: &[u8]) -> Option<String> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let mut sealed = value.to_vec();
    let aad = Aad::from(row);
    key(shop)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).ok()?;
    Some(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
}

/// Opens what was sealed for this row with the same secret.
pub fn open(shop: &Shop, row: &[u8], sealed: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut sealed = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    key(shop)?.open_in_place(nonce, Aad::from(row), &mut sealed).ok().map(|value| value.to_vec())
}

fn key(shop: &Shop) -> Option<LessSafeKey> {
    let halves = [shop.sign("sealed private keys", b"1"), shop.sign("sealed private keys", b"2")];
    UnboundKey::new(&AES_256_GCM, &halves.concat()).ok().map(LessSafeKey::new)
}
