//! What staff do with parcels on the page of an order, by forms alone: prices and a label of a carrier, and a parcel that
//! they bring to another one.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Place, Server};
use crate::sheets::staff;
use crate::workers::buy;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use commerce::fulfilment::queries;
use commerce::orders::queries as orders;
use hyper::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What DHL answers to the next requests for a label, the last first.
type Labels = Arc<Mutex<Vec<(StatusCode, Value)>>>;

/// A stand-in of DHL.
async fn dhl(labels: Labels) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let product = |code: &str, name: &str, price: f64| {
        let price = json!({ "currencyType": "BILLC", "priceCurrency": "EUR", "price": price });
        json!({ "productCode": code, "productName": name, "totalPrice": [price] })
    };
    let rates = json!({ "products": [product("N", "DOMESTIC", 7.5), product("K", "DOMESTIC 9:00", 31.2)] });
    let rates = rates.to_string();
    let label = move || async move {
        let (status, body) = labels.lock().expect("not poisoned").pop().expect("not asked more than that");
        (status, body.to_string())
    };
    let router = Router::new().route("/rates", post(move || async move { rates })).route("/shipments", post(label));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await
}

async fn send(server: &Server, action: &str, cookie: &str, form: &str) -> Answer {
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, &format!("/actions/admin/order-{action}"), &headers, form.to_owned()).await
}

/// The page that a form leads to, which has what was typed.
async fn refused(server: &Server, action: &str, cookie: &str, form: &str) -> String {
    let answer = send(server, action, cookie, form).await;
    let location = answer.header("location").to_owned();
    assert!(location.contains("draft="), "{action}: {location}");
    let own = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    get(server, &location, &format!("{cookie}; {own}")).await.text().to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

fn field<'a>(form: &'a str, name: &str) -> &'a str {
    between(form, &format!("name=\"{name}\" value=\""), "\"")
}

/// The form that sends a parcel.
fn sending(page: &str) -> &str {
    between(page, "action=\"/actions/admin/order-ship\"", "</form>")
}

#[tokio::test]
async fn staff_send_parcels() {
    let labels = Labels::default();
    let url = dhl(labels.clone()).await;
    let account =
        [("DHL_USERNAME", "shop"), ("DHL_PASSWORD", "secret"), ("DHL_ACCOUNT", "123456789"), ("DHL_URL", &url)];
    let place =
        account.into_iter().fold(Place::new(Kind::Sqlite).await, |place, (name, value)| place.with(name, value));
    let server = Server::start_at(place).await;
    fill(&server.shop).await;
    let token = buy(&server.shop).await;
    let db = server.shop.db.primary();
    let order = orders::by_access_token(db, &token.hash()).await.expect("read").expect("one");
    let ada = staff(&server).await;
    let path = format!("/admin/orders/{}", order.number);
    let number = order.number.to_string();

    // Money that comes by hand.
    let page = get(&server, &path, &ada).await;
    let key = field(between(page.text(), "/actions/admin/order-paid", "</form>"), "key").to_owned();
    let page = refused(&server, "paid", &ada, &format!("number={number}&key={key}&paid_amount=a+lot")).await;
    assert!(page.contains("Please check these entries") && page.contains("value=\"a lot\""), "{page}");
    assert_eq!(field(between(&page, "/actions/admin/order-paid", "</form>"), "key"), key, "it is the same form");
    let paid = format!("number={number}&key={key}&paid_amount={}", order.due().to_decimal_string());
    send(&server, "paid", &ada, &paid).await.assert_sends_to(&format!("{path}?done=order-paid"));

    // Prices.
    let page = get(&server, &path, &ada).await;
    let form = sending(page.text());
    let (key, line) = (field(form, "key").to_owned(), order.lines[0].id);
    let location = between(between(form, "name=\"location\"", "</select>"), "value=\"", "\"").to_owned();
    let one =
        format!("number={number}&key={key}&location={location}&line-{line}=1&carrier=dhl&length=31&width=20&height=15");
    assert!(form.contains("DHL Express") && !form.contains(">Another carrier<"), "{form}");
    let page = refused(&server, "rates", &ada, &format!("{one}&weight=heavy")).await;
    assert!(page.contains("Enter the weight in grams") && page.contains("value=\"heavy\""), "{page}");
    let page = refused(&server, "rates", &ada, &format!("{one}&weight=750")).await;
    for part in ["DOMESTIC 9:00", "31.20", "value=\"750\"", "value=\"31\"", &key] {
        assert!(sending(&page).contains(part), "{part} is not in {page}");
    }
    let page = refused(&server, "label", &ada, &format!("{one}&weight=750")).await;
    assert!(page.contains("Choose or enter a service"), "{page}");

    // A label that is refused, then bought by two clicks.
    let document = json!({ "typeCode": "label", "imageFormat": "PDF", "content": "JVBERi0xLjQK" });
    let made = json!({ "shipmentTrackingNumber": "1234567890", "documents": [document] });
    let no = json!({ "detail": "No pickup on that day" });
    *labels.lock().expect("not poisoned") = vec![(StatusCode::CREATED, made), (StatusCode::BAD_REQUEST, no)];
    let buying = format!("{one}&weight=750&service=N&rated=dhl");
    let page = refused(&server, "label", &ada, &buying).await;
    assert!(page.contains("No pickup on that day") && sending(&page).contains(&key), "{page}");
    for _ in 0..2 {
        send(&server, "label", &ada, &buying).await.assert_sends_to(&format!("{path}?done=label-sent"));
    }
    assert_eq!(queries::shipments_of_order(db, order.id).await.expect("read").len(), 1);
    let page = get(&server, &path, &ada).await;
    let label = format!("{path}/parcels/1/label.pdf");
    assert!(page.text().contains(&label) && page.text().contains("1234567890"), "{}", page.text());
    assert_eq!(&get(&server, &label, &ada).await.body[..], b"%PDF-1.4\n");

    // The rest by hand.
    let key = field(sending(page.text()), "key").to_owned();
    let rest = format!("number={number}&key={key}&location={location}");
    let page = refused(
        &server,
        "ship",
        &ada,
        &format!("{rest}&line-{line}=1&tracking=AB+1&tracking_url=javascript%3Aalert(1)"),
    )
    .await;
    for part in ["Enter the name of the carrier", "Enter a link like", "value=\"AB 1\""] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let page = refused(&server, "ship", &ada, &format!("{rest}&carrier_name=The+bike&line-{line}=7")).await;
    assert!(page.contains("That is more than there is") && page.contains("value=\"The bike\""), "{page}");
    let by_bike = format!("{rest}&line-{line}=1&carrier_name=The+bike&tracking_url=https%3A%2F%2Fbike.example%2F1");
    send(&server, "ship", &ada, &by_bike).await.assert_sends_to(&format!("{path}?done=order-shipped"));
    let page = get(&server, &path, &ada).await;
    assert!(page.text().contains("href=\"https://bike.example/1\""), "{}", page.text());
    assert!(!page.text().contains("/actions/admin/order-ship"), "nothing is left to be sent");
    server.stop().await;
}
