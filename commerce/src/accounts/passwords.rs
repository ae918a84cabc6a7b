//! Passwords as they are stored: argon2id, off the threads that answer requests.

use super::hashers::{Hashers, Memory};
use super::{AccountError, Password};
use crate::network::network;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{self, Output, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::hash::{BuildHasher, RandomState};
use tokio::sync::{Mutex, MutexGuard};

/// KiB of memory that a hash takes, and how often it goes through it: what OWASP's cheat sheet on
/// password storage recommends for one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// What is checked for those who have no account or no password, so that the answer takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8gb25lIGF0IGFsbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Guesses that somebody who knows the usual lists needs at most for a password that is too common.
const COMMON: u64 = 10_000;

/// How many guesses at passwords can be under way that don't wait for each other.
const LANES: usize = 4_096;

/// Hashes and checks passwords, as many at a time as leaves the shop answering.
#[derive(Debug)]
pub struct Passwords {
    hashers: Hashers,
    lanes: Vec<Mutex<()>>,
    /// Decides who shares a lane; its key is random, so nobody can choose to be in another's way.
    lane: RandomState,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            hashers: Hashers::default(),
            lanes: (0..LANES).map(|_| Mutex::new(())).collect(),
            lane: RandomState::new(),
        }
    }
}

impl Passwords {
    /// Waits until no other guess at this account by this client is being checked. The owner of an
    /// account doesn't wait for those who guess from elsewhere.
    pub(super) async fn turn(&self, account: &str, client: &str) -> MutexGuard<'_, ()> {
        let client = client.parse().map(network);
        let lane = self.lane.hash_one((account, client.ok())) as usize % self.lanes.len();
        self.lanes[lane].lock().await
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// [`AccountError::Hashing`].
    pub async fn hash(&self, password: &Password) -> Result<String, AccountError> {
        let password = password.clone();
        let hash = move |memory: &mut Memory| {
            let salt = SaltString::generate(&mut OsRng);
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?);
            let mut bytes = [0; Params::DEFAULT_OUTPUT_LEN];
            fill(&argon2, memory, &password, salt.as_salt(), &mut bytes)?;
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: argon2.params().try_into()?,
                salt: Some(salt.as_salt()),
                hash: Some(Output::new(&bytes)?),
            };
            Ok(hash.to_string())
        };
        self.run(hash).await
    }

    /// Whether a password is the one that was hashed. Where there is no hash it is not, after the same time.
    ///
    /// # Errors
    /// [`AccountError::Hashing`].
    pub async fn matches(&self, password: &Password, hash: Option<&str>) -> Result<bool, AccountError> {
        let (password, known) = (password.clone(), hash.is_some());
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let compare = move |memory: &mut Memory| {
            let hash = PasswordHash::new(&hash)?;
            let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
                return Err(password_hash::Error::Password);
            };
            let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from)?;
            let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm)?, version, Params::try_from(&hash)?);
            let mut bytes = [0; Output::MAX_LENGTH];
            let bytes = &mut bytes[..expected.len()];
            fill(&argon2, memory, &password, salt, bytes)?;
            // Compared in a time that doesn't tell where they differ.
            Ok(Output::new(bytes)? == expected && known)
        };
        self.run(compare).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Memory) -> Result<T, password_hash::Error> + Send + Sync + 'static,
    ) -> Result<T, AccountError> {
        let done = self.hashers.run(work).await.ok_or_else(|| AccountError::Hashing("a hasher died".to_owned()))?;
        done.map_err(|error| AccountError::Hashing(error.to_string()))
    }
}

fn params() -> Result<Params, password_hash::Error> {
    Ok(Params::new(MEMORY_KIB, PASSES, 1, None)?)
}

/// Hashes into `bytes`, in memory that is used again and again: asking the system for 19 MiB each time would cost all
/// threads of the process.
fn fill(
    argon2: &Argon2<'_>,
    memory: &mut Memory,
    password: &Password,
    salt: Salt<'_>,
    bytes: &mut [u8],
) -> Result<(), password_hash::Error> {
    let mut buffer = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut buffer)?;
    memory.resize(argon2.params().block_count(), Block::default());
    Ok(argon2.hash_password_into_with_memory(password.reveal().as_bytes(), salt, bytes, memory)?)
}

/// Refuses a new password that is among the first that anybody would try; what
/// the person is called and their address are among them.
///
/// # Errors
/// [`AccountError::CommonPassword`].
pub fn refuse_common(password: &Password, about: &[&str]) -> Result<(), AccountError> {
    let estimate = zxcvbn::zxcvbn(password.reveal(), about);
    if estimate.guesses() <= COMMON { Err(AccountError::CommonPassword) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::typed(Some(text)).expect("a password")
    }

    #[tokio::test]
    async fn only_the_password_itself_matches_its_hash() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&password("open sesame")).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash(&password("open sesame")).await.expect("hashed"), "salted");
        assert!(passwords.matches(&password("open sesame"), Some(&hash)).await.expect("checked"));
        assert!(!passwords.matches(&password("open sesame "), Some(&hash)).await.expect("checked"));
        assert!(!passwords.matches(&password("open sesame"), None).await.expect("checked"));
    }

    #[tokio::test]
    async fn a_client_guesses_at_an_account_one_by_one_and_is_in_nobody_elses_way() {
        use futures::FutureExt;
        let passwords = Passwords::default();
        let turn = passwords.turn("ada@example.org", "2001:db8::1").await;
        assert!(passwords.turn("ada@example.org", "2001:db8::2").now_or_never().is_none(), "the same household");
        // One of so many would share a lane by chance.
        let elsewhere = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
        assert!(elsewhere.iter().any(|client| passwords.turn("ada@example.org", client).now_or_never().is_some()));
        drop(turn);
        assert!(passwords.turn("ada@example.org", "2001:db8::2").now_or_never().is_some());
    }

    #[test]
    fn the_commonest_passwords_are_refused() {
        for common in ["password", "12345678", "qwertyuiop", "iloveyou", "Password1", "p@ssword", "aaaaaaaa"] {
            assert!(refuse_common(&password(common), &[]).is_err(), "{common}");
        }
        assert!(refuse_common(&password("lovelace"), &["Ada Lovelace", "lovelace"]).is_err());
        for rare in ["correct horse battery staple", "grüner Tee um 5", "xK9#mQ2$vL"] {
            assert!(refuse_common(&password(rare), &[]).is_ok(), "{rare}");
        }
    }
}
