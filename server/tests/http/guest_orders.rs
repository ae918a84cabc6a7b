//! What customers see of an order and do with it, by the link in its mail and elsewhere.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use crate::returns::{person, warehouse};
use crate::workers::buy;
use commerce::fulfilment::record_tracking::record_tracking;
use commerce::fulfilment::ship::{Parcel, ship};
use commerce::fulfilment::{TrackingEvent, TrackingKind};
use commerce::orders::link::{View, link};
use commerce::orders::receive_money::receive_money;
use commerce::orders::{Lifecycle, claim, queries};

async fn page(server: &Server, path: &str, cookie: &str) -> String {
    let answer: Answer = server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.text().to_owned()
}

#[tokio::test]
async fn a_guest_gives_an_order_up_by_the_link_in_its_mail() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let token = buy(&server.shop).await;
    let db = server.shop.db.primary();
    let order = queries::by_access_token(db, &token.hash()).await.expect("read").expect("one");
    let masked = format!("/orders/view/{}", link(&server.shop, order.id, View::Masked));
    assert!(!page(&server, &masked, "theme=dark").await.contains("/actions/orders/cancel"), "it changes nothing");

    let path = format!("/orders/view/{}", link(&server.shop, order.id, View::Whole));
    let shown = page(&server, &path, "theme=dark").await;
    let (_, form) = shown.split_once("action=\"/actions/orders/cancel\"").expect("the form");
    let (_, value) = form.split_once("name=\"order\" value=\"").expect("the order");
    let value = value.split('"').next().expect("a value");
    let confirmation = format!("/checkout/confirmation/{}", token.as_str());
    let answer = server.submit("/actions/orders/cancel", &path, format!("order={value}")).await;
    answer.assert_sends_to(&format!("{confirmation}?done=order-cancelled"));
    let now = queries::by_id(db, order.id).await.expect("read").expect("the order");
    assert_eq!(now.lifecycle, Lifecycle::Cancelled);
    assert!(!page(&server, &path, "theme=dark").await.contains("/actions/orders/cancel"), "once");
    server.stop().await;
}

#[tokio::test]
async fn customers_see_what_was_sent_and_how_far_it_has_come() {
    let server = Server::start(Kind::Sqlite).await;
    let shop = &server.shop;
    fill(shop).await;
    let token = buy(shop).await;
    let db = shop.db.primary();
    let order = queries::by_access_token(db, &token.hash()).await.expect("read").expect("one");
    let whole = format!("/orders/view/{}", link(shop, order.id, View::Whole));
    let (staff, grace) = person(&server, "grace@example.com").await;
    let (ada, cookie) = person(&server, "ada@example.com").await;
    claim::claim(shop, ada.user).await.expect("taken");
    let ways = [
        format!("/checkout/confirmation/{}", token.as_str()),
        whole,
        format!("/account/orders/{}", order.number),
        format!("/admin/orders/{}", order.number),
    ];
    assert!(!page(&server, &ways[0], "theme=dark").await.contains("Parcels"), "nothing was sent yet");

    receive_money(shop, &staff, order.id, order.to_pay(), "paid").await.expect("noted");
    let parcel = Parcel {
        key: "parcel".to_owned(),
        location: warehouse(&server).await,
        carrier: "DHL".to_owned(),
        tracking_number: Some("JD01460000".to_owned()),
        lines: vec![(order.lines[0].id, 2)],
    };
    let shipment = ship(shop, &staff, order.id, &parcel).await.expect("sent");
    let tell = async |id: &str, kind, text: &str, minutes| {
        let (place, at) = ("Leipzig".to_owned(), shop.clock.now() - chrono::TimeDelta::minutes(minutes));
        let event = TrackingEvent { carrier_event_id: id.to_owned(), kind, place, text: text.to_owned(), at };
        record_tracking(shop, shipment, &[event]).await.expect("told");
    };
    tell("1", TrackingKind::InTransit, "Sorted", 90).await;
    tell("2", TrackingKind::OutForDelivery, "In the van", 30).await;
    let (sorted, in_the_van) = ("On its way: Sorted, Leipzig", "Out for delivery: In the van, Leipzig");
    for way in &ways[..3] {
        let shown = page(&server, way, &cookie).await;
        let parts = ["Parcel 1, DHL", "tracking-id=JD01460000\"", "2 × Linen Shirt, M", "Sent on ", in_the_van];
        for part in parts {
            assert!(shown.contains(part), "{part} is not in {way}: {shown}");
        }
        assert!(!shown.contains(sorted), "only the latest");
    }
    let masked = format!("/orders/view/{}", link(shop, order.id, View::Masked));
    assert!(!page(&server, &masked, "theme=dark").await.contains("JD01460000"));
    let shown = page(&server, &ways[3], &grace).await;
    let places = [in_the_van, sorted].map(|part| shown.find(part).expect(part));
    assert!(places.is_sorted(), "the newest comes first: {shown}");
    tell("3", TrackingKind::Delivered, "", 0).await;
    let shown = page(&server, &ways[2], &cookie).await;
    assert!(shown.contains(", delivered on ") && shown.contains("Delivered: Leipzig ("), "{shown}");
    server.stop().await;
}
