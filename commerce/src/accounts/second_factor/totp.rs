//! Codes of authenticator apps: RFC 6238 with what every app can do, which is SHA-1, six digits, 30 seconds.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha1::Sha1;
use std::fmt;

/// How long a code is shown, in seconds.
const STEP_SECONDS: i64 = 30;

/// How many codes before and after the present one are good, too: clocks differ, and people type slowly.
const DRIFT: i64 = 1;

/// What the shop and an authenticator app both know: 160 random bits, as RFC 4226 asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Vec<u8>);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A new one.
    pub fn random() -> Self {
        let mut bytes = vec![0; 20];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// One that was kept.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As it is kept.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an app: base 32.
    pub fn to_text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// As a QR code tells it to an app, under the names of the shop and the account.
    pub fn to_uri(&self, issuer: &str, account: &str) -> String {
        let encode = |text: &str| -> String {
            // What is plain in every part of an address.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            text.bytes()
                .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
                .collect()
        };
        let (issuer, account) = (encode(issuer), encode(account));
        format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", self.to_text())
    }

    /// The code of a step, by section 5.3 of RFC 4226.
    pub fn code(&self, step: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        mac.update(&step.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(digest[19] & 0xf);
        let bytes: [u8; 4] = std::array::from_fn(|index| digest[offset + index]);
        format!("{:06}", (u32::from_be_bytes(bytes) & 0x7fff_ffff) % 1_000_000)
    }

    /// The step whose code somebody has typed, of those that are good now and come after `last`.
    pub fn step_of(&self, typed: &str, now: DateTime<Utc>, last: i64) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let present = step_at(now);
        (present - DRIFT..=present + DRIFT).find(|step| *step > last && self.code(*step) == typed)
    }
}

/// The step of a time.
pub fn step_at(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(STEP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B of RFC 6238, the last six of eight digits.
        let secret = TotpSecret(b"12345678901234567890".to_vec());
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(step_at(at(seconds))), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after_and_never_again() {
        let secret = TotpSecret::random();
        let now = at(1_700_000_010);
        let step = step_at(now);
        for near in -1..=1 {
            assert_eq!(secret.step_of(&secret.code(step + near), now, 0), Some(step + near));
        }
        let spaced = secret.code(step);
        assert_eq!(secret.step_of(&format!(" {} {} ", &spaced[..3], &spaced[3..]), now, 0), Some(step));
        let codes: Vec<_> = (-1..=1).map(|near| secret.code(step + near)).collect();
        for far in [-3, -2, 2, 3] {
            let code = secret.code(step + far);
            assert!(codes.contains(&code) || secret.step_of(&code, now, 0).is_none(), "{far}");
        }
        assert_eq!(secret.step_of(&secret.code(step), now, step), None, "used");
        for none in ["", "12345", "1234567", "abcdef", "-00001"] {
            assert_eq!(secret.step_of(none, now, 0), None, "{none}");
        }
    }

    #[test]
    fn apps_get_an_address() {
        let secret = TotpSecret(b"12345678901234567890".to_vec());
        assert_eq!(
            secret.to_uri("Emporion & Co", "ada@example.org"),
            "otpauth://totp/Emporion%20%26%20Co:ada%40example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Emporion%20%26%20Co"
        );
        assert!(!format!("{secret:?}").contains("123"));
    }
}
