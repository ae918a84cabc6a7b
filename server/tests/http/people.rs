//! What belongs to somebody is theirs alone: each address with an identifier in it, asked for by a guest, another
//! guest, its owner and another customer.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use crate::workers::buy;
use commerce::Shop;
use commerce::accounts::address_book::{AddressId, Entry, queries as book, save};
use commerce::accounts::{
    Device, Password, Registration, SignedIn, UserId, VerificationId, change_email, link_token, queries, register,
    verify_email,
};
use commerce::checkout::Address;
use commerce::db::sql;
use commerce::orders::link::{View, link};
use commerce::orders::{Order, claim, queries as orders};
use commerce::token::Token;
use hyper::Method;
use sea_orm::ConnectionTrait;

const PASSWORD: &str = "correct horse battery staple";

/// Somebody who is signed in, with the cookie that says so.
struct Person {
    who: SignedIn,
    cookie: String,
}

async fn person(shop: &Shop, email: &str) -> Person {
    let password = Password::new(Some(PASSWORD)).expect("long enough");
    let registration = Registration { name: "Ada Lovelace".to_owned(), email: email.to_owned(), password };
    register::register(shop, &registration).await.expect("registered");
    let db = shop.db.primary();
    let text = "SELECT t.id FROM verification_tokens t JOIN users u ON u.id = t.user_id WHERE u.email = $1";
    let row = db.query_one_raw(sql(db, text, [email.into()])).await.expect("read").expect("a link");
    let link = link_token(shop, VerificationId(row.try_get("", "id").expect("an identifier")));
    let token = verify_email::verify_email(shop, &link, &registration.password, &Device::default()).await;
    let token = token.expect("confirmed");
    let token = token.session().expect("no second factor");
    let who = queries::signed_in(shop, &token).await.expect("read").expect("signed in");
    Person { who, cookie: format!("session={}", token.as_str()) }
}

async fn address(shop: &Shop, user: UserId) -> AddressId {
    let text = |text: &str| text.to_owned();
    let address = Address {
        name: text("Ada Lovelace"),
        line1: text("Secret Street 5"),
        line2: String::new(),
        city: text("Berlin"),
        region: String::new(),
        postal_code: text("10115"),
        country: text("DE"),
    };
    let entry = Entry { label: String::new(), address, default_delivery: false, default_billing: false };
    save::add(shop, user, &entry).await.expect("kept")
}

async fn order(shop: &Shop) -> Order {
    let access = buy(shop).await;
    orders::by_access_token(shop.db.primary(), &access.hash()).await.expect("read").expect("the order")
}

async fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    let headers = [("cookie", cookie)];
    server.get_with(path, if cookie.is_empty() { &[] } else { &headers }).await
}

/// Sends a form with a cookie.
async fn post(server: &Server, action: &str, cookie: &str, form: &str) -> Answer {
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, action, &headers, form.to_owned()).await
}

const GUESTS: [&str; 2] = ["", "cart=AAAAAAAAAAAAAAAAAAAAAA"];

#[tokio::test]
async fn an_order_of_an_account_is_seen_by_its_owner_only() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let order = order(&server.shop).await;
    let ada = person(&server.shop, "ada@example.com").await;
    let eve = person(&server.shop, "eve@example.com").await;
    let page = format!("/account/orders/{}", order.number);
    assert_eq!(get(&server, &page, &ada.cookie).await.status, 404, "not yet in the account");
    let taken = post(&server, "/actions/account/claim-orders", &eve.cookie, "").await;
    taken.assert_sends_to("/account?done=orders-claimed");
    assert_eq!(get(&server, &page, &eve.cookie).await.status, 404, "there was nothing to take");
    post(&server, "/actions/account/claim-orders", &ada.cookie, "")
        .await
        .assert_sends_to("/account?done=orders-claimed");
    let seen = get(&server, &page, &ada.cookie).await;
    assert_eq!((seen.status.as_u16(), seen.header("cache-control")), (200, "private, no-store"));
    assert!(seen.text().contains("Hauptstr. 1"));
    let missed = get(&server, &page, &eve.cookie).await;
    assert_eq!(missed.status, 404);
    let never = get(&server, "/account/orders/E-0000-0000", &eve.cookie).await;
    assert_eq!((never.status, never.body), (missed.status, missed.body), "as for a number that nobody has");
    for guest in GUESTS {
        let answer = get(&server, &page, guest).await;
        assert_eq!(answer.status, 303);
        assert!(answer.header("location").starts_with("/auth/signin?next="), "{}", answer.header("location"));
    }
    for path in ["/account/orders/nonsense", "/account/orders/%00", "/account/orders/%F0%9F%91%BB"] {
        assert_eq!(get(&server, path, &ada.cookie).await.status, 404, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_is_seen_and_changed_by_its_owner_only() {
    let server = Server::start(Kind::Sqlite).await;
    let ada = person(&server.shop, "ada@example.com").await;
    let eve = person(&server.shop, "eve@example.com").await;
    let id = address(&server.shop, ada.who.user).await;
    let page = format!("/account/addresses/{id}");
    assert!(get(&server, &page, &ada.cookie).await.text().contains("Secret Street 5"));
    assert_eq!(get(&server, &page, &eve.cookie).await.status, 404);
    assert_eq!(get(&server, "/account/addresses/nonsense", &ada.cookie).await.status, 404);
    let form = format!("id={id}&kind=billing&name=Eve&line1=Elsewhere+10&city=Berlin&postal_code=10115&country=DE");
    for cookie in [GUESTS[0], GUESTS[1], &eve.cookie] {
        if cookie != eve.cookie {
            assert_eq!(get(&server, &page, cookie).await.status, 303);
        }
        for action in ["address", "address-default", "address-delete"] {
            let answer = post(&server, &format!("/actions/account/{action}"), cookie, &form).await;
            assert_eq!(answer.status, 303, "{action}");
        }
        let kept = book::of_user(server.shop.db.primary(), ada.who.user).await.expect("read");
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].entry.address.line1, "Secret Street 5");
    }
    assert!(book::of_user(server.shop.db.primary(), eve.who.user).await.expect("read").is_empty());
    // What is wrong is told on the page of the form, with what was typed.
    let refused = post(&server, "/actions/account/address", &ada.cookie, "name=Ada&country=DE&label=Home").await;
    let location = refused.header("location").to_owned();
    assert!(location.starts_with("/account/addresses/new?draft="), "{location}");
    server.stop().await;
}

#[tokio::test]
async fn the_checkout_uses_addresses_of_ones_own_only() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = person(&server.shop, "ada@example.com").await;
    let eve = person(&server.shop, "eve@example.com").await;
    let id = address(&server.shop, ada.who.user).await;
    let shirt = commerce::catalog::queries::product(server.shop.db.read(), "linen-shirt", server.shop.prices()).await;
    let commerce::catalog::Found::Here(shirt) = shirt.expect("read") else { panic!("there is a product") };
    for (person, goes_on) in [(&eve, false), (&ada, true)] {
        let holder = commerce::cart::Holder::Account(person.who.user);
        let addition = commerce::cart::add_line::Addition {
            variation: shirt.variations[0].id,
            product_slug: "linen-shirt".to_owned(),
            quantity: 1,
        };
        commerce::cart::add_line::add_line(&server.shop, &holder, &addition).await.expect("added");
        post(&server, "/actions/checkout/start", &person.cookie, "").await.assert_sends_to("/checkout/address");
        let form = format!("email=ada%40example.com&billing_same=on&saved={id}");
        let answer = post(&server, "/actions/checkout/address", &person.cookie, &form).await;
        let location = answer.header("location");
        assert_eq!(location == "/checkout/delivery", goes_on, "{location}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_order_of_a_guest_is_opened_by_its_links_only() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let (mine, other) = (order(&server.shop).await, order(&server.shop).await);
    let eve = person(&server.shop, "eve@example.com").await;
    let whole = link(&server.shop, mine.id, View::Whole);
    for cookie in [GUESTS[0], GUESTS[1], &eve.cookie] {
        let seen = get(&server, &format!("/orders/view/{whole}"), cookie).await;
        assert_eq!((seen.status.as_u16(), seen.header("cache-control")), (200, "private, no-store"));
        assert!(seen.text().contains("Phone: 030 1234567"), "{}", seen.text());
        assert!(seen.text().contains("Hauptstr. 1") && !seen.text().contains(&other.number.to_string()));
    }
    for text in [mine.number.to_string(), mine.id.to_string(), whole[..50].to_owned(), "x".to_owned()] {
        assert_eq!(server.get(&format!("/orders/view/{text}")).await.status, 404, "{text}");
    }
    server.stop().await;
}

#[tokio::test]
async fn looking_for_an_order_tells_nothing_to_who_guesses() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let guest = order(&server.shop).await;
    let look = async |number: &str, email: &str| {
        let form = format!("order_number={number}&email={}", email.replace('@', "%40"));
        let answer = post(&server, "/actions/orders/lookup", GUESTS[1], &form).await;
        assert_eq!(answer.status, 303);
        answer.header("location").to_owned()
    };
    let found = look(&guest.number.to_string(), "ada@example.com").await;
    let page = server.get(&found).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("A. L.") && page.text().contains("Berlin"), "{}", page.text());
    for secret in ["Lovelace", "Hauptstr", "ada@example.com", "10115", "1234567"] {
        assert!(!page.text().contains(secret), "{secret}");
    }
    // A number of somebody else's, one that nobody has, one that is none, and an order of an account.
    let ada = person(&server.shop, "ada@example.com").await;
    claim::claim(&server.shop, ada.who.user).await.expect("taken");
    let number = guest.number.to_string();
    let mut pages = Vec::new();
    for (number, email) in [
        (number.as_str(), "eve@example.com"),
        ("E-0000-0000", "ada@example.com"),
        ("nonsense", "ada@example.com"),
        (number.as_str(), "ada@example.com"),
    ] {
        let location = look(number, email).await;
        assert!(location.starts_with("/orders/lookup?draft="), "{location}");
        let page = get(&server, &location, GUESTS[1]).await;
        assert_eq!(page.status, 200);
        pages.push(page.text().replace(number, "").replace(email, ""));
    }
    assert!(pages[0].contains("We have no order with this number"));
    assert!(pages.iter().all(|page| *page == pages[0]), "all are answered alike");
    server.stop().await;
}

#[tokio::test]
async fn everything_about_somebody_goes_to_nobody_else() {
    let server = Server::start(Kind::Sqlite).await;
    let ada = person(&server.shop, "ada@example.com").await;
    let eve = person(&server.shop, "eve@example.com").await;
    let wrong = post(&server, "/actions/account/download", &ada.cookie, "current_password=wrong").await;
    assert!(wrong.header("location").starts_with("/account/download?draft="), "{}", wrong.header("location"));
    let form = format!("current_password={}", PASSWORD.replace(' ', "+"));
    let answer = post(&server, "/actions/account/download", &ada.cookie, &form).await;
    let path = answer.header("location");
    assert!(path.starts_with("/account/export?until="), "{path}");
    let file = get(&server, path, &ada.cookie).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"my-data.json\"");
    assert_eq!(file.header("cache-control"), "private, no-store");
    assert_eq!(file.json()["profile"]["email"], "ada@example.com");
    for cookie in [GUESTS[0], GUESTS[1], &eve.cookie] {
        get(&server, path, cookie).await.assert_sends_to("/account/download");
    }
    for path in ["/account/export", "/account/export?until=99999999999&permit=0", "/account/export?until=x&permit=%00"]
    {
        get(&server, path, &ada.cookie).await.assert_sends_to("/account/download");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_link_to_change_an_address_changes_nothing_by_being_looked_at() {
    let server = Server::start(Kind::Sqlite).await;
    let ada = person(&server.shop, "ada@example.com").await;
    let password = Password::new(Some(PASSWORD)).expect("long enough");
    change_email::request(&server.shop, &ada.who, "new@example.com", Some(&password)).await.expect("asked");
    let db = server.shop.db.primary();
    let text = "SELECT id FROM verification_tokens WHERE purpose = 'confirm old email'";
    let row = db.query_one_raw(sql(db, text, [])).await.expect("read").expect("a link");
    let old = link_token(&server.shop, VerificationId(row.try_get("", "id").expect("an identifier")));
    let page = format!("/auth/email/{}", old.as_str());
    for _ in 0..2 {
        let seen = server.get(&page).await;
        assert_eq!(seen.status, 200);
        assert!(seen.text().contains("new@example.com") && seen.text().contains("This was not me"));
    }
    let refused = post(&server, "/actions/auth/email-refuse", GUESTS[1], &format!("token={}", old.as_str())).await;
    refused.assert_sends_to("/auth/forgot?done=email-refused");
    assert_eq!(get(&server, "/account/profile", &ada.cookie).await.status, 303, "signed out");
    let used = server.get(&page).await;
    assert!(used.text().contains("This link can’t be used") && !used.text().contains("new@example.com"));
    for token in ["", "x", Token::random().as_str()] {
        for action in ["email-confirm", "email-refuse"] {
            let answer = post(&server, &format!("/actions/auth/{action}"), "", &format!("token={token}")).await;
            answer.assert_sends_to("/auth/signin?refused=link");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_account_is_deleted_by_its_owner_only_and_word_for_word() {
    let server = Server::start(Kind::Sqlite).await;
    let ada = person(&server.shop, "ada@example.com").await;
    let proof = format!("current_password={}", PASSWORD.replace(' ', "+"));
    for form in ["confirmation=DELETE&current_password=wrong", "confirmation=DELETE", &proof, ""] {
        let answer = post(&server, "/actions/account/erase", &ada.cookie, form).await;
        assert!(answer.header("location").starts_with("/account/erase?draft="), "{}", answer.header("location"));
    }
    for guest in GUESTS {
        let answer = post(&server, "/actions/account/erase", guest, &format!("confirmation=DELETE&{proof}")).await;
        assert!(answer.header("location").starts_with("/auth/signin?next="), "{}", answer.header("location"));
    }
    assert_eq!(get(&server, "/account/profile", &ada.cookie).await.status, 200);
    let form = format!("confirmation=delete&{proof}");
    post(&server, "/actions/account/erase", &ada.cookie, &form).await.assert_sends_to("/auth/signin?done=erased");
    assert_eq!(get(&server, "/account/profile", &ada.cookie).await.status, 303);
    server.stop().await;
}
