//! Signing in at another provider: the way there and back.

mod browser;
mod hostile;
mod issuer;
mod variants;

use crate::fixture::{PRODUCT, fill};
use crate::harness::{Kind, Place, Server, databases};
use browser::{Browser, shop};
use issuer::{Issuer, asked};
use serde_json::json;
use tokio::net::TcpListener;

/// Gets an account with a password, as if the mailed link had been followed.
async fn become_member(server: &Server, browser: &mut Browser<'_>, email: &str) {
    use commerce::accounts::{VerificationId, link_token};
    use sea_orm::ConnectionTrait;
    let fields = [("name", "Ada"), ("email", email), ("password", PASSWORD)];
    browser.submit("/actions/auth/register", &fields).await.assert_sends_to("/auth/signin?done=check-mail");
    let db = server.shop.db.primary();
    let text = "SELECT t.id FROM verification_tokens t JOIN users u ON u.id = t.user_id WHERE u.email = $1";
    let row = db.query_one_raw(commerce::db::sql(db, text, [email.into()])).await.expect("read").expect("a link");
    let id: VerificationId = row.try_get("", "id").expect("an identifier");
    let link = link_token(&server.shop, id);
    let fields = [("token", link.as_str()), ("current_password", PASSWORD)];
    browser.submit("/actions/auth/verify", &fields).await.assert_sends_to("/account?done=verified");
}

const PASSWORD: &str = "correct horse battery staple";

#[tokio::test]
async fn who_signs_in_there_is_signed_in_here() {
    for kind in databases() {
        let issuer = Issuer::start().await;
        let server = shop(kind, &[("TEST", &issuer)]).await;
        let mut browser = Browser::new(&server);
        let page = browser.get("/auth/signin?next=/account/security").await;
        assert!(page.text().contains("href=\"/auth/oidc/test?next=%2Faccount%2Fsecurity\""), "{}", page.text());
        assert!(browser.get("/auth/register").await.text().contains("Continue with Test"));

        let address = browser.leave("/auth/oidc/test?next=/account/security").await;
        assert!(address.as_str().starts_with(&format!("{}/authorize?", issuer.url)), "{address}");
        let value = |name| asked(&address, name).unwrap_or_default();
        assert_eq!(value("redirect_uri"), format!("{}/auth/oidc/test/callback", server.origin()));
        assert_eq!((value("response_type").as_str(), value("code_challenge_method").as_str()), ("code", "S256"));
        assert_eq!(value("scope"), "openid email profile");
        assert_eq!((value("state").len(), value("nonce").len(), value("code_challenge").len()), (22, 22, 43));

        let code = issuer.sign_in(&address);
        let answer = browser.come_back("test", &[("code", &code), ("state", &value("state"))]).await;
        answer.assert_sends_to("/account/security");
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(browser.email().await.as_deref(), Some("ada@example.org"));
        assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["session"], "nothing else is left");

        let mut elsewhere = Browser::new(&server);
        elsewhere.sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
        assert_eq!(elsewhere.email().await.as_deref(), Some("ada@example.org"));
        assert_ne!(elsewhere.session(), browser.session());
        server.stop().await;
    }
}

#[tokio::test]
async fn without_providers_nothing_is_offered() {
    let server = Server::start(Kind::Sqlite).await;
    assert!(!server.get("/auth/signin").await.text().contains("/auth/oidc/"));
    assert_eq!(server.get("/auth/oidc/google").await.status, 404);
    assert_eq!(server.get("/auth/oidc/google/callback?code=x&state=y").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_hosts() {
    let issuer = Issuer::start().await;
    let mut place = Place::new(Kind::Sqlite).await;
    for (name, value) in issuer.variables("TEST") {
        place = place.with(&name, &value);
    }
    let server = Server::start_at(place.with("PUBLIC_URL", "https://shop.example.com")).await;
    let answer = server.get("/auth/oidc/test").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-flow="), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(answer.header("location").contains("https%3A%2F%2Fshop.example.com%2Fauth%2Foidc%2Ftest%2Fcallback"));
    server.stop().await;
}

#[tokio::test]
async fn the_shop_does_without_an_issuer_that_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let variables = [("ISSUER", format!("http://{address}")), ("CLIENT_ID", issuer::CLIENT.to_owned())];
    let mut place = Place::new(Kind::Sqlite).await.with("OIDC_TEST_CLIENT_SECRET", issuer::SECRET);
    for (name, value) in variables {
        place = place.with(&format!("OIDC_TEST_{name}"), &value);
    }
    let server = Server::start_at(place).await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/auth/signin").await.status, 200);
    browser.get("/auth/oidc/test").await.assert_sends_to("/auth/error?code=unreachable");
    let issuer = Issuer::start_at(address).await;
    browser.sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    server.stop().await;
}

#[tokio::test]
async fn an_issuer_is_asked_once_what_it_is_by_however_many() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    assert_eq!(issuer.plan().discovered, 0, "not before anybody wants to sign in");
    let leave = async || Browser::new(&server).leave("/auth/oidc/test").await;
    let (one, other, third) = tokio::join!(leave(), leave(), leave());
    assert!(one != other && other != third, "each has a state of its own");
    leave().await;
    assert_eq!(issuer.plan().discovered, 1);
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_only_user_info_tells_is_asked_for() {
    let issuer = Issuer::start().await;
    issuer.plan().person = json!({ "sub": "1" });
    issuer.plan().user_info = json!({ "sub": "1", "email": "ada@example.org", "email_verified": true, "name": "Ada" });
    let endpoint = format!("{}/userinfo", issuer.url);
    issuer.plan().metadata = json!({ "userinfo_endpoint": endpoint });
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    assert_eq!(browser.email().await.as_deref(), Some("ada@example.org"));

    issuer.plan().person = json!({ "sub": "2" });
    let answer = Browser::new(&server).sign_in(&issuer, "test").await;
    answer.assert_sends_to("/auth/error?code=refused");
    server.stop().await;
}

#[tokio::test]
async fn what_a_guest_has_in_the_cart_comes_along() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    fill(&server.shop).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(PRODUCT).await;
    let (_, rest) = page.text().split_once("name=\"variation\" value=\"").expect("a form");
    let variation = rest.split('"').next().expect("an identifier").to_owned();
    let fields = [("variation", variation.as_str()), ("product", "linen-shirt"), ("quantity", "2")];
    assert_eq!(browser.submit("/actions/cart/add", &fields).await.status, 303);
    assert!(browser.cookies.contains_key("cart"));
    browser.sign_in(&issuer, "test").await.assert_sends_to("/cart?done=merged&lowered=");
    assert!(!browser.cookies.contains_key("cart"), "the cart is that of the account now");
    assert!(browser.get("/cart").await.text().contains("Linen Shirt"));
    server.stop().await;
}

#[tokio::test]
async fn an_account_with_the_address_is_linked_for_who_knows_its_password() {
    let issuer = Issuer::start().await;
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    become_member(&server, &mut Browser::new(&server), "ada@example.org").await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&issuer, "test").await.assert_sends_to("/auth/link");
    assert_eq!(browser.session(), None);
    assert!(
        Browser::new(&server).get("/auth/link").await.header("location").contains("expired"),
        "it is this browser's"
    );
    let page = browser.get("/auth/link").await;
    assert!(page.text().contains("ada@example.org") && page.text().contains("Link Test"), "{}", page.text());
    for wrong in ["", "not the password"] {
        let answer = browser.submit("/actions/auth/link", &[("current_password", wrong)]).await;
        assert!(answer.header("location").starts_with("/auth/link?draft="), "{}", answer.header("location"));
        assert!(browser.get(answer.header("location")).await.text().contains("aria-invalid"));
    }
    assert_eq!(browser.email().await, None);
    let answer = browser.submit("/actions/auth/link", &[("current_password", PASSWORD)]).await;
    answer.assert_sends_to("/account?done=linked");
    assert_eq!(browser.email().await.as_deref(), Some("ada@example.org"));
    let again = browser.submit("/actions/auth/link", &[("current_password", PASSWORD)]).await;
    again.assert_sends_to("/auth/error?code=expired");
    Browser::new(&server).sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    server.stop().await;
}

#[tokio::test]
async fn who_is_signed_in_links_and_unlinks() {
    let issuer = Issuer::start().await;
    issuer.plan().person = json!({ "sub": "7", "email": "elsewhere@example.net", "email_verified": false });
    let server = shop(Kind::Sqlite, &[("TEST", &issuer)]).await;
    let mut browser = Browser::new(&server);
    become_member(&server, &mut browser, "ada@example.org").await;
    assert!(browser.get("/account/security").await.text().contains("href=\"/auth/oidc/test\""));
    browser.sign_in(&issuer, "test").await.assert_sends_to("/auth/link");
    let answer = browser.submit("/actions/auth/link", &[]).await;
    assert!(answer.header("location").starts_with("/auth/link?draft="), "the password is asked for");
    let answer = browser.submit("/actions/auth/link", &[("current_password", PASSWORD)]).await;
    answer.assert_sends_to("/account/security?done=linked");
    let page = browser.get("/account/security").await;
    assert!(page.text().contains("elsewhere@example.net") && !page.text().contains("href=\"/auth/oidc/test\""));

    let mut stranger = Browser::new(&server);
    become_member(&server, &mut stranger, "eve@example.org").await;
    stranger.sign_in(&issuer, "test").await.assert_sends_to("/auth/error?code=in-use");
    assert_eq!(stranger.email().await.as_deref(), Some("eve@example.org"));

    let (_, rest) = page.text().split_once("name=\"linked\" value=\"").expect("a form");
    let linked = rest.split('"').next().expect("an identifier").to_owned();
    stranger.submit("/actions/account/unlink", &[("linked", &linked)]).await;
    Browser::new(&server).sign_in(&issuer, "test").await.assert_sends_to("/account?done=signed-in");
    let answer = browser.submit("/actions/account/unlink", &[("linked", &linked)]).await;
    answer.assert_sends_to("/account/security?done=unlinked");
    Browser::new(&server).sign_in(&issuer, "test").await.assert_sends_to("/auth/error?code=unverified");
    server.stop().await;
}

#[tokio::test]
async fn the_only_way_in_stays() {
    let (first, second) = (Issuer::start().await, Issuer::start().await);
    let server = shop(Kind::Sqlite, &[("FIRST", &first), ("SECOND", &second)]).await;
    let mut browser = Browser::new(&server);
    browser.sign_in(&first, "first").await.assert_sends_to("/account?done=signed-in");
    let page = browser.get("/account/security").await;
    assert!(page.text().contains("You have no password here"));
    let (_, rest) = page.text().split_once("name=\"linked\" value=\"").expect("a form");
    let linked = rest.split('"').next().expect("an identifier").to_owned();
    let answer = browser.submit("/actions/account/unlink", &[("linked", &linked)]).await;
    answer.assert_sends_to("/account/security?refused=last-way-in");

    // The same address at another issuer: without a password, the first has to be used before.
    let mut elsewhere = Browser::new(&server);
    elsewhere.sign_in(&second, "second").await.assert_sends_to("/auth/link");
    elsewhere.get("/auth/link").await.assert_sends_to("/auth/error?code=other-way");
    browser.sign_in(&second, "second").await.assert_sends_to("/auth/link");
    browser.submit("/actions/auth/link", &[]).await.assert_sends_to("/account/security?done=linked");
    let answer = browser.submit("/actions/account/unlink", &[("linked", &linked)]).await;
    answer.assert_sends_to("/account/security?done=unlinked");
    Browser::new(&server).sign_in(&second, "second").await.assert_sends_to("/account?done=signed-in");
    server.stop().await;
}
