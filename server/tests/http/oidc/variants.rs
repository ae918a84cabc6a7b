//! Providers with a way of their own: Apple, GitHub and Facebook.

use super::browser::{Browser, FORM, shop_with};
use super::issuer::{CLIENT, Issuer, SECRET, asked};
use crate::harness::Kind;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::Method;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::form_urlencoded::{self, Serializer};

fn owned(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn apple_posts_back_and_gets_a_signed_secret() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).expect("a key");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(document));
    let issuer = Issuer::start().await;
    issuer.plan().metadata = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    // It writes this in quotes, and the name only where it is posted.
    issuer.plan().person = json!({ "sub": "001.a", "email": "ada@example.org", "email_verified": "true" });
    let variables = [
        owned("OIDC_APPLE_ISSUER", &issuer.url),
        owned("OIDC_APPLE_CLIENT_ID", "com.example.shop"),
        owned("OIDC_APPLE_TEAM_ID", "TEAM"),
        owned("OIDC_APPLE_KEY_ID", "KEY"),
        owned("OIDC_APPLE_PRIVATE_KEY", &pem),
    ];
    let server = shop_with(Kind::Sqlite, &variables).await;
    let mut browser = Browser::new(&server);
    let address = browser.leave("/auth/oidc/apple?next=/account/profile").await;
    assert_eq!(asked(&address, "response_mode").as_deref(), Some("form_post"));
    assert_eq!(asked(&address, "scope").as_deref(), Some("openid email name"));
    let (code, state) = (issuer.sign_in(&address), asked(&address, "state").expect("a state"));
    let user = r#"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"ada@example.org"}"#;
    let fields = [("code", code.as_str()), ("state", &state), ("user", user), ("id_token", "x")];
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("content-type", FORM), ("accept", "text/html"), ("sec-fetch-site", "cross-site")];
    // No cookie of the shop comes with a form of another site.
    let posted = Browser::new(&server).send(Method::POST, "/auth/oidc/apple/callback", &headers, &form).await;
    assert_eq!((posted.status.as_u16(), posted.header("set-cookie")), (303, ""));
    assert!(posted.header("location").starts_with("/auth/oidc/apple/callback?code="), "{}", posted.header("location"));
    assert!(!posted.header("location").contains("id_token"));
    browser.get(posted.header("location")).await.assert_sends_to("/account/profile");
    assert!(browser.get("/account/profile").await.text().contains("Ada Lovelace"));

    let secret = issuer.plan().last_form["client_secret"].clone();
    let (signed, signature) = secret.rsplit_once('.').expect("a token");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base 64");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref());
    public.verify(signed.as_bytes(), &signature).expect("signed by the shop");
    let part = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base 64")).expect("JSON")
    };
    let (header, claims) = signed.split_once('.').expect("two parts");
    assert_eq!(part(header), json!({ "alg": "ES256", "kid": "KEY" }));
    let claims = part(claims);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("TEAM"), &json!("com.example.shop")));
    assert_eq!(claims["aud"], json!(issuer.url));
    assert_eq!(claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time"), 300);
    server.stop().await;
}

/// What GitHub and Facebook would say.
#[derive(Default)]
struct Says {
    tokens: Value,
    user: Value,
    emails: Value,
    form: HashMap<String, String>,
}

type Told = Arc<Mutex<Says>>;

/// GitHub and Facebook in one.
async fn oauth_provider() -> (String, Told) {
    let told = Told::default();
    let tokens = async |State(told): State<Told>, form: String| -> Json<Value> {
        let mut says = told.lock().expect("not poisoned");
        says.form = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        Json(says.tokens.clone())
    };
    fn to_whom_it_may(headers: &HeaderMap, value: Value) -> Response {
        let known = headers.get("authorization").is_some_and(|value| value == "Bearer access");
        if known { Json(value).into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
    }
    let user = async |State(told): State<Told>, headers: HeaderMap| {
        to_whom_it_may(&headers, told.lock().expect("not poisoned").user.clone())
    };
    let emails = async |State(told): State<Told>, headers: HeaderMap| {
        to_whom_it_may(&headers, told.lock().expect("not poisoned").emails.clone())
    };
    let router = Router::new()
        .route("/login/oauth/access_token", post(tokens))
        .route("/user", get(user))
        .route("/user/emails", get(emails))
        .route("/v23.0/oauth/access_token", post(tokens))
        .route("/v23.0/me", get(user))
        .with_state(told.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    told.lock().expect("not poisoned").tokens = json!({ "access_token": "access", "token_type": "bearer" });
    (url, told)
}

fn variables(name: &str, url: &str) -> Vec<(String, String)> {
    [("CLIENT_ID", CLIENT), ("CLIENT_SECRET", SECRET), ("URL", url), ("API_URL", url)]
        .map(|(rest, value)| (format!("OAUTH_{name}_{rest}"), value.to_owned()))
        .into()
}

async fn sign_in(browser: &mut Browser<'_>, name: &str) -> String {
    let address = browser.leave(&format!("/auth/oidc/{name}")).await;
    assert_eq!(asked(&address, "code_challenge_method").as_deref(), Some("S256"));
    let state = asked(&address, "state").expect("a state");
    let answer = browser.come_back(name, &[("code", "the code"), ("state", &state)]).await;
    assert_eq!(answer.status, 303);
    answer.header("location").to_owned()
}

#[tokio::test]
async fn github_tells_who_somebody_is_and_which_address_is_theirs() {
    let (url, told) = oauth_provider().await;
    let server = shop_with(Kind::Sqlite, &variables("GITHUB", &url)).await;
    let says = |emails: Value| {
        let mut says = told.lock().expect("not poisoned");
        says.user = json!({ "id": 42, "login": "ada", "name": null, "email": "shown@example.org" });
        says.emails = emails;
    };
    let email = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified });
    let mut browser = Browser::new(&server);
    assert!(browser.get("/auth/signin").await.text().contains("Continue with GitHub"));
    says(json!([email("other@example.org", false, true), email("ada@example.org", true, false)]));
    assert_eq!(sign_in(&mut browser, "github").await, "/auth/error?code=unverified");
    says(json!([email("other@example.org", false, true), email("ada@example.org", true, true)]));
    assert_eq!(sign_in(&mut browser, "github").await, "/account?done=signed-in");
    assert_eq!(browser.email().await.as_deref(), Some("ada@example.org"));
    let form = told.lock().expect("not poisoned").form.clone();
    assert_eq!((form["client_secret"].as_str(), form["code"].as_str()), (SECRET, "the code"));
    assert_eq!(form["code_verifier"].len(), 43);

    told.lock().expect("not poisoned").tokens = json!({ "error": "bad_verification_code" });
    assert_eq!(sign_in(&mut Browser::new(&server), "github").await, "/auth/error?code=refused");
    server.stop().await;
}

#[tokio::test]
async fn facebook_proves_no_address() {
    let (url, told) = oauth_provider().await;
    told.lock().expect("not poisoned").user = json!({ "id": "42", "name": "Ada", "email": "ada@example.org" });
    let server = shop_with(Kind::Sqlite, &variables("FACEBOOK", &url)).await;
    assert_eq!(sign_in(&mut Browser::new(&server), "facebook").await, "/auth/error?code=unverified");

    let mut browser = Browser::new(&server);
    super::become_member(&server, &mut browser, "ada@example.org").await;
    assert_eq!(sign_in(&mut browser, "facebook").await, "/auth/link");
    let answer = browser.submit("/actions/auth/link", &[("current_password", super::PASSWORD)]).await;
    answer.assert_sends_to("/account/security?done=linked");
    assert_eq!(sign_in(&mut Browser::new(&server), "facebook").await, "/account?done=signed-in");
    server.stop().await;
}
