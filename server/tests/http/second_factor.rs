//! Signing in with a second factor, as a browser without JavaScript does.

use crate::harness::{Answer, Place, Server, databases};
use commerce::Shop;
use commerce::accounts::second_factor::set_up;
use commerce::accounts::second_factor::totp::{TotpSecret, step_at};
use commerce::accounts::{
    Device, Password, Registration, SignedIn, VerificationId, link_token, queries, register, verify_email,
};
use commerce::db::sql;
use sea_orm::ConnectionTrait;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";

fn password() -> Password {
    Password::new(Some(PASSWORD)).expect("long enough")
}

async fn member(shop: &Shop) -> SignedIn {
    let registration = Registration { name: "Ada Lovelace".to_owned(), email: EMAIL.to_owned(), password: password() };
    register::register(shop, &registration).await.expect("registered");
    let db = shop.db.primary();
    let row = db.query_one_raw(sql(db, "SELECT id FROM verification_tokens", [])).await.expect("read").expect("a link");
    let link: VerificationId = row.try_get("", "id").expect("an identifier");
    let link = link_token(shop, link);
    let admitted = verify_email::verify_email(shop, &link, &password(), &Device::default()).await.expect("confirmed");
    let session = admitted.session().expect("no second factor yet");
    queries::signed_in(shop, &session).await.expect("read").expect("signed in")
}

async fn set_up_app(shop: &Shop, who: &SignedIn) -> TotpSecret {
    set_up::begin_totp(shop, who, &password()).await.expect("begun");
    let secret = set_up::totp_to_confirm(shop, who).await.expect("read").expect("being set up");
    // An early one, so that the present one is good still.
    let early = secret.code(step_at(shop.clock.now()) - 1);
    set_up::confirm_totp(shop, who, &early).await.expect("confirmed");
    secret
}

/// The cookies that an answer sets, as the browser sends them back.
fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("ASCII"));
    set.map(|cookie| cookie.split(';').next().expect("a pair").to_owned()).collect()
}

fn cookie(answer: &Answer, name: &str) -> Option<String> {
    cookies(answer).into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")) && !cookie.ends_with('='))
}

async fn submit(server: &Server, path: &str, cookie: &str, form: &str) -> Answer {
    let origin = server.origin();
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.as_str()),
        ("cookie", cookie),
    ];
    server.send(hyper::Method::POST, path, &headers, form.to_owned()).await
}

async fn sign_in(server: &Server, cookie: &str) -> Answer {
    let form = format!("email=ada%40example.com&password={}&next=%2Fcart", PASSWORD.replace(' ', "+"));
    submit(server, "/actions/auth/signin", cookie, &form).await
}

#[tokio::test]
async fn the_password_leads_to_the_second_factor_and_that_to_a_session() {
    for kind in databases() {
        let server = Server::start(kind).await;
        let ada = member(&server.shop).await;
        let secret = set_up_app(&server.shop, &ada).await;

        let answer = sign_in(&server, "").await;
        answer.assert_sends_to("/auth/second-factor?next=%2Fcart");
        assert_eq!(cookie(&answer, "session"), None, "no session yet");
        let pending = cookie(&answer, "pending").expect("a sign-in that waits");
        let set = answer.header("set-cookie");
        for part in ["HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        server.get_with("/account", &[("cookie", &pending)]).await.assert_sends_to("/auth/signin?next=%2Faccount");
        let page = server.get_with("/auth/second-factor?next=%2Fcart", &[("cookie", &pending)]).await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "private, no-store"));
        assert!(page.text().contains("one-time-code") && page.text().contains("value=\"/cart\""), "{}", page.text());

        let action = "/actions/auth/second-factor";
        let wrong = submit(&server, action, &pending, "with=app&code=000&next=%2Fcart").await;
        assert!(wrong.header("location").starts_with("/auth/second-factor?draft="), "{}", wrong.header("location"));
        let draft = format!("{pending}; {}", cookie(&wrong, "cart").expect("whose draft it is"));
        let page = server.get_with(wrong.header("location"), &[("cookie", &draft)]).await;
        assert!(
            page.text().contains("This code is wrong") && !page.text().contains("value=\"000\""),
            "{}",
            page.text()
        );

        let code = secret.code(step_at(server.shop.clock.now()));
        let form = format!("with=app&code={code}&trust=on&next=%2Fcart");
        let entered = submit(&server, action, &pending, &form).await;
        entered.assert_sends_to("/cart");
        let session = cookie(&entered, "session").expect("a session");
        assert_eq!(server.get_with("/account", &[("cookie", &session)]).await.status, 200);
        submit(&server, action, &pending, &form).await.assert_sends_to("/auth/signin?refused=start-again");

        let trusted = cookie(&entered, "trusted").expect("trusted");
        let again = sign_in(&server, &trusted).await;
        again.assert_sends_to("/cart");
        assert!(cookie(&again, "session").is_some());
        sign_in(&server, "trusted=AAAAAAAAAAAAAAAAAAAAAA").await.assert_sends_to("/auth/second-factor?next=%2Fcart");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_page_shows_the_key_to_its_owner_only_and_without_styles() {
    for kind in databases() {
        let server = Server::start(kind).await;
        let ada = member(&server.shop).await;
        let form = "step=totp&current_password=wrong+password";
        let session = {
            let answer = sign_in(&server, "").await;
            cookie(&answer, "session").expect("no second factor yet")
        };
        let refused = submit(&server, "/actions/account/confirm", &session, form).await;
        assert!(refused.header("location").starts_with("/account/security/confirm?draft="));
        let form = format!("step=totp&current_password={}", PASSWORD.replace(' ', "+"));
        let begun = submit(&server, "/actions/account/confirm", &session, &form).await;
        begun.assert_sends_to("/account/security/authenticator");
        let page = server.get_with("/account/security/authenticator", &[("cookie", &session)]).await;
        let secret = set_up::totp_to_confirm(&server.shop, &ada).await.expect("read").expect("being set up");
        assert!(page.text().replace(' ', "").contains(&secret.to_text()), "{}", page.text());
        assert!(page.text().contains("<svg") && !page.text().contains("style=\""), "{}", page.text());
        server
            .get("/account/security/authenticator")
            .await
            .assert_sends_to("/auth/signin?next=%2Faccount%2Fsecurity%2Fauthenticator");
        let code = secret.code(step_at(server.shop.clock.now()));
        let confirmed = submit(&server, "/actions/account/totp", &session, &format!("code={code}")).await;
        confirmed.assert_sends_to("/account/security/recovery-codes?done=factor-added");
        let page = server.get_with("/account/security/recovery-codes", &[("cookie", &session)]).await;
        assert_eq!(page.text().matches("<code>").count(), 10, "{}", page.text());
        submit(&server, "/actions/account/hide-codes", &session, "")
            .await
            .assert_sends_to("/account/security?done=codes-kept");
        let page = server.get_with("/account/security/recovery-codes", &[("cookie", &session)]).await;
        page.assert_sends_to("/account/security");
        server.stop().await;
    }
}

#[tokio::test]
async fn passkeys_are_offered_where_browsers_have_some() {
    for (url, offered) in [("http://localhost:3000", true), ("http://127.0.0.1:3000", false)] {
        let place = Place::new(crate::harness::Kind::Sqlite).await.with("PUBLIC_URL", url);
        let server = Server::start_at(place).await;
        let page = server.get("/auth/signin").await;
        assert_eq!(page.text().contains("/passkeys.js"), offered, "{url}");
        let headers = [("origin", url), ("content-type", "application/x-www-form-urlencoded")];
        let options = server.send(hyper::Method::POST, "/actions/auth/passkey-options", &headers, "").await;
        assert_eq!(options.text().contains("challenge"), offered, "{url}: {}", options.text());
        let form = "credential=%7B%7D";
        submit(&server, "/actions/auth/passkey", "", form).await.assert_sends_to("/auth/signin?refused=passkey");
        server.stop().await;
    }
}
