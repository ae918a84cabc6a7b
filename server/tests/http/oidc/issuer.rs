//! An issuer that lies when it is told to.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

pub const CLIENT: &str = "the shop";
pub const SECRET: &str = "a secret: of the shop & nobody else's";

/// A key to sign with, and its name.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pair: Arc<EcdsaKeyPair>,
}

impl Key {
    pub fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Self { id: id.to_owned(), pair: Arc::new(pair.expect("a key")) }
    }

    /// The public key, as anybody can have it.
    pub fn public(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    fn jwk(&self) -> Value {
        let point = self.public();
        let coordinate = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": coordinate(1..33), "y": coordinate(33..65),
        })
    }
}

/// How a token is signed.
#[derive(Clone)]
pub enum Signing {
    /// As it should be, with this key.
    With(Key),
    /// With this key, under the name of another.
    Under(Key, String),
    /// Not at all.
    None,
    /// By a secret that who checks it knows, too.
    Shared(Vec<u8>),
}

/// Joins header, claims and signature.
pub fn token(claims: &Value, signing: &Signing) -> String {
    let header = match signing {
        Signing::With(key) => json!({ "alg": "ES256", "kid": key.id }),
        Signing::Under(_, name) => json!({ "alg": "ES256", "kid": name }),
        Signing::None => json!({ "alg": "none" }),
        Signing::Shared(_) => json!({ "alg": "HS256" }),
    };
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = match signing {
        Signing::With(key) | Signing::Under(key, _) => {
            key.pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed").as_ref().to_vec()
        }
        Signing::None => Vec::new(),
        Signing::Shared(secret) => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
            ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
        }
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What was asked for with a code.
#[derive(Clone)]
struct Grant {
    client: String,
    redirect: String,
    nonce: Option<String>,
    challenge: Option<String>,
}

/// What the issuer does.
pub struct Plan {
    /// Who the person is.
    pub person: Value,
    /// Put over the claims that would be right; null takes one away.
    pub claims: Value,
    /// Put over what it says of itself.
    pub metadata: Value,
    /// Put over its answer with the tokens.
    pub tokens: Value,
    pub signing: Signing,
    /// The keys that it says are its own.
    pub keys: Vec<Key>,
    pub checks_pkce: bool,
    pub takes_codes_twice: bool,
    /// What it tells to who asks with the access token.
    pub user_info: Value,
    codes: HashMap<String, Grant>,
    /// How often it was asked what it is, and for tokens.
    pub discovered: u32,
    pub exchanged: u32,
    /// The last form that asked for tokens.
    pub last_form: HashMap<String, String>,
}

/// An issuer that listens.
#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    plan: Arc<Mutex<Plan>>,
}

impl Issuer {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address")).await
    }

    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let key = Key::new("first");
        let plan = Plan {
            person: json!({ "sub": "1", "email": "ada@example.org", "email_verified": true, "name": "Ada Lovelace" }),
            claims: json!({}),
            metadata: json!({}),
            tokens: json!({}),
            signing: Signing::With(key.clone()),
            keys: vec![key],
            checks_pkce: true,
            takes_codes_twice: false,
            user_info: json!({}),
            codes: HashMap::new(),
            discovered: 0,
            exchanged: 0,
            last_form: HashMap::new(),
        };
        let issuer = Self { url, plan: Arc::new(Mutex::new(plan)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(exchange))
            .route("/userinfo", get(user_info))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    /// What it does, to be looked at or changed.
    pub fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().expect("not poisoned")
    }

    /// Variables that make the shop know it.
    pub fn variables(&self, name: &str) -> Vec<(String, String)> {
        let variable = |rest: &str, value: &str| (format!("OIDC_{name}_{rest}"), value.to_owned());
        vec![variable("ISSUER", &self.url), variable("CLIENT_ID", CLIENT), variable("CLIENT_SECRET", SECRET)]
    }

    /// Somebody signs in at the address that a browser was sent to; gives the code.
    pub fn sign_in(&self, address: &Url) -> String {
        let asked = |name: &str| asked(address, name);
        let grant = Grant {
            client: asked("client_id").expect("a client"),
            redirect: asked("redirect_uri").expect("an address"),
            nonce: asked("nonce"),
            challenge: asked("code_challenge"),
        };
        let code = format!("code/{}", uuid::Uuid::now_v7());
        self.plan().codes.insert(code.clone(), grant);
        code
    }
}

/// A parameter of an address.
pub fn asked(address: &Url, name: &str) -> Option<String> {
    address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn over(mut right: Value, other: &Value) -> Value {
    let fields: &mut Map<String, Value> = right.as_object_mut().expect("an object");
    for (name, value) in other.as_object().expect("an object") {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    right
}

async fn metadata(State(issuer): State<Issuer>) -> Json<Value> {
    let mut plan = issuer.plan();
    plan.discovered += 1;
    let url = &issuer.url;
    let right = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    Json(over(right, &plan.metadata))
}

async fn jwks(State(issuer): State<Issuer>) -> Json<Value> {
    let keys: Vec<_> = issuer.plan().keys.iter().map(Key::jwk).collect();
    Json(json!({ "keys": keys }))
}

async fn user_info(State(issuer): State<Issuer>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|value| value != "Bearer access") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(issuer.plan().user_info.clone()).into_response()
}

async fn exchange(State(issuer): State<Issuer>, headers: HeaderMap, form: String) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let refused = |status: StatusCode, error: &str| (status, Json(json!({ "error": error }))).into_response();
    let mut plan = issuer.plan();
    plan.exchanged += 1;
    plan.last_form.clone_from(&form);
    let basic = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let (client, secret) = match basic {
        Some(basic) => {
            let text = String::from_utf8(STANDARD.decode(basic).expect("base 64")).expect("text");
            let (client, secret) = text.split_once(':').expect("two parts");
            let read = |part: &str| form_urlencoded::parse(part.as_bytes()).next().expect("a part").0.into_owned();
            (read(client), read(secret))
        }
        None => (form["client_id"].clone(), form["client_secret"].clone()),
    };
    // A secret that is a signed token is looked at by the test itself.
    if secret != SECRET && basic.is_some() {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let code = form.get("code").cloned().unwrap_or_default();
    let grant = if plan.takes_codes_twice { plan.codes.get(&code).cloned() } else { plan.codes.remove(&code) };
    let Some(grant) = grant.filter(|grant| grant.client == client && form["redirect_uri"] == grant.redirect) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let challenge =
        form.get("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
    if plan.checks_pkce && challenge != grant.challenge {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let now = chrono::Utc::now().timestamp();
    let right = json!({ "iss": issuer.url, "aud": client, "iat": now, "exp": now + 300, "nonce": grant.nonce });
    let claims = over(over(right, &plan.person), &plan.claims);
    let id_token = token(&claims, &plan.signing);
    let answer = json!({ "access_token": "access", "token_type": "Bearer", "id_token": id_token });
    Json(over(answer, &plan.tokens)).into_response()
}
