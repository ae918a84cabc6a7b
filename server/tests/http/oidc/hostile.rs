//! Attacks: by an issuer that lies, by one who takes part, and by links.

use super::browser::{Browser, FORM, shop};
use super::issuer::{CLIENT, Issuer, Key, SECRET, Signing, asked, token};
use super::{PASSWORD, become_member};
use crate::harness::{Kind, Server};
use hyper::Method;
use serde_json::{Value, json};

const REFUSED: &str = "/auth/error?code=refused";
const EXPIRED: &str = "/auth/error?code=expired";

/// Checks that an issuer with this plan signs nobody in.
async fn assert_refused(server: &Server, issuer: &Issuer, what: &str) {
    let mut browser = Browser::new(server);
    let answer = browser.sign_in(issuer, "test").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, REFUSED), "{what}");
    assert_eq!(browser.session(), None, "{what}");
    assert_eq!(browser.email().await, None, "{what}");
}

#[tokio::test]
async fn claims_that_are_wrong_sign_nobody_in() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let now = chrono::Utc::now().timestamp();
    let cases: [(&str, Value); 14] = [
        ("another nonce", json!({ "nonce": "AAAAAAAAAAAAAAAAAAAAAA" })),
        ("no nonce", json!({ "nonce": null })),
        ("another audience", json!({ "aud": "another shop" })),
        ("no audience", json!({ "aud": [] })),
        ("one more audience", json!({ "aud": [CLIENT, "another shop"] })),
        ("another party", json!({ "azp": "another shop" })),
        ("another issuer", json!({ "iss": "https://accounts.google.com" })),
        ("a slash more", json!({ "iss": format!("{}/", issuer.url) })),
        ("expired", json!({ "exp": now - 1 })),
        ("expired long ago", json!({ "exp": now - 86_400, "iat": now - 90_000 })),
        ("issued long ago", json!({ "iat": now - 86_400 })),
        ("issued tomorrow", json!({ "iat": now + 86_400 })),
        ("another access token", json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
        ("nobody", json!({ "sub": null })),
    ];
    for (what, claims) in cases {
        issuer.plan().claims = claims;
        assert_refused(&server, &issuer, what).await;
    }
    issuer.plan().claims = json!({ "azp": CLIENT, "at_hash": at_hash("access") });
    Browser::new(&server).sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    server.stop().await;
}

/// The left half of the hash, as `at_hash` has it.
fn at_hash(access: &str) -> String {
    use base64::Engine;
    let hash = ring::digest::digest(&ring::digest::SHA256, access.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

#[tokio::test]
async fn signatures_that_are_wrong_sign_nobody_in() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let published = issuer.plan().keys[0].clone();
    let cases = [
        ("none", Signing::None),
        ("the secret of the shop", Signing::Shared(SECRET.as_bytes().to_vec())),
        ("the public key as a secret", Signing::Shared(published.public())),
        ("an unknown key", Signing::With(Key::new("unknown"))),
        ("an unknown key under a known name", Signing::Under(Key::new("other"), published.id.clone())),
    ];
    for (what, signing) in cases {
        issuer.plan().signing = signing;
        assert_refused(&server, &issuer, what).await;
    }
    issuer.plan().signing = Signing::With(published);
    let unsigned = token(&json!({ "sub": "1" }), &Signing::None);
    for (what, tokens) in [
        ("no ID token", json!({ "id_token": null })),
        ("no token", json!({ "id_token": "x" })),
        ("no signature", json!({ "id_token": unsigned.trim_end_matches('.') })),
        ("no access token", json!({ "access_token": null })),
    ] {
        issuer.plan().tokens = tokens;
        assert_refused(&server, &issuer, what).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_rotated_key_is_asked_for_once_in_a_while() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    Browser::new(&server).sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    let rotate = |id| {
        let key = Key::new(id);
        let mut plan = issuer.plan();
        plan.keys = vec![key.clone()];
        plan.signing = Signing::With(key);
    };
    rotate("second");
    Browser::new(&server).sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    assert_eq!(issuer.plan().discovered, 2, "it was asked once more");
    rotate("third");
    for _ in 0..3 {
        assert_refused(&server, &issuer, "a key of every minute").await;
    }
    assert_eq!(issuer.plan().discovered, 2, "and not again so soon");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_fits_only_the_browser_that_asked_and_once() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let mut browser = Browser::new(&server);
    let address = browser.leave("/auth/oidc/test").await;
    let (code, state) = (issuer.sign_in(&address), asked(&address, "state").expect("a state"));
    let nonce = asked(&address, "nonce").expect("a nonce");
    for wrong in ["", "x", nonce.as_str(), "AAAAAAAAAAAAAAAAAAAAAA"] {
        browser.clone().come_back("test", &[("code", &code), ("state", wrong)]).await.assert_sends_to(EXPIRED);
    }
    browser.clone().come_back("test", &[("code", &code)]).await.assert_sends_to(EXPIRED);
    let twice = [("code", code.as_str()), ("state", state.as_str()), ("state", "x")];
    browser.clone().come_back("test", &twice).await.assert_sends_to(EXPIRED);
    // The link in another browser: nobody is signed in as who made it.
    let answer = [("code", code.as_str()), ("state", state.as_str())];
    let mut victim = Browser::new(&server);
    victim.come_back("test", &answer).await.assert_sends_to(EXPIRED);
    victim.leave("/auth/oidc/test").await;
    victim.come_back("test", &answer).await.assert_sends_to(EXPIRED);
    assert_eq!((victim.session(), issuer.plan().exchanged), (None, 0), "the code has not left the shop");

    // A cookie that somebody has changed is none.
    let mut changed = browser.clone();
    let flow = changed.cookies["flow"].clone();
    changed.cookies.insert("flow".to_owned(), format!("{flow}L2NhcnQ"));
    changed.come_back("test", &answer).await.assert_sends_to(EXPIRED);

    let mut replayed = browser.clone();
    issuer.plan().takes_codes_twice = true;
    browser.come_back("test", &answer).await.assert_sends_to("/account?done=signed-in");
    assert_eq!(issuer.plan().exchanged, 1);
    replayed.come_back("test", &answer).await.assert_sends_to(EXPIRED);
    assert_eq!((replayed.session(), issuer.plan().exchanged), (None, 1));
    server.stop().await;
}

#[tokio::test]
async fn a_code_of_somebody_else_signs_nobody_in() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    for checks_pkce in [true, false] {
        // An issuer that forgets about PKCE is no help either: the nonce is another one.
        issuer.plan().checks_pkce = checks_pkce;
        let mut attacker = Browser::new(&server);
        let stolen = issuer.sign_in(&attacker.leave("/auth/oidc/test").await);
        let mut browser = Browser::new(&server);
        let address = browser.leave("/auth/oidc/test").await;
        let state = asked(&address, "state").expect("a state");
        browser.come_back("test", &[("code", &stolen), ("state", &state)]).await.assert_sends_to(REFUSED);
        assert_eq!(browser.session(), None);
        let verifier = issuer.plan().last_form["code_verifier"].clone();
        assert_eq!(verifier.len(), 43, "it is always sent");
    }
    server.stop().await;
}

#[tokio::test]
async fn one_issuer_does_not_answer_for_another() {
    let (honest, hostile) = (Issuer::start().await, Issuer::start().await);
    let server = shop(Kind::Sqlite, &[("HONEST", &honest), ("HOSTILE", &hostile)]).await;
    let mut browser = Browser::new(&server);
    // The hostile one sends the browser on to the honest one, to get at its code.
    let address = browser.leave("/auth/oidc/hostile").await;
    let state = asked(&address, "state").expect("a state");
    let code = honest.sign_in(&address);
    let answer = [("code", code.as_str()), ("state", state.as_str())];
    browser.clone().come_back("honest", &answer).await.assert_sends_to(EXPIRED);
    let told = [answer[0], answer[1], ("iss", honest.url.as_str())];
    browser.come_back("hostile", &told).await.assert_sends_to(REFUSED);
    assert_eq!((honest.plan().exchanged, hostile.plan().exchanged), (0, 0), "the code has gone to nobody");

    hostile.plan().metadata = json!({ "issuer": honest.url });
    let other = shop(Kind::Sqlite, &[("HOSTILE", &hostile)]).await;
    Browser::new(&other).get("/auth/oidc/hostile").await.assert_sends_to("/auth/error?code=unreachable");
    other.stop().await;

    // Who has said that it always tells must tell.
    let telling = Issuer::start().await;
    telling.plan().metadata = json!({ "authorization_response_iss_parameter_supported": true });
    let other = shop(Kind::Sqlite, &[("TEST", &telling)]).await;
    assert_refused(&other, &telling, "an answer of nobody").await;
    let mut browser = Browser::new(&other);
    let address = browser.leave("/auth/oidc/test").await;
    let (code, state) = (telling.sign_in(&address), asked(&address, "state").expect("a state"));
    let answer = [("code", code.as_str()), ("state", state.as_str()), ("iss", telling.url.as_str())];
    browser.come_back("test", &answer).await.assert_sends_to("/account?done=signed-in");
    other.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_verified_opens_nobodys_account() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    become_member(&server, &mut Browser::new(&server), "ada@example.org").await;
    let unverified = [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "false" }),
        json!({ "email": "new@example.org", "email_verified": false }),
        json!({ "email": null }),
    ];
    for claims in unverified {
        issuer.plan().claims = claims.clone();
        let mut browser = Browser::new(&server);
        let answer = browser.sign_in(&issuer, "test").await;
        answer.assert_sends_to("/auth/error?code=unverified");
        browser.submit("/actions/auth/link", &[("current_password", PASSWORD)]).await.assert_sends_to(EXPIRED);
        assert_eq!(browser.session(), None, "{claims}");
    }
    server.stop().await;
}

#[tokio::test]
async fn another_site_begins_no_sign_in() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    for (site, location) in [("cross-site", "/auth/signin"), ("same-site", "/auth/signin"), ("same-origin", "http://")]
    {
        let mut browser = Browser::new(&server);
        let answer = browser.send(Method::GET, "/auth/oidc/test", &[("sec-fetch-site", site)], "").await;
        assert!(answer.status == 303 && answer.header("location").starts_with(location), "{site}");
        assert_eq!(browser.cookies.contains_key("flow"), site == "same-origin", "{site}");
    }
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    for next in
        ["https://evil.example", "//evil.example", "/\\evil.example", "/actions/auth/signout", "/auth/error", "x"]
    {
        let next = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let mut browser = Browser::new(&server);
        let address = browser.leave(&format!("/auth/oidc/test?{next}")).await;
        let (code, state) = (issuer.sign_in(&address), asked(&address, "state").expect("a state"));
        let answer = browser.come_back("test", &[("code", &code), ("state", &state)]).await;
        answer.assert_sends_to("/account?done=signed-in");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_somebody_else_knows_is_not_kept() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let mut browser = Browser::new(&server);
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    browser.cookies.insert("session".to_owned(), planted.to_owned());
    browser.sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    assert_ne!(browser.session().map(String::as_str), Some(planted));
    let mut attacker = Browser::new(&server);
    attacker.cookies.insert("session".to_owned(), planted.to_owned());
    assert_eq!(attacker.email().await, None);
    server.stop().await;
}

#[tokio::test]
async fn what_an_issuer_says_in_an_address_is_not_repeated() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    for (error, code) in [("access_denied", "cancelled"), ("<script>", "refused"), ("server_error", "refused")] {
        let mut browser = Browser::new(&server);
        let address = browser.leave("/auth/oidc/test").await;
        let state = asked(&address, "state").expect("a state");
        let answer = browser.come_back("test", &[("error", error), ("state", &state), ("code", "x")]).await;
        answer.assert_sends_to(&format!("/auth/error?code={code}"));
        let page = browser.get(answer.header("location")).await;
        assert!(page.status == 200 && page.text().contains("href=\"/auth/signin\""), "{}", page.text());
    }
    let page = Browser::new(&server).get("/auth/error?code=%3Cscript%3E").await;
    assert!(page.status == 200 && !page.text().contains("<script>"));
    assert_eq!(issuer.plan().exchanged, 0);
    server.stop().await;
}

#[tokio::test]
async fn forms_of_other_sites_are_taken_from_no_issuer_that_does_not_post() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let headers = [("content-type", FORM), ("sec-fetch-site", "cross-site")];
    for path in ["/auth/oidc/test/callback", "/auth/oidc/none/callback", "/auth/oidc/test", "/actions/auth/link"] {
        let answer = Browser::new(&server).send(Method::POST, path, &headers, "code=x&state=y").await;
        answer.assert_problem(403, "cross-origin");
    }
    server.stop().await;
}
