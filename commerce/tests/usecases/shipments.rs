//! Shipments: numbered per order, counted per line, and delivered once.

use crate::harness::TestShop;
use chrono::{DateTime, TimeDelta, Utc};
use commerce::checkout::Step;
use commerce::fulfilment::carrier::{CarrierError, LabelRequest, Parcel, Party};
use commerce::fulfilment::insert_shipment::{NewShipment, insert_shipment};
use commerce::fulfilment::record_tracking::{record_tracking, set_delivered};
use commerce::fulfilment::{
    Shipment, ShipmentId, ShipmentLine, TrackingEvent, TrackingKind, forget, fulfilment_of, labels, queries, track,
};
use commerce::orders::{Fulfilment, Order, OrderId};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::time::Duration;

/// Somebody who buys two mugs and a plate.
pub async fn ordered(shop: &TestShop) -> Order {
    shop.wait_seconds(1);
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    guest.add("PLATE", 1).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("checked out");
    let token = guest.place().await.expect("placed");
    let order = commerce::orders::queries::by_access_token(shop.db.primary(), &token.hash()).await;
    order.expect("read").expect("the order")
}

/// A shipment of these lines of an order.
pub async fn new_shipment(shop: &TestShop, order: OrderId, key: &str, lines: &[(usize, i64)]) -> NewShipment {
    let ordered = queries::ordered_by_line(shop.db.primary(), order).await.expect("read");
    NewShipment {
        order,
        location: shop.warehouse().await,
        carrier: "dhl".to_owned(),
        service: Some("P".to_owned()),
        tracking_number: Some(format!("JD-{key}")),
        tracking_url: None,
        label_file: None,
        carrier_reference: None,
        idempotency_key: key.to_owned(),
        shipped_at: shop.clock.now(),
        lines: lines.iter().map(|(at, quantity)| ShipmentLine { line: ordered[*at].0, quantity: *quantity }).collect(),
    }
}

/// Writes down a shipment.
pub async fn sent(shop: &TestShop, new: NewShipment) -> ShipmentId {
    let tx = shop.db.begin().await.expect("begun");
    let id = insert_shipment(&tx, new, shop.clock.now()).await.expect("inserted");
    tx.commit().await.expect("committed");
    id
}

/// Sends every order there is, each in one parcel that its carrier tells something about.
pub async fn send_everything(shop: &TestShop) {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        id: OrderId,
    }
    for Row { id } in shop.rows("SELECT id FROM orders", []).await {
        let lines: Vec<_> = queries::ordered_by_line(shop.db.primary(), id).await.expect("read");
        let all: Vec<_> = lines.iter().enumerate().map(|(at, (_, quantity))| (at, *quantity)).collect();
        let shipment = sent(shop, new_shipment(shop, id, &id.to_string(), &all).await).await;
        record_tracking(shop, shipment, &[told("1", TrackingKind::InTransit, shop.clock.now())]).await.expect("told");
    }
}

/// Something that a carrier tells.
pub fn told(id: &str, kind: TrackingKind, at: DateTime<Utc>) -> TrackingEvent {
    TrackingEvent {
        carrier_event_id: id.to_owned(),
        kind,
        place: "Leipzig".to_owned(),
        text: "Something has happened\0".to_owned(),
        at,
    }
}

async fn shipments(shop: &TestShop, order: OrderId) -> Vec<Shipment> {
    queries::shipments_of_order(shop.db.primary(), order).await.expect("read")
}

async fn fulfilment(shop: &TestShop, order: OrderId) -> Fulfilment {
    let ordered = queries::ordered_by_line(shop.db.primary(), order).await.expect("read");
    fulfilment_of(&ordered, &shipments(shop, order).await)
}

both_databases! {
    async fn an_order_is_sent_in_parcels_with_numbers_of_its_own(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let (order, other) = (ordered(&shop).await, ordered(&shop).await);
        assert_eq!(fulfilment(&shop, order.id).await, Fulfilment::Unfulfilled);
        let first = sent(&shop, new_shipment(&shop, order.id, "a", &[(0, 1)]).await).await;
        sent(&shop, new_shipment(&shop, other.id, "b", &[(0, 2), (1, 1)]).await).await;
        assert_eq!(fulfilment(&shop, order.id).await, Fulfilment::PartlyShipped);
        sent(&shop, new_shipment(&shop, order.id, "c", &[(0, 1), (1, 1)]).await).await;
        let numbers: Vec<_> = shipments(&shop, order.id).await.iter().map(|sent| sent.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(shipments(&shop, other.id).await[0].number, 1);
        let lines = queries::ordered_by_line(shop.db.primary(), order.id).await.expect("read");
        let shipped = queries::shipped_by_line(shop.db.primary(), order.id).await.expect("read");
        assert_eq!(shipped, lines.iter().copied().collect());
        let again = queries::shipment_by_key(shop.db.primary(), "a").await.expect("read").expect("known");
        assert_eq!((again.id, again.lines), (first, vec![ShipmentLine { line: lines[0].0, quantity: 1 }]));
        assert!(queries::shipment_by_key(shop.db.primary(), "z").await.expect("read").is_none());
    }

    async fn a_key_makes_one_shipment(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let order = ordered(&shop).await;
        sent(&shop, new_shipment(&shop, order.id, "once", &[(0, 1)]).await).await;
        let again = new_shipment(&shop, order.id, "once", &[(1, 1)]).await;
        let tx = shop.db.begin().await.expect("begun");
        insert_shipment(&tx, again, shop.clock.now()).await.expect_err("refused");
        drop(tx);
        assert_eq!(shop.count("shipments").await, 1);
    }

    async fn what_carriers_tell_twice_counts_once(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let order = ordered(&shop).await;
        let one = sent(&shop, new_shipment(&shop, order.id, "a", &[(0, 2)]).await).await;
        let two = sent(&shop, new_shipment(&shop, order.id, "b", &[(1, 1)]).await).await;
        let now = shop.clock.now();
        let moving = [told("1", TrackingKind::Announced, now), told("2", TrackingKind::InTransit, now)];
        assert!(!record_tracking(&shop, one, &moving).await.expect("told"));
        assert!(!record_tracking(&shop, one, &moving).await.expect("told again"));
        assert!(!record_tracking(&shop, one, &[]).await.expect("nothing told"));
        assert_eq!(shop.count("shipment_events").await, 2);
        let at = now - TimeDelta::hours(2);
        let came = [moving[0].clone(), told("3", TrackingKind::Delivered, at)];
        assert!(record_tracking(&shop, one, &came).await.expect("told"));
        assert!(!record_tracking(&shop, one, &came).await.expect("told again"));
        // The same identifier of another shipment is another thing.
        assert!(!record_tracking(&shop, two, &moving).await.expect("told"));
        assert_eq!(shop.count("shipment_events").await, 5);
        let parcels = shipments(&shop, order.id).await;
        assert_eq!((parcels[0].delivered_at, parcels[0].version), (Some(at), 2));
        assert_eq!(fulfilment(&shop, order.id).await, Fulfilment::Shipped);
        assert!(set_delivered(shop.db.primary(), two, now).await.expect("noted"));
        assert!(!set_delivered(shop.db.primary(), two, now).await.expect("noted again"));
        assert_eq!(fulfilment(&shop, order.id).await, Fulfilment::Delivered);
        let tracked = queries::tracked_of_order(shop.db.primary(), order.id);
        let (statements, tracked) = shop.statements(tracked).await;
        let tracked = tracked.expect("read");
        assert_eq!(statements, 3, "however many parcels there are");
        assert_eq!(tracked.iter().map(|of| (of.shipment.id, of.told.len())).collect::<Vec<_>>(), [(one, 3), (two, 2)]);
        let known = &tracked[0].told;
        let kinds: Vec<_> = known.iter().map(|told| told.kind).collect();
        assert_eq!(kinds.last(), Some(&TrackingKind::Delivered), "the oldest comes last: {kinds:?}");
        assert_eq!(known[0].text, "Something has happened\u{fffd}");
    }

    async fn what_leads_to_a_person_is_forgotten(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let (order, other) = (ordered(&shop).await, ordered(&shop).await);
        for (order, key) in [(order.id, "a"), (other.id, "b")] {
            let file = format!("labels/{key}.pdf");
            shop.files.put(&Path::from(file.as_str()), "label".into()).await.expect("kept");
            let new = NewShipment { label_file: Some(file), ..new_shipment(&shop, order, key, &[(0, 1)]).await };
            let id = sent(&shop, new).await;
            record_tracking(&shop, id, &[told("1", TrackingKind::InTransit, shop.clock.now())]).await.expect("told");
        }
        forget::forget_order(shop.db.primary(), order.id).await.expect("forgotten");
        let (gone, kept) = (shipments(&shop, order.id).await, shipments(&shop, other.id).await);
        assert_eq!((gone[0].tracking_number.as_deref(), kept[0].tracking_number.as_deref()), (None, Some("JD-b")));
        assert_eq!(shop.count("shipment_events").await, 1);
        assert_eq!(gone[0].lines.len(), 1);
        assert_eq!(forget::purge_labels(&shop).await.expect("purged"), 0);
        shop.wait_minutes(91 * 24 * 60);
        assert_eq!(forget::purge_labels(&shop).await.expect("purged"), 2);
        assert!(shop.files.get(&Path::from("labels/a.pdf")).await.is_err());
        assert_eq!(shipments(&shop, other.id).await[0].label_file, None);
        assert_eq!(forget::purge_labels(&shop).await.expect("purged"), 0);
    }
}

/// Sends a mug of an order by the van, under this tracking number.
async fn by_van(shop: &TestShop, order: OrderId, number: &str) -> ShipmentId {
    let new = new_shipment(shop, order, number, &[(0, 1)]).await;
    sent(shop, NewShipment { carrier: "van".to_owned(), tracking_number: Some(number.to_owned()), ..new }).await
}

both_databases! {
    async fn carriers_are_asked_in_turn_until_it_has_come(shop: TestShop) {
        shop.sells("MUG", 1_290, 500).await;
        shop.sells("PLATE", 990, 500).await;
        let order = ordered(&shop).await;
        let van = &shop.world().van;
        let one = by_van(&shop, order.id, "V-1").await;
        // DHL is no carrier of this shop, and without a number nothing can be asked.
        sent(&shop, new_shipment(&shop, order.id, "a", &[(0, 1)]).await).await;
        sent(&shop, NewShipment {
            carrier: "van".to_owned(),
            tracking_number: None,
            ..new_shipment(&shop, order.id, "b", &[(1, 1)]).await
        })
        .await;
        van.tells("V-1", Err(CarrierError::Unavailable));
        assert_eq!(track::track_due(&shop).await.expect("asked").delivered, []);
        assert_eq!(van.asked(), ["V-1"]);
        track::track_due(&shop).await.expect("not asked again at once");
        assert!(van.asked().is_empty());
        shop.wait_minutes(30);
        van.tells("V-1", Ok(vec![told("1", TrackingKind::InTransit, shop.clock.now())]));
        assert_eq!(track::track_due(&shop).await.expect("asked").delivered, []);
        shop.wait_minutes(30);
        van.tells("V-1", Ok(vec![told("2", TrackingKind::Delivered, shop.clock.now())]));
        assert_eq!(track::track_due(&shop).await.expect("asked").delivered, [one]);
        assert_eq!(van.asked(), ["V-1", "V-1"]);
        shop.wait_minutes(30);
        track::track_due(&shop).await.expect("nothing is left to ask");
        assert!(van.asked().is_empty());
    }

    async fn nobody_waits_behind_those_that_never_come(shop: TestShop) {
        shop.sells("MUG", 1_290, 500).await;
        shop.sells("PLATE", 990, 500).await;
        let order = ordered(&shop).await;
        for n in 0..45 {
            by_van(&shop, order.id, &format!("V-{n:02}")).await;
        }
        let mut asked = Vec::new();
        for due in [20, 20, 5, 0] {
            let round = track::track_due(&shop).await.expect("asked");
            assert_eq!(round.due, due, "a full round says that there may be more");
            asked.extend(shop.world().van.asked());
            shop.wait_seconds(1);
        }
        assert_eq!(asked.len(), 45);
        // Those that were asked first are first again.
        shop.wait_minutes(30);
        track::track_due(&shop).await.expect("asked");
        let mut again = shop.world().van.asked();
        again.sort();
        asked.truncate(again.len());
        asked.sort();
        assert_eq!((again.len(), &again), (20, &asked));
        shop.wait_minutes(61 * 24 * 60);
        track::track_due(&shop).await.expect("given up");
        assert!(shop.world().van.asked().is_empty());
    }

    async fn nobody_waits_for_a_slow_carrier_alone_and_each_parcel_is_asked_about_once(shop: TestShop) {
        shop.sells("MUG", 1_290, 500).await;
        shop.sells("PLATE", 990, 500).await;
        let order = ordered(&shop).await;
        for n in 0..20 {
            by_van(&shop, order.id, &format!("V-{n:02}")).await;
        }
        let van = shop.world().van.clone();
        let silence = van.silence().await;
        let rounds: Vec<_> = (0..2)
            .map(|_| {
                let shop = shop.clone();
                tokio::spawn(async move { track::track_due(&shop).await })
            })
            .collect();
        let mut asked = Vec::new();
        let eight = async {
            while asked.len() < 8 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                asked.extend(van.asked());
            }
        };
        tokio::time::timeout(Duration::from_secs(10), eight).await.expect("asked before the first one answers");
        drop(silence);
        for round in rounds {
            round.await.expect("no panic").expect("asked");
        }
        asked.extend(van.asked());
        asked.sort();
        let all: Vec<_> = (0..20).map(|n| format!("V-{n:02}")).collect();
        assert_eq!(asked, all);
        track::track_due(&shop).await.expect("not asked again at once");
        assert!(van.asked().is_empty());
    }

    async fn a_label_is_bought_once_for_each_key(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let order = ordered(&shop).await;
        let lines = queries::ordered_by_line(shop.db.primary(), order.id).await.expect("read");
        shop.execute("UPDATE variations SET weight_grams = 350", []).await;
        let weight_grams = labels::weight_of(shop.db.primary(), &lines).await.expect("weighed");
        assert_eq!(weight_grams, 3 * 350);
        let request = |key: &str| LabelRequest {
            key: key.to_owned(),
            order_number: order.number.to_string(),
            service: "P".to_owned(),
            from: Party::seller(&shop.reference().settings),
            to: Party::recipient(&order),
            parcel: Parcel {
                weight_grams,
                size_cm: [30, 20, 15],
                contents: "Mugs".to_owned(),
                value: order.to_pay(),
            },
            at: shop.clock.now(),
        };
        let van = shop.carriers.get("van").expect("the van");
        let first = labels::buy(&shop, van.as_ref(), &request("../a key")).await.expect("bought");
        let again = labels::buy(&shop, van.as_ref(), &request("../a key")).await.expect("known");
        let other = labels::buy(&shop, van.as_ref(), &request("another")).await.expect("bought");
        assert_eq!(first, again);
        assert_eq!([&first.tracking_number, &other.tracking_number], ["VAN-1", "VAN-2"]);
        assert_eq!(shop.world().van.labels().len(), 2);
        assert_eq!(labels::read(&shop, &first.file).await.expect("read"), b"%PDF-1.7 a label");
        assert!(first.file.starts_with("labels/") && !first.file.contains(".."), "{}", first.file);
        let manual = shop.carriers.get("manual").expect("any other");
        let error = labels::buy(&shop, manual.as_ref(), &request("by hand")).await.expect_err("not offered");
        assert!(matches!(error, labels::LabelError::Carrier(CarrierError::NotOffered)), "{error}");
        assert_eq!(shop.carriers.tracking_url("van", "1").as_deref(), Some("https://van.example.com/1"));
        assert!(shop.carriers.tracking_url("Royal Mail", "AB1").is_some_and(|url| url.contains("royalmail.com")));
        assert_eq!([shop.carriers.name("van"), shop.carriers.name("Royal Mail")], ["The van", "Royal Mail"]);
    }
}
