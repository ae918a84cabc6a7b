//! Events on a real broker, which is ended and started again.

use crate::harness::{Kind, Place, variable};
use commerce::Shop;
use commerce::accounts::{AccountErased, UserId};
use commerce::catalog::VariationId;
use commerce::events::dispatch::dispatch_due;
use commerce::events::{Metadata, NewEvent, caused_by, emit};
use commerce::inventory::{Reason, StockChanged, StockId};
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use server::startup;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const EXCHANGE: &str = "emporion.test";

/// Ends or starts the broker of `scripts/with-services`.
fn rabbit(control: &str, action: &str) {
    assert!(Command::new(control).args(["rabbit", action]).status().expect("it can be run").success(), "{action}");
}

fn changed(stock: StockId, version: i64) -> NewEvent {
    let variation = VariationId(stock.0);
    let event = StockChanged { stock, variation, on_hand: 9, reserved: 0, version, reason: Reason::Received };
    NewEvent::of(&event, version)
}

async fn report(shop: &Shop, events: Vec<NewEvent>) {
    let tx = shop.db.begin().await.expect("begun");
    emit(shop, &tx, events).await.expect("written");
    tx.commit().await.expect("committed");
}

async fn open_deliveries(shop: &Shop) -> (i64, i64) {
    let text = "SELECT COUNT(*) AS open, CAST(COALESCE(MAX(attempts), 0) AS BIGINT) AS attempts FROM event_deliveries
                WHERE state <> 'done'";
    let row = shop.db.primary().query_one_raw(commerce::db::sql(shop.db.primary(), text, [])).await;
    let row = row.expect("read").expect("a row");
    (row.try_get("", "open").expect("a number"), row.try_get("", "attempts").expect("a number"))
}

/// Delivers until everything is.
async fn deliver_all(shop: &Shop) {
    let all = async {
        while open_deliveries(shop).await.0 > 0 {
            dispatch_due(shop).await.expect("dispatched");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), all).await.expect("delivered");
}

/// What has come into a queue, after it was bound to everything; the first call makes it.
async fn received(url: &str, expected: usize) -> Vec<Delivery> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.expect("connected");
    let channel = connection.create_channel().await.expect("a channel");
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("all".into(), durable, FieldTable::default()).await.expect("a queue");
    let bound = channel.queue_bind(
        "all".into(),
        EXCHANGE.into(),
        "#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.expect("bound");
    let options = BasicConsumeOptions::default();
    let mut queue =
        channel.basic_consume("all".into(), "test".into(), options, FieldTable::default()).await.expect("consumed");
    let mut all = Vec::new();
    while all.len() < expected {
        let next = tokio::time::timeout(Duration::from_secs(30), queue.next()).await.expect("there is more");
        let delivery = next.expect("open").expect("received");
        delivery.ack(BasicAckOptions::default()).await.expect("acknowledged");
        all.push(delivery);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_though_the_broker_goes() {
    let Some(control) = variable("TEST_SERVICES") else { return };
    rabbit(&control, "start");
    let port = std::fs::read_to_string(Path::new(&control).with_file_name("rabbit.port")).expect("its port");
    let url = format!("amqp://127.0.0.1:{}", port.trim());
    let place = Place::new(Kind::Sqlite).await.with("AMQP_URL", &url).with("AMQP_EXCHANGE", EXCHANGE);
    let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
    let shop = &opened.shop;
    let now = shop.clock.now();

    // The exchange is there once something was published; who listens since then misses nothing.
    report(shop, vec![changed(StockId::new(now), 1)]).await;
    deliver_all(shop).await;
    received(&url, 0).await;
    let gone = AccountErased { user: UserId::new(now), email: "ada@example.org".to_owned(), name: "Ada".to_owned() };
    let metadata =
        Metadata { correlation_id: Some("request 7".to_owned()), source: "test".to_owned(), ..Metadata::default() };
    caused_by(metadata, report(shop, vec![NewEvent::uncounted(&gone)])).await;
    deliver_all(shop).await;
    let message = received(&url, 1).await.remove(0);
    let body: Value = serde_json::from_slice(&message.data).expect("JSON");
    let properties = &message.properties;
    let text = |text: &Option<lapin::types::ShortString>| text.as_ref().map(ToString::to_string);
    assert_eq!((message.exchange.as_str(), message.routing_key.as_str()), (EXCHANGE, "AccountErased.v1"));
    assert_eq!(text(properties.message_id()).as_deref(), body["id"].as_str());
    assert_eq!(text(properties.kind()).as_deref(), Some("AccountErased"));
    assert_eq!(text(properties.correlation_id()).as_deref(), Some("request 7"));
    assert_eq!(text(properties.content_type()).as_deref(), Some("application/json"));
    assert_eq!(*properties.delivery_mode(), Some(2), "kept on disk");
    assert!(properties.timestamp().is_some_and(|time| time >= now.timestamp().unsigned_abs()));
    assert_eq!((&body["type"], &body["version"]), (&json!("AccountErased"), &json!(1)));
    assert_eq!(body["aggregate"], json!({ "id": gone.user, "version": 1 }));
    assert_eq!(body["data"], json!({ "user": gone.user }), "no address leaves the shop");
    assert_eq!(body["metadata"]["source"], "test");
    assert!(body["time"].as_str().is_some_and(|time| time.parse::<chrono::DateTime<chrono::Utc>>().is_ok()));

    let rows: Vec<StockId> = (0..5).map(|_| StockId::new(now)).collect();
    let change = async |versions: std::ops::Range<i64>| {
        for version in versions {
            report(shop, rows.iter().map(|row| changed(*row, version)).collect()).await;
        }
    };
    change(1..21).await;
    dispatch_due(shop).await.expect("dispatched");
    // It goes in the middle of a delivery.
    change(21..41).await;
    let ending = {
        let control = control.clone();
        tokio::task::spawn_blocking(move || rabbit(&control, "stop"))
    };
    while !ending.is_finished() {
        dispatch_due(shop).await.expect("the shop goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ending.await.expect("ended");
    change(41..61).await;
    for _ in 0..20 {
        dispatch_due(shop).await.expect("the shop goes on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (open, attempts) = open_deliveries(shop).await;
    assert!(open >= 100, "they wait in the outbox: {open}");
    assert_eq!(attempts, 0, "that the broker is gone uses no attempts up");
    rabbit(&control, "start");
    deliver_all(shop).await;

    let mut newest = BTreeMap::<String, i64>::new();
    let mut seen = 0;
    for message in received(&url, 300).await {
        let body: Value = serde_json::from_slice(&message.data).expect("JSON");
        let stock = body["data"]["stock"].as_str().expect("a stock row").to_owned();
        let version = body["aggregate"]["version"].as_i64().expect("a version");
        let last = newest.entry(stock).or_default();
        assert!(version <= *last + 1, "{version} after {last}: one is missing or came too early");
        seen += i32::from(version == *last + 1);
        *last = (*last).max(version);
    }
    assert!(seen >= 290, "some may come twice: {seen}");
    if seen < 300 {
        let again = received(&url, (300 - seen) as usize).await;
        assert!(!again.is_empty());
    }
    opened.close().await;
}
