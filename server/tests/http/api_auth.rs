//! Programs at the API: how they sign in, what they show, and what they are refused.

use crate::harness::{Answer, Kind, Place, Server, databases};
use commerce::accounts::{Password, Registration, VerificationId, link_token, register, verify_email};
use commerce::db::sql;
use hyper::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const KEYS: &str = "/account/api-keys";

/// Makes an account whose address is confirmed; gives the cookie of its session.
async fn member(server: &Server, email: &str) -> String {
    let shop = &server.shop;
    let password = Password::new(Some(PASSWORD)).expect("a password");
    let registration =
        Registration { name: "Ada Lovelace".to_owned(), email: email.to_owned(), password: password.clone() };
    register::register(shop, &registration).await.expect("registered");
    let db = shop.db.primary();
    let text = "SELECT v.id FROM verification_tokens v JOIN users u ON u.id = v.user_id WHERE u.email = $1";
    let row = db.query_one_raw(sql(db, text, [email.into()])).await.expect("read").expect("a link");
    let link = link_token(shop, VerificationId(row.try_get("", "id").expect("its name")));
    let session = verify_email::verify_email(shop, &link, &password, &commerce::accounts::Device::default()).await;
    format!("session={}", session.expect("confirmed").session().expect("no second factor").as_str())
}

async fn post(server: &Server, path: &str, body: &Value) -> Answer {
    server.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
}

async fn log_in(server: &Server, email: &str, password: &str) -> Answer {
    post(server, "/api/auth/login", &json!({ "email": email, "password": password })).await
}

async fn me(server: &Server, bearer: &str) -> Answer {
    server.get_with("/api/auth/me", &[("authorization", &format!("Bearer {bearer}"))]).await
}

fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().expect("a text").to_owned()
}

/// Sends a form of the account's as its owner does.
async fn submit(server: &Server, path: &str, cookie: &str, form: &str) -> Answer {
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, path, &headers, form.to_owned()).await
}

fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("ASCII"));
    cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with(name)).map(str::to_owned)
}

/// The key on a page that shows one.
fn shown_key(page: &Answer) -> Option<&str> {
    let (_, behind) = page.text().split_once("<code class=\"api-key\">")?;
    behind.split('<').next()
}

#[tokio::test]
async fn a_program_signs_in_refreshes_and_signs_out() {
    for kind in databases() {
        let server = Server::start(kind).await;
        member(&server, "ada@example.org").await;
        let tokens = log_in(&server, "ADA@example.org", PASSWORD).await;
        assert_eq!((tokens.status.as_u16(), tokens.header("cache-control")), (200, "no-store"));
        let answer = tokens.json();
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(answer["refresh_expires_in"], 30 * 24 * 60 * 60);
        let who = me(&server, &text(&tokens, "access_token")).await;
        assert_eq!((who.status.as_u16(), who.header("cache-control")), (200, "no-store"));
        let who = who.json();
        assert_eq!((&who["email"], &who["role"]), (&json!("ada@example.org"), &json!("customer")));
        assert!(who["scopes"].as_array().expect("a list").contains(&json!("orders:read")));

        let refresh = json!({ "refresh_token": text(&tokens, "refresh_token") });
        let fresh = post(&server, "/api/auth/refresh", &refresh).await;
        assert_eq!(fresh.status, 200);
        assert_eq!(me(&server, &text(&fresh, "access_token")).await.status, 200);
        let refresh = json!({ "refresh_token": text(&fresh, "refresh_token") });
        for _ in 0..2 {
            assert_eq!(post(&server, "/api/auth/logout", &refresh).await.status, 204);
        }
        let refused = post(&server, "/api/auth/refresh", &refresh).await;
        refused.assert_problem(401, "invalid-refresh-token");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"api\"");
        server.stop().await;
    }
}

#[tokio::test]
async fn nobody_learns_by_a_login_who_has_an_account() {
    let server = Server::start(Kind::Sqlite).await;
    member(&server, "ada@example.org").await;
    let known = log_in(&server, "ada@example.org", "wrong password").await;
    let unknown = log_in(&server, "nobody@example.org", "wrong password").await;
    known.assert_problem(401, "wrong-credentials");
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
    let names = |answer: &Answer| answer.headers.keys().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&known), names(&unknown));
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_login_is_told_so() {
    let server = Server::start(Kind::Sqlite).await;
    let answer = post(&server, "/api/auth/login", &json!({ "email": "nobody" })).await;
    answer.assert_problem(422, "invalid");
    assert_eq!(answer.json()["errors"], json!({ "email": "invalid", "password": "required" }));
    post(&server, "/api/auth/login", &json!({ "email": 7 })).await.assert_problem(422, "wrong-shape");
    post(&server, "/api/auth/refresh", &json!({})).await.assert_problem(422, "wrong-shape");
    post(&server, "/api/auth/refresh", &json!({ "refresh_token": "x" }))
        .await
        .assert_problem(401, "invalid-refresh-token");
    let json = [("content-type", "application/json")];
    server.send(Method::POST, "/api/auth/login", &json, "{").await.assert_problem(400, "unreadable");
    server.send(Method::POST, "/api/auth/login", &[], "{}").await.assert_problem(415, "wrong-type");
    let large = format!("{{\"email\":\"{}\"}}", "x".repeat(20_000));
    server.send(Method::POST, "/api/auth/login", &json, large).await.assert_problem(413, "too-large");
    server.get("/api/auth/login").await.assert_problem(405, "method-not-allowed");
    server.stop().await;
}

#[tokio::test]
async fn logins_are_guesses_and_limited_as_such() {
    let server = Server::start_at(Place::new(Kind::Sqlite).await.with("RATE_LIMIT_SIGN_IN", "2/1h")).await;
    for _ in 0..2 {
        log_in(&server, "ada@example.org", "wrong password").await.assert_problem(401, "wrong-credentials");
    }
    let refused = log_in(&server, "eve@example.org", "wrong password").await;
    refused.assert_problem(429, "too-many-requests");
    assert!(!refused.header("retry-after").is_empty());
    let page = server.submit("/actions/auth/signin", "/auth/signin", "").await;
    assert_eq!(page.status, 429, "both ways in count together");
    server.stop().await;
}

#[tokio::test]
async fn the_api_knows_people_by_tokens_alone() {
    let server = Server::start(Kind::Sqlite).await;
    let cookie = member(&server, "ada@example.org").await;
    let refused = server.get_with("/api/auth/me", &[("cookie", &cookie)]).await;
    refused.assert_problem(401, "unauthorized");
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"api\"");
    for token in ["x", "emp_x", "a.b.c"] {
        let refused = me(&server, token).await;
        refused.assert_problem(401, "invalid-token");
        assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"api\", error=\"invalid_token\"");
    }
    let refused = server.get_with("/api/auth/me", &[("authorization", "Basic YWRhOng=")]).await;
    refused.assert_problem(401, "unauthorized");

    // Another site's page can't show a token, so what shows one may come from anywhere; a page's cookies may not.
    let access = text(&log_in(&server, "ada@example.org", PASSWORD).await, "access_token");
    let bearer = format!("bearer {access}");
    let cross_site = [("sec-fetch-site", "cross-site"), ("authorization", bearer.as_str())];
    server.send(Method::POST, "/api/nowhere", &cross_site, "").await.assert_problem(404, "not-found");
    server.send(Method::POST, "/actions/cart/clear", &cross_site, "").await.assert_problem(403, "cross-origin");
    server.send(Method::POST, "/api/nowhere", &cross_site[..1], "").await.assert_problem(403, "cross-origin");
    server.stop().await;
}

#[tokio::test]
async fn an_account_has_a_limit_of_its_own() {
    let place =
        Place::new(Kind::Sqlite).await.with("RATE_LIMIT_ANONYMOUS", "1/1h").with("RATE_LIMIT_SIGNED_IN", "3/1h");
    let server = Server::start_at(place).await;
    let cookie = member(&server, "ada@example.org").await;
    let access = text(&log_in(&server, "ada@example.org", PASSWORD).await, "access_token");
    let answer = me(&server, &access).await;
    assert_eq!(answer.header("ratelimit-policy"), "\"signed-in\";q=3;w=3600");
    assert_eq!(submit(&server, "/actions/cart/clear", &cookie, "").await.status, 303);
    assert_eq!(me(&server, &access).await.status, 200);
    me(&server, &access).await.assert_problem(429, "too-many-requests");
    assert_eq!(submit(&server, "/actions/cart/clear", &cookie, "").await.status, 429, "by page or API");
    assert_eq!(server.get("/api/nowhere").await.status, 404, "guests have their own");
    server.get("/api/nowhere").await.assert_problem(429, "too-many-requests");
    server.stop().await;
}

#[tokio::test]
async fn keys_to_check_tokens_with_are_published() {
    let server = Server::start(Kind::Sqlite).await;
    let answer = server.get("/.well-known/jwks.json").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys = answer.json();
    for key in keys["keys"].as_array().expect("a list") {
        let fixed = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": key["kid"], "x": key["x"], "y": key["y"] });
        assert_eq!(*key, fixed, "nothing else, above all not d");
        assert_eq!((key["x"].as_str().map(str::len), key["y"].as_str().map(str::len)), (Some(43), Some(43)));
    }
    assert!(keys["keys"][0]["kid"].is_string(), "there is one before the first token");
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_revoked() {
    for kind in databases() {
        let server = Server::start(kind).await;
        let session = member(&server, "ada@example.org").await;
        assert_eq!(server.get(KEYS).await.status, 303, "only for who is signed in");
        let form = "key_name=Till&days=30&scope.profile%3Aread=1";
        let made = submit(&server, "/actions/account/api-keys", &session, form).await;
        made.assert_sends_to(KEYS);
        let secret = cookie(&made, "shown-once=emp_").expect("the browser brings it to the page");
        let page = server.get_with(KEYS, &[("cookie", &format!("{session}; {secret}"))]).await;
        let key = shown_key(&page).expect("shown").to_owned();
        assert_eq!(page.header("cache-control"), "private, no-store");
        assert_eq!(cookie(&page, "shown-once").as_deref(), Some("shown-once="), "the browser forgets it");
        let again = server.get_with(KEYS, &[("cookie", &session)]).await;
        assert!(shown_key(&again).is_none() && !again.text().contains(&key));
        assert!(again.text().contains("Till") && again.text().contains(&key[40..]), "{}", again.text());

        let who = me(&server, &key).await;
        assert_eq!((who.status.as_u16(), &who.json()["scopes"]), (200, &json!(["profile:read"])));
        let form = "key_name=Orders&days=none&scope.orders%3Aread=1";
        let made = submit(&server, "/actions/account/api-keys", &session, form).await;
        let other = cookie(&made, "shown-once=").expect("made");
        let refused = me(&server, other.trim_start_matches("shown-once=")).await;
        refused.assert_problem(403, "insufficient-scope");
        let challenge = "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"profile:read\"";
        assert_eq!(refused.header("www-authenticate"), challenge);

        // The newest is listed first.
        let (_, behind) = again.text().split_once("name=\"key\" value=\"").expect("a form to revoke it");
        let id = behind.split('"').next().expect("its name");
        let revoked = submit(&server, "/actions/account/revoke-key", &session, &format!("key={id}")).await;
        revoked.assert_sends_to("/account/api-keys?done=key-revoked");
        me(&server, &key).await.assert_problem(401, "invalid-token");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_key_without_name_or_scope_is_not_made_and_loses_nothing() {
    let server = Server::start(Kind::Sqlite).await;
    let session = member(&server, "ada@example.org").await;
    let refused =
        submit(&server, "/actions/account/api-keys", &session, "key_name=&days=365&scope.cart%3Aread=1").await;
    let guest = cookie(&refused, "cart=").expect("whose draft it is");
    let page = server.get_with(refused.header("location"), &[("cookie", &format!("{session}; {guest}"))]).await;
    assert!(page.text().contains("Enter a name for the key"), "{}", page.text());
    assert!(page.text().contains("value=\"365\" selected"), "{}", page.text());
    let box_of_cart = page.text().split("<input").find(|input| input.contains("scope.cart:read")).expect("a box");
    assert!(box_of_cart.contains("checked"), "{box_of_cart}");
    assert!(cookie(&refused, "shown-once=emp_").is_none());
    // What somebody else puts into the cookie is no key of ours.
    let page = server.get_with(KEYS, &[("cookie", &format!("{session}; shown-once=emp_call+this+number"))]).await;
    assert!(shown_key(&page).is_none());
    server.stop().await;
}
