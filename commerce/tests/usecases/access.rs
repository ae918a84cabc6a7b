//! Programs that act for people: tokens, keys, and what ends them.

use crate::accounts::{PASSWORD, device, mailed_link, member, password, who};
use crate::harness::TestShop;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce::access::authenticate::authenticate;
use commerce::access::create_key::create_key;
use commerce::access::{
    AccessError, Caller, GRANT_DAYS, KEYS_MOST, NewKey, REFRESH_DAYS, Scope, Scopes, Tokens, end, log_in, purge,
    queries, refresh, signing_keys,
};
use commerce::accounts::{AccountError, PasswordResetRequested, Role, change_password, end_session, reset_password};
use commerce::events::DomainEvent;
use commerce::sealed::Keyring;
use serde_json::{Value, json};
use std::collections::HashSet;

const ISSUER: &str = "https://shop.example.com";
const DAY: i64 = 24 * 60;

fn login(email: &str, text: &str) -> log_in::Login {
    log_in::Login { email: email.to_owned(), password: password(text), code: None }
}

async fn try_log_in(shop: &TestShop, email: &str, text: &str) -> Result<Tokens, AccessError> {
    log_in::log_in(shop, ISSUER, &login(email, text), None, &device()).await
}

async fn logged_in(shop: &TestShop) -> Tokens {
    try_log_in(shop, "ada@example.org", PASSWORD).await.expect("signed in")
}

async fn refreshed(shop: &TestShop, token: &str) -> Result<Tokens, AccessError> {
    refresh::refresh(shop, ISSUER, token).await
}

async fn caller(shop: &TestShop, bearer: &str) -> Option<Caller> {
    authenticate(shop, ISSUER, bearer).await.expect("checked")
}

fn key(name: &str, scopes: &str, days: Option<i64>) -> NewKey {
    NewKey { name: name.to_owned(), scopes: Scopes::parse(scopes), days }
}

/// A part of a token as JSON.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base 64")).expect("JSON")
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn with_header(token: &str, change: impl FnOnce(&mut Value)) -> (String, String) {
    let mut header = part(token, 0);
    change(&mut header);
    let mut parts = token.split('.').skip(1);
    let claims = parts.next().expect("claims");
    (format!("{}.{claims}", encoded(&header)), parts.next().expect("a signature").to_owned())
}

both_databases! {
    async fn a_program_signs_in_and_is_who_its_token_says(shop: TestShop) {
        let ada = who(&shop, &member(&shop, "ada@example.org").await).await.expect("signed in");
        let tokens = logged_in(&shop).await;
        let expected = Caller { user: ada.user, role: Role::Customer, scopes: Scopes::of(Role::Customer) };
        assert_eq!(caller(&shop, &tokens.access).await, Some(expected));
        let (header, claims) = (part(&tokens.access, 0), part(&tokens.access, 1));
        let keys = signing_keys::published(&shop).await.expect("published");
        assert_eq!(header, json!({ "alg": "ES256", "typ": "at+jwt", "kid": header["kid"] }));
        assert!(keys.iter().any(|key| header["kid"] == key.id.to_string()));
        let now = shop.clock.now().timestamp();
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!("https://shop.example.com/api")));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 900)));
        assert_eq!((&claims["sub"], &claims["role"]), (&json!(ada.user), &json!("customer")));
        assert_ne!(claims["jti"], part(&logged_in(&shop).await.access, 1)["jti"]);

        let narrowed = async |scopes: &str| {
            let login = login("ada@example.org", PASSWORD);
            log_in::log_in(&shop, ISSUER, &login, Some(&Scopes::parse(scopes)), &device()).await
        };
        let tokens = narrowed("orders:read products:write").await.expect("signed in");
        assert_eq!(tokens.scopes.to_string(), "orders:read", "what a customer can't allow is left out");
        let again = refreshed(&shop, &tokens.refresh).await.expect("refreshed");
        assert_eq!(again.scopes.to_string(), "orders:read", "it stays narrow");
        let refused = narrowed("products:write").await;
        assert!(matches!(refused, Err(AccessError::NoScope)), "{refused:?}");
    }

    async fn what_is_wrong_with_a_login_no_program_is_told(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        for (email, text) in [("ada@example.org", "wrong password"), ("nobody@example.org", PASSWORD)] {
            let (statements, refused) = shop.statements(try_log_in(&shop, email, text)).await;
            assert!(matches!(refused, Err(AccessError::Account(AccountError::WrongCredentials))), "{refused:?}");
            assert_eq!(statements, 3, "both take the same way");
        }
        assert_eq!(shop.count("api_grants").await, 0);
    }

    async fn access_ends_by_itself(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let tokens = logged_in(&shop).await;
        shop.wait_minutes(15);
        assert!(caller(&shop, &tokens.access).await.is_some(), "clocks may differ by some seconds");
        shop.wait_seconds(31);
        assert!(caller(&shop, &tokens.access).await.is_none());
    }

    async fn only_what_the_shop_itself_has_signed_is_a_token(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let token = logged_in(&shop).await.access;
        let (signed, signature) = token.rsplit_once('.').expect("a signature");
        let (header, claims) = signed.split_once('.').expect("a header");

        let (none, _) = with_header(&token, |header| header["alg"] = json!("none"));
        assert!(caller(&shop, &format!("{none}.")).await.is_none());
        assert!(caller(&shop, &format!("{none}.{signature}")).await.is_none());

        // The public key as the secret of an HMAC: what fooled libraries that let the token choose.
        let (hmac, _) = with_header(&token, |header| header["alg"] = json!("HS256"));
        let keys = signing_keys::published(&shop).await.expect("published");
        for key in keys {
            let (x, y) = key.coordinates();
            let point = [&[4][..], &URL_SAFE_NO_PAD.decode(x).expect("x"), &URL_SAFE_NO_PAD.decode(y).expect("y")].concat();
            let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &point), hmac.as_bytes());
            assert!(caller(&shop, &format!("{hmac}.{}", URL_SAFE_NO_PAD.encode(mac))).await.is_none());
        }

        // A key of somebody else's, under the name of ours.
        use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
        let random = ring::rand::SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.as_ref(), &random).expect("a key");
        let forged = pair.sign(&random, signed.as_bytes()).expect("signed");
        assert!(caller(&shop, &format!("{signed}.{}", URL_SAFE_NO_PAD.encode(forged))).await.is_none());

        let changes: [fn(&mut Value); 5] = [
            |header| header["kid"] = json!("019fffff-ffff-7fff-bfff-ffffffffffff"),
            |header| header["kid"] = json!("../../etc/passwd"),
            |header| header["typ"] = json!("JWT"),
            |header| header["crit"] = json!(["b64"]),
            |header| header["alg"] = json!("ES384"),
        ];
        for change in changes {
            let (changed, signature) = with_header(&token, change);
            assert!(caller(&shop, &format!("{changed}.{signature}")).await.is_none(), "{changed}");
        }
        let mut more = part(&token, 1);
        more["scope"] = json!("products:write");
        for text in [
            format!("{header}.{}.{signature}", encoded(&more)),
            format!("{signed}."),
            signed.to_owned(),
            format!("{token}.{signature}"),
            format!("{header}..{signature}"),
            format!("{signed}.{}", &signature[1..]),
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
            "a".repeat(100_000),
            String::new(),
        ] {
            assert!(caller(&shop, &text).await.is_none(), "{text}");
        }
        assert!(authenticate(&shop, "https://other.example.com", &token).await.expect("checked").is_none());
        assert!(caller(&shop, &token).await.is_some());
    }

    async fn who_makes_up_keys_does_not_keep_the_database_busy(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let token = logged_in(&shop).await.access;
        let (signed, signature) = with_header(&token, |header| header["kid"] = json!("019fffff-ffff-7fff-bfff-ffffffffffff"));
        let made_up = format!("{signed}.{signature}");
        shop.wait_seconds(10);
        let (statements, ()) = shop.statements(async {
            for _ in 0..10 {
                assert!(caller(&shop, &made_up).await.is_none());
            }
        }).await;
        assert_eq!(statements, 1);
        assert_eq!(shop.statements(caller(&shop, &token)).await.0, 0, "a good token costs the database nothing");
    }

    async fn keys_are_replaced_and_published_until_their_tokens_have_expired(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let published = async || -> HashSet<String> {
            signing_keys::published(&shop).await.expect("published").iter().map(|key| key.id.to_string()).collect()
        };
        let signed_by = |tokens: &Tokens| part(&tokens.access, 0)["kid"].as_str().expect("a name").to_owned();
        let mut tokens = logged_in(&shop).await;
        let first = signed_by(&tokens);
        let mut before = tokens.access.clone();
        let mut announced = false;
        let mut minutes = 0;
        while signed_by(&tokens) == first {
            assert!(published().await.contains(&first));
            announced |= published().await.len() == 2;
            before = tokens.access;
            tokens = refreshed(&shop, &tokens.refresh).await.expect("refreshed");
            shop.wait_minutes(6);
            minutes += 6;
            // The end of its 30 days is somewhere ahead.
            if published().await.len() == 1 {
                shop.wait_minutes(DAY / 2);
                minutes += DAY / 2;
            }
            assert!(minutes <= 31 * DAY, "30 days are over");
        }
        assert!(announced, "a key is published before it signs");
        assert!(caller(&shop, &before).await.is_some(), "what the old one has signed is good still");
        assert!(published().await.contains(&first));
        let second = signed_by(&tokens);
        shop.wait_minutes(16);
        assert!(!published().await.contains(&first) && published().await.contains(&second));
        purge::purge(&shop).await.expect("purged");
        assert!(shop.count("signing_keys").await <= 2);
        shop.wait_minutes(400 * DAY);
        logged_in(&shop).await;
    }

    async fn replicas_sign_with_the_same_key(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let others = [shop.through(|_| ()).await, shop.through(|_| ()).await, shop.through(|_| ()).await];
        let logins = others.clone().map(|replica| tokio::spawn(async move { logged_in(&replica).await.access }));
        let mut names = HashSet::new();
        for login in logins {
            let token = login.await.expect("ran");
            for replica in &others {
                assert!(caller(replica, &token).await.is_some());
            }
            names.insert(part(&token, 0)["kid"].to_string());
        }
        assert_eq!(names.len(), 1);
    }

    async fn with_another_secret_there_is_another_key(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let before = logged_in(&shop).await;
        let stored: i64 = shop.number("SELECT COUNT(*) AS n FROM signing_keys WHERE private_key LIKE '%MIG%'", []).await;
        assert_eq!(stored, 0, "private keys are sealed");
        let other = shop
            .through(|parts| {
                parts.secret = b"another secret of this shop".to_vec();
                parts.keys = Keyring::derived(&parts.secret);
            })
            .await;
        let token = logged_in(&other).await.access;
        assert!(caller(&other, &token).await.is_some());
        assert_ne!(part(&token, 0)["kid"], part(&before.access, 0)["kid"]);
        let refused = refreshed(&other, &before.refresh).await;
        assert!(matches!(refused, Err(AccessError::InvalidToken)), "{refused:?}");
    }

    async fn a_refresh_token_is_good_once(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let first = logged_in(&shop).await;
        shop.wait_minutes(14);
        let second = refreshed(&shop, &first.refresh).await.expect("refreshed");
        assert!(caller(&shop, &second.access).await.is_some());
        shop.wait_minutes(14);
        let third = refreshed(&shop, &second.refresh).await.expect("refreshed");
        let reused = refreshed(&shop, &first.refresh).await;
        assert!(matches!(reused, Err(AccessError::InvalidToken)), "{reused:?}");
        let ended = refreshed(&shop, &third.refresh).await;
        assert!(matches!(ended, Err(AccessError::InvalidToken)), "nobody knows who has the copy: {ended:?}");
        assert_eq!(shop.count("api_grants").await, 0);
    }

    async fn a_request_that_is_sent_twice_signs_nobody_out(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let first = logged_in(&shop).await;
        let requests: Vec<_> = (0..8)
            .map(|_| {
                let (shop, token) = (shop.clone(), first.refresh.clone());
                tokio::spawn(async move { refreshed(&shop, &token).await })
            })
            .collect();
        let mut successors = HashSet::new();
        for request in requests {
            successors.insert(request.await.expect("ran").expect("refreshed").refresh);
        }
        assert_eq!(successors.len(), 1, "all get the same one");
        shop.wait_seconds(29);
        let again = refreshed(&shop, &first.refresh).await.expect("the answer was lost");
        assert_eq!(HashSet::from([again.refresh.clone()]), successors);
        shop.wait_seconds(1);
        assert!(refreshed(&shop, &first.refresh).await.is_err(), "later it is a copy");
        assert!(refreshed(&shop, &again.refresh).await.is_err());
    }

    async fn of_a_thief_and_the_owner_the_second_ends_it_for_both(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let stolen = logged_in(&shop).await.refresh;
        let thief = refreshed(&shop, &stolen).await.expect("refreshed").refresh;
        // Even within the time of grace a token two steps back is a copy.
        let thief = refreshed(&shop, &thief).await.expect("refreshed").refresh;
        assert!(refreshed(&shop, &stolen).await.is_err());
        assert!(refreshed(&shop, &thief).await.is_err());
    }

    async fn what_was_never_a_refresh_token_ends_nothing(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let good = logged_in(&shop).await.refresh;
        let mut changed = good.clone();
        changed.replace_range(30..31, if changed.as_bytes()[30] == b'A' { "B" } else { "A" });
        for text in ["", "emr_", &changed, &good[..51], &format!("{good}AAAA"), "emr_ä"] {
            let (statements, refused) = shop.statements(refreshed(&shop, text)).await;
            assert!(matches!(refused, Err(AccessError::InvalidToken)), "{text}: {refused:?}");
            assert_eq!(statements, 0, "{text}");
        }
        refreshed(&shop, &good).await.expect("good still");
    }

    async fn who_does_not_come_back_is_signed_out(shop: TestShop) {
        member(&shop, "ada@example.org").await;
        let idle = logged_in(&shop).await;
        shop.wait_minutes(REFRESH_DAYS * DAY);
        assert!(refreshed(&shop, &idle.refresh).await.is_err(), "idle");
        let mut busy = logged_in(&shop).await;
        assert_eq!(busy.refresh_for.num_days(), REFRESH_DAYS);
        for _ in 0..GRANT_DAYS / 10 - 1 {
            shop.wait_minutes(10 * DAY);
            busy = refreshed(&shop, &busy.refresh).await.expect("who comes back stays");
        }
        assert_eq!(busy.refresh_for.num_days(), 10, "what is left");
        shop.wait_minutes(10 * DAY);
        assert!(refreshed(&shop, &busy.refresh).await.is_err(), "but not for ever");
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("api_grants").await, 0);
    }

    async fn signing_out_and_a_new_password_end_what_programs_have(shop: TestShop) {
        let session = member(&shop, "ada@example.org").await;
        let ada = who(&shop, &session).await.expect("signed in");
        let (one, other) = (logged_in(&shop).await, logged_in(&shop).await);
        end::log_out(&shop, &one.refresh).await.expect("signed out");
        assert!(refreshed(&shop, &one.refresh).await.is_err());
        let other = refreshed(&shop, &other.refresh).await.expect("another is not meant");

        end_session::end_others(&shop, &ada).await.expect("ended");
        assert!(refreshed(&shop, &other.refresh).await.is_err(), "everywhere else");
        let tokens = logged_in(&shop).await;
        let new = password("an entirely new password");
        change_password::change_password(&shop, &ada, &password(PASSWORD), &new, &device()).await.expect("changed");
        assert!(refreshed(&shop, &tokens.refresh).await.is_err());
        let tokens = try_log_in(&shop, "ada@example.org", "an entirely new password").await.expect("signed in");
        reset_password::request(&shop, "ada@example.org").await.expect("asked");
        let link = mailed_link(&shop, PasswordResetRequested::KIND.name).await;
        reset_password::reset(&shop, &link, &password("yet another password"), &device()).await.expect("reset");
        assert!(refreshed(&shop, &tokens.refresh).await.is_err());

        let tokens = try_log_in(&shop, "ada@example.org", "yet another password").await.expect("signed in");
        let eve = who(&shop, &member(&shop, "eve@example.org").await).await.expect("signed in");
        let grant = queries::grants(&shop, ada.user).await.expect("listed").remove(0);
        assert_eq!((grant.device.as_str(), grant.client.as_str()), ("Firefox/140.0 Linux", "192.0.2.7"));
        end::end_grant(&shop, eve.user, grant.id).await.expect("nothing to do");
        let tokens = refreshed(&shop, &tokens.refresh).await.expect("nobody ends another's");
        end::end_grant(&shop, ada.user, grant.id).await.expect("ended");
        assert!(refreshed(&shop, &tokens.refresh).await.is_err());

        try_log_in(&shop, "ada@example.org", "yet another password").await.expect("signed in");
        shop.execute("DELETE FROM users WHERE id = $1", [ada.user.into()]).await;
        assert_eq!(shop.count("api_grants").await, 0, "with the account everything goes");
    }

    async fn a_key_allows_what_its_owner_chose_until_they_end_it(shop: TestShop) {
        let ada = who(&shop, &member(&shop, "ada@example.org").await).await.expect("signed in");
        let eve = who(&shop, &member(&shop, "eve@example.org").await).await.expect("signed in");
        let text = create_key(&shop, ada.user, &key("Till", "orders:read products:write", None)).await.expect("made");
        let (statements, known) = shop.statements(caller(&shop, text.as_str())).await;
        let known = known.expect("known");
        assert_eq!((known.user, known.scopes.contains(Scope::OrdersRead)), (ada.user, true));
        assert_eq!(known.scopes.to_string(), "orders:read", "what a customer can't allow is left out");
        assert_eq!(statements, 2, "the last use is noted now and then");
        assert_eq!(shop.statements(caller(&shop, text.as_str())).await.0, 1);

        let listed = queries::keys(&shop, ada.user).await.expect("listed").remove(0);
        assert_eq!((listed.name.as_str(), listed.ending.as_str()), ("Till", text.ending()));
        assert_eq!(listed.used_at, Some(shop.clock.now()));
        let plain = "SELECT COUNT(*) AS n FROM api_keys WHERE key_hash LIKE $1";
        assert_eq!(shop.number(plain, [format!("%{}%", &text.as_str()[4..36]).into()]).await, 0, "the key is nowhere");

        end::revoke_key(&shop, eve.user, listed.id).await.expect("nothing to do");
        assert!(caller(&shop, text.as_str()).await.is_some(), "nobody ends another's key");
        end::revoke_key(&shop, ada.user, listed.id).await.expect("ended");
        assert!(caller(&shop, text.as_str()).await.is_none());
    }

    async fn a_key_expires(shop: TestShop) {
        let ada = who(&shop, &member(&shop, "ada@example.org").await).await.expect("signed in");
        let month = create_key(&shop, ada.user, &key("Month", "orders:read", Some(30))).await.expect("made");
        let ever = create_key(&shop, ada.user, &key("Ever", "orders:read", None)).await.expect("made");
        shop.wait_minutes(30 * DAY - 1);
        assert!(caller(&shop, month.as_str()).await.is_some());
        shop.wait_minutes(1);
        assert!(caller(&shop, month.as_str()).await.is_none());
        assert_eq!(queries::keys(&shop, ada.user).await.expect("listed").len(), 2, "its owner sees why");
        shop.wait_minutes(30 * DAY);
        purge::purge(&shop).await.expect("purged");
        assert_eq!(queries::keys(&shop, ada.user).await.expect("listed").len(), 1);
        assert!(caller(&shop, ever.as_str()).await.is_some());
    }

    async fn nobody_makes_keys_without_end(shop: TestShop) {
        let ada = who(&shop, &member(&shop, "ada@example.org").await).await.expect("signed in");
        for number in 2..KEYS_MOST {
            create_key(&shop, ada.user, &key(&number.to_string(), "orders:read", None)).await.expect("made");
        }
        let last: Vec<_> = (0..6)
            .map(|_| {
                let (shop, user) = (shop.clone(), ada.user);
                tokio::spawn(async move { create_key(&shop, user, &key("Last", "orders:read", None)).await })
            })
            .collect();
        let mut made = 0;
        for attempt in last {
            match attempt.await.expect("ran") {
                Ok(_) => made += 1,
                Err(error) => assert!(matches!(error, AccessError::TooManyKeys), "{error:?}"),
            }
        }
        assert_eq!(made, 2);
        assert_eq!(shop.count("api_keys").await, KEYS_MOST);
    }
}
