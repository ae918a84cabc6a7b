//! Passkeys, by an authenticator made of software.

use crate::harness::TestShop;
use crate::second_factor::{EMAIL, PASSWORD, begin, device, has, member, password, set_up_app};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce::accounts::passkeys::{CHALLENGE_MINUTES, RelyingParty, add, manage, show};
use commerce::accounts::second_factor::{Factors, answer};
use commerce::accounts::{AccountError, SignedIn, queries};
use commerce::token::Token;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "http://localhost:3000";

fn party() -> RelyingParty {
    RelyingParty::new("http", "localhost", ORIGIN).expect("safe")
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What keeps a key, and says so.
#[derive(Clone)]
struct Authenticator {
    key: SigningKey,
    id: [u8; 16],
    user: String,
    counter: u32,
    origin: &'static str,
    /// User present, user verified.
    flags: u8,
}

impl Authenticator {
    fn new() -> Self {
        let id = *uuid::Uuid::now_v7().as_bytes();
        let key = SigningKey::from_slice(&Sha256::digest(id)).expect("a key");
        Self { key, id, user: String::new(), counter: 1, origin: ORIGIN, flags: 0x05 }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        [&Sha256::digest("localhost")[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// Answers `navigator.credentials.create`.
    fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).expect("JSON");
        self.user = options["user"]["id"].as_str().expect("a handle").to_owned();
        let point = self.key.verifying_key().to_encoded_point(false);
        let (x, y) = (point.x().expect("a point"), point.y().expect("a point"));
        // COSE: EC2, ES256, P-256.
        let key = [&b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"[..], x, b"\x22\x58\x20", y].concat();
        let data = [&self.data(self.flags | 0x40)[..], &[0; 16], &[0, 16], &self.id, &key].concat();
        let length = u8::try_from(data.len()).expect("short");
        let attestation = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"[..], &[length], &data].concat();
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(&self.client_data("webauthn.create", &options)),
                "attestationObject": text(&attestation),
                "transports": [],
            },
        })
        .to_string()
    }

    /// Answers `navigator.credentials.get`.
    fn get(&mut self, options: &str) -> String {
        self.counter += 1;
        let options: Value = serde_json::from_str(options).expect("JSON");
        let client = self.client_data("webauthn.get", &options);
        let data = self.data(self.flags);
        let signature: Signature = self.key.sign(&[&data[..], &Sha256::digest(&client)].concat());
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(&client),
                "authenticatorData": text(&data),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": self.user,
            },
        })
        .to_string()
    }
}

async fn make(shop: &TestShop, who: &SignedIn) -> Authenticator {
    let mut device = Authenticator::new();
    add::begin(shop, &party(), who, &password(PASSWORD)).await.expect("asked");
    let options = add::asked(shop, who).await.expect("read").expect("asked");
    add::finish(shop, &party(), who, "Laptop", &device.create(&options)).await.expect("taken");
    device
}

async fn ask(shop: &TestShop) -> String {
    show::begin(shop, &party()).await.expect("asked")
}

async fn give(shop: &TestShop, shown: &str, pending: Option<&Token>) -> Result<Token, AccountError> {
    show::sign_in(shop, &party(), pending, shown, &device()).await
}

async fn present(shop: &TestShop, key: &mut Authenticator) -> Result<Token, AccountError> {
    let shown = key.get(&ask(shop).await);
    give(shop, &shown, None).await
}

fn is_refused<T>(outcome: Result<T, AccountError>) -> bool {
    matches!(outcome, Err(AccountError::PasskeyRefused(_)))
}

both_databases! {
    async fn a_passkey_signs_in_by_itself(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let refused = add::begin(&shop, &party(), &ada, &password("not the password")).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        let mut key = make(&shop, &ada).await;
        assert_eq!(has(&shop, &ada).await, Factors { passkeys: 1, recovery_codes: 10, ..Factors::default() });
        assert_eq!(URL_SAFE_NO_PAD.decode(&key.user).expect("base 64"), ada.user.0.as_bytes(), "no address");
        let session = present(&shop, &mut key).await.expect("signed in");
        assert_eq!(queries::signed_in(&shop, &session).await.expect("read").expect("in").user, ada.user);
        let kept = manage::passkeys(&shop, ada.user).await.expect("read");
        assert!(kept.len() == 1 && kept[0].name == "Laptop" && kept[0].used_at.is_some());
    }

    async fn after_the_password_it_is_the_second_factor(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let mut key = make(&shop, &ada).await;
        let pending = begin(&shop).await;
        assert!(answer::ways(&shop, &pending).await.expect("read").expect("waits").passkey);
        let eve = member(&shop, "eve@example.org").await;
        let mut other = make(&shop, &eve).await;
        let shown = other.get(&ask(&shop).await);
        assert!(is_refused(give(&shop, &shown, Some(&pending)).await), "somebody else's");
        let shown = key.get(&ask(&shop).await);
        give(&shop, &shown, Some(&pending)).await.expect("signed in");
        assert!(answer::ways(&shop, &pending).await.expect("read").is_none(), "it waits no more");
    }

    async fn an_answer_is_good_once_and_not_for_long(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let mut key = Authenticator::new();
        add::begin(&shop, &party(), &ada, &password(PASSWORD)).await.expect("asked");
        let made = key.create(&add::asked(&shop, &ada).await.expect("read").expect("asked"));
        let eve = member(&shop, "eve@example.org").await;
        assert!(is_refused(add::finish(&shop, &party(), &eve, "Mine", &made).await), "asked of somebody else");
        add::finish(&shop, &party(), &ada, "Laptop", &made).await.expect("taken");
        assert!(is_refused(add::finish(&shop, &party(), &ada, "Laptop", &made).await), "again");
        assert!(add::asked(&shop, &ada).await.expect("read").is_none());
        let shown = key.get(&ask(&shop).await);
        give(&shop, &shown, None).await.expect("signed in");
        assert!(is_refused(give(&shop, &shown, None).await), "again");
        let late = key.get(&ask(&shop).await);
        shop.wait_minutes(CHALLENGE_MINUTES);
        assert!(is_refused(give(&shop, &late, None).await), "late");
        for nonsense in ["", "{}", "null", "[]", "\u{0}"] {
            assert!(is_refused(give(&shop, nonsense, None).await), "{nonsense}");
            assert!(is_refused(add::finish(&shop, &party(), &ada, "x", nonsense).await), "{nonsense}");
        }
    }

    async fn a_copy_of_a_key_is_noticed(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let mut key = make(&shop, &ada).await;
        let mut copy = key.clone();
        present(&shop, &mut key).await.expect("signed in");
        present(&shop, &mut key).await.expect("signed in");
        assert!(is_refused(present(&shop, &mut copy).await), "its counter is behind");
        present(&shop, &mut key).await.expect("the owner's goes on");
    }

    async fn what_does_not_hold_is_refused(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let key = make(&shop, &ada).await;
        let sessions = shop.count("sessions").await;
        let mut elsewhere = Authenticator { origin: "https://evil.example", ..key.clone() };
        let mut unverified = Authenticator { flags: 0x01, ..key.clone() };
        let mut another = Authenticator { key: Authenticator::new().key, ..key.clone() };
        let eve = member(&shop, "eve@example.org").await;
        let mut of_eve = Authenticator { user: text(eve.user.0.as_bytes()), ..key.clone() };
        let mut unknown = Authenticator { user: key.user.clone(), ..Authenticator::new() };
        for (what, wrong) in [
            ("origin", &mut elsewhere),
            ("nobody made sure", &mut unverified),
            ("another key", &mut another),
            ("another person", &mut of_eve),
            ("unknown", &mut unknown),
        ] {
            assert!(is_refused(present(&shop, wrong).await), "{what}");
        }
        assert_eq!(shop.count("sessions").await, sessions + 1, "eve's, by her password");
    }

    async fn its_owner_names_and_removes_it(shop: TestShop) {
        let ada = member(&shop, EMAIL).await;
        let mut key = make(&shop, &ada).await;
        set_up_app(&shop, &ada).await;
        let eve = member(&shop, "eve@example.org").await;
        let id = manage::passkeys(&shop, ada.user).await.expect("read")[0].id;
        manage::rename(&shop, &eve, id, "Hers").await.expect("nothing to do");
        manage::rename(&shop, &ada, id, "Phone").await.expect("renamed");
        assert_eq!(manage::passkeys(&shop, ada.user).await.expect("read")[0].name, "Phone");
        let refused = manage::remove(&shop, &eve, id, &password(PASSWORD)).await;
        assert!(matches!(refused, Err(AccountError::NoFactor)), "{refused:?}");
        let refused = manage::remove(&shop, &ada, id, &password("not the password")).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        manage::remove(&shop, &ada, id, &password(PASSWORD)).await.expect("removed");
        assert!(is_refused(present(&shop, &mut key).await));
        assert!(has(&shop, &ada).await.totp);
    }
}
