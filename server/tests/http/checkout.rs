//! The steps of the checkout, by forms alone: what was typed is never lost.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use commerce::cart::Holder;
use commerce::cart::add_line::{Addition, add_line};
use commerce::catalog::{Found, queries};
use commerce::db::sql;
use hyper::Method;
use sea_orm::ConnectionTrait;

const ADDRESS: &str = "email=ada%40example.com&phone=030+1234567&name=Ada+Lovelace&country=DE&line1=Hauptstr.+1&\
                       city=Berlin&postal_code=10115&billing_same=on";

/// A guest with a shirt in the cart who has pressed checkout: their cookie.
async fn started(server: &Server) -> String {
    fill(&server.shop).await;
    let product = queries::product(server.shop.db.read(), "linen-shirt", server.shop.prices()).await.expect("read");
    let Found::Here(product) = product else { panic!("there is a product") };
    let shirt = Addition { variation: product.variations[0].id, product_slug: product.slug, quantity: 1 };
    let guest = add_line(&server.shop, &Holder::Guest(None), &shirt).await.expect("added");
    let cookie = format!("cart={}", guest.as_str());
    post(server, "start", &cookie, "").await.assert_sends_to("/checkout/address");
    cookie
}

async fn post(server: &Server, step: &str, cookie: &str, form: &str) -> Answer {
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, &format!("/actions/checkout/{step}"), &headers, form.to_owned()).await
}

/// The page that somebody is sent to.
async fn shown(server: &Server, cookie: &str, path: &str) -> Answer {
    let page = server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await;
    assert_eq!(page.status, 200, "{path}");
    page
}

async fn execute(server: &Server, text: &str) {
    let db = server.shop.db.primary();
    db.execute_raw(sql(db, text, [])).await.expect("executed");
}

#[tokio::test]
async fn a_note_that_is_refused_is_shown_again() {
    let server = Server::start(Kind::Sqlite).await;
    let guest = started(&server).await;
    post(&server, "address", &guest, ADDRESS).await.assert_sends_to("/checkout/delivery");
    let long = "x".repeat(501);
    for (form, begin, parts) in [
        (format!("method=standard&note={long}"), "/checkout/delivery?draft=", ["The note is too long", long.as_str()]),
        (
            "method=teleport&note=Ring+twice".to_owned(),
            "/checkout/delivery?refused=unknown-choice&draft=",
            ["Please choose one of the options", "Ring twice"],
        ),
    ] {
        let refused = post(&server, "delivery", &guest, &form).await;
        let location = refused.header("location");
        assert!(location.starts_with(begin), "{location}");
        let page = shown(&server, &guest, location).await;
        for part in parts {
            assert!(page.text().contains(part), "{part} is not in {}", page.text());
        }
    }
    post(&server, "delivery", &guest, "method=standard&note=Ring").await.assert_sends_to("/checkout/payment");
    server.stop().await;
}

#[tokio::test]
async fn what_was_typed_is_there_when_the_stock_is_not() {
    let server = Server::start(Kind::Sqlite).await;
    let guest = started(&server).await;
    execute(&server, "DELETE FROM claims").await;
    execute(&server, "UPDATE stock SET on_hand = 0, reserved = 0").await;
    post(&server, "address", &guest, ADDRESS).await.assert_sends_to("/cart?refused=short");
    let page = shown(&server, &guest, "/checkout/address").await;
    for part in ["030 1234567", "Hauptstr. 1"] {
        assert!(page.text().contains(part), "{part} is not in {}", page.text());
    }
    execute(&server, "UPDATE checkouts SET hold_started_at = '2020-01-01T00:00:00+00:00'").await;
    let late = "method=standard&note=Ring+twice";
    post(&server, "delivery", &guest, late).await.assert_sends_to("/cart?refused=hold-over");
    let page = shown(&server, &guest, "/checkout/delivery").await;
    assert!(page.text().contains("Ring twice"), "{}", page.text());
    let page = shown(&server, &guest, "/cart?refused=hold-over").await;
    assert!(page.text().contains("what you typed is still there"), "{}", page.text());
    // Nothing of this is promised to whoever never began.
    execute(&server, "DELETE FROM checkouts").await;
    post(&server, "address", &guest, ADDRESS).await.assert_sends_to("/cart?refused=not-started");
    server.stop().await;
}
