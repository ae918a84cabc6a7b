//! Labels that staff buy: once for each form, whatever goes wrong in between, and gone once nobody needs them.

use crate::harness::TestShop;
use crate::order_work::ordered;
use commerce::accounts::SignedIn;
use commerce::fulfilment::buy_label::{BuyError, Packed, rates, send};
use commerce::fulfilment::carrier::{CarrierError, Rate};
use commerce::fulfilment::ship::{Parcel, ship};
use commerce::fulfilment::{Shipment, forget, labels, queries};
use commerce::inventory::create_location::create_warehouse;
use commerce::money::{Currency, Money};
use commerce::orders::cancel::OrderError;
use commerce::orders::{OrderId, queries as orders};

/// So many mugs of an order, to be sent by the van.
pub async fn packed(shop: &TestShop, order: OrderId, mugs: i64) -> Packed {
    let lines = queries::ordered_by_line(shop.db.primary(), order).await.expect("read");
    Packed {
        location: shop.warehouse().await,
        carrier: "van".to_owned(),
        weight_grams: 800,
        size_cm: [30, 20, 15],
        lines: vec![(lines[0].0, mugs)],
    }
}

async fn shipments(shop: &TestShop, order: OrderId) -> Vec<Shipment> {
    queries::shipments_of_order(shop.db.primary(), order).await.expect("read")
}

async fn setting(shop: &TestShop) -> (SignedIn, OrderId) {
    (shop.admin("ada@example.org").await, ordered(shop, "card").await)
}

both_databases! {
    async fn a_label_is_bought_and_its_parcel_is_sent_once(shop: TestShop) {
        let (ada, id) = setting(&shop).await;
        let (van, two) = (&shop.world().van, packed(&shop, id, 2).await);
        assert!(rates(&shop, &ada, id, &two).await.expect("it tells none").is_empty());
        let price = Money::new(590, Currency::EUR);
        let rate = Rate { service: "P".to_owned(), name: "Parcel".to_owned(), price, arrives_on: None };
        van.quotes(vec![rate.clone()]);
        assert_eq!(rates(&shop, &ada, id, &two).await.expect("told"), [rate]);
        shop.execute(
            "UPDATE locations SET line1 = 'Ladestr. 1', city = 'Leipzig', postal_code = '04103', country = 'DE'
             WHERE id = $1",
            [two.location.into()],
        )
        .await;
        let first = send(&shop, &ada, id, "once", "P", &two).await.expect("sent");
        assert_eq!(send(&shop, &ada, id, "once", "P", &two).await.expect("sent already"), first);
        let (asked, sent) = (van.labels(), shipments(&shop, id).await);
        assert_eq!((asked.len(), sent.len()), (1, 1));
        let (asked, sent) = (&asked[0], &sent[0]);
        assert_eq!((sent.id, sent.carrier.as_str(), sent.service.as_deref()), (first, "van", Some("P")));
        assert_eq!(sent.tracking_number.as_deref(), Some("VAN-1"));
        assert_eq!(sent.tracking_url.as_deref(), Some("https://van.example.com/VAN-1"));
        let file = sent.label_file.as_deref().expect("a label");
        assert_eq!(labels::read(&shop, file).await.expect("kept"), b"%PDF-1.7 a label");
        let (from, to) = (&asked.from.address, &asked.to.address);
        assert_eq!((from.line1.as_str(), from.city.as_str()), ("Ladestr. 1", "Leipzig"));
        let order = orders::by_id(shop.db.primary(), id).await.expect("read").expect("it");
        assert_eq!(to, &order.delivery_address);
        assert_eq!((asked.to.phone.as_str(), asked.to.email.as_str()), ("+49 30 1234567", "ada@example.org"));
        let parcel = &asked.parcel;
        assert_eq!((parcel.weight_grams, parcel.value), (800, Money::new(2_002, Currency::EUR)));
        assert_eq!(shop.stock("MUG").await, (8, 0));
        assert_eq!(shop.reported("OrderShipped").await.len(), 1);
    }

    async fn what_can_t_be_sent_is_not_bought(shop: TestShop) {
        let (ada, id) = setting(&shop).await;
        let two = packed(&shop, id, 2).await;
        let eve = shop.member("eve@example.org").await;
        let unpaid = ordered(&shop, "bank_transfer").await;
        let second = create_warehouse(shop.db.primary(), "Second", 1, shop.clock.now()).await.expect("opened");
        let elsewhere = Packed { location: second, ..two.clone() };
        let manual = Packed { carrier: "manual".to_owned(), ..two.clone() };
        let refused = [
            send(&shop, &eve, id, "a", "P", &two).await,
            send(&shop, &ada, id, "a", "P", &packed(&shop, id, 3).await).await,
            send(&shop, &ada, id, "a", "P", &packed(&shop, id, 0).await).await,
            send(&shop, &ada, id, "a", "P", &elsewhere).await,
            send(&shop, &ada, unpaid, "a", "P", &packed(&shop, unpaid, 2).await).await,
        ];
        let expected = ["not allowed", "too much", "nothing chosen", "not held there", "not paid"];
        for (refused, expected) in refused.into_iter().zip(expected) {
            assert_eq!(refused.expect_err("refused").to_string(), expected);
        }
        assert!(matches!(send(&shop, &ada, id, "a", "P", &manual).await, Err(BuyError::UnknownCarrier)));
        assert!(matches!(rates(&shop, &eve, id, &two).await, Err(BuyError::Order(OrderError::NotAllowed))));
        assert!(shop.world().van.labels().is_empty());
        assert_eq!(shop.count("label_requests").await, 0);
    }

    async fn what_a_carrier_refuses_can_be_sent_otherwise(shop: TestShop) {
        let (ada, id) = setting(&shop).await;
        let (van, heavy) = (&shop.world().van, Packed { weight_grams: 60_000, ..packed(&shop, id, 2).await });
        van.refuses(CarrierError::Refused("too heavy".to_owned()));
        let refused = send(&shop, &ada, id, "once", "P", &heavy).await;
        assert!(matches!(refused, Err(BuyError::Carrier(CarrierError::Refused(reason))) if reason == "too heavy"));
        assert!(shipments(&shop, id).await.is_empty());
        assert_eq!(shop.stock("MUG").await, (10, 2));
        send(&shop, &ada, id, "once", "P", &packed(&shop, id, 2).await).await.expect("sent");
        assert_eq!(van.labels().len(), 1);
        let other = ordered(&shop, "card").await;
        let of_another = send(&shop, &ada, other, "once", "P", &packed(&shop, other, 2).await).await;
        assert!(matches!(of_another, Err(BuyError::Order(OrderError::WrongState))));
    }

    async fn of_two_clicks_one_asks_the_carrier(shop: TestShop) {
        let (ada, id) = setting(&shop).await;
        let (van, two) = (&shop.world().van, packed(&shop, id, 2).await);
        let held = van.hold().await;
        let second = async {
            van.is_asked().await;
            let busy = send(&shop, &ada, id, "once", "P", &two).await;
            drop(held);
            busy
        };
        let (first, second) = tokio::join!(send(&shop, &ada, id, "once", "P", &two), second);
        let first = first.expect("sent");
        assert!(matches!(second, Err(BuyError::Busy)));
        assert_eq!(send(&shop, &ada, id, "once", "P", &two).await.expect("sent already"), first);
        assert_eq!((van.labels().len(), shop.count("shipments").await), (1, 1));
        shop.assert_all_is_well().await;
    }

    async fn who_is_gone_while_the_carrier_is_asked_blocks_nobody_for_long(shop: TestShop) {
        let (ada, id) = setting(&shop).await;
        let (van, two) = (&shop.world().van, packed(&shop, id, 2).await);
        let held = van.hold().await;
        tokio::select! {
            _ = send(&shop, &ada, id, "once", "P", &two) => unreachable!("the carrier does not answer"),
            () = van.is_asked() => {}
        }
        drop(held);
        assert!(matches!(send(&shop, &ada, id, "once", "P", &two).await, Err(BuyError::Busy)));
        shop.wait_seconds(91);
        send(&shop, &ada, id, "once", "P", &two).await.expect("sent");
        assert_eq!(shop.count("shipments").await, 1);
        assert_eq!(van.labels().len(), 1);
        shop.assert_all_is_well().await;
    }

    async fn a_label_whose_parcel_can_t_be_sent_any_more_stays_and_goes(shop: TestShop) {
        let (ada, id) = setting(&shop).await;
        let (van, two) = (&shop.world().van, packed(&shop, id, 2).await);
        let held = van.hold().await;
        let meanwhile = async {
            van.is_asked().await;
            let lines = packed(&shop, id, 1).await.lines;
            let location = shop.warehouse().await;
            let parcel = Parcel { key: "hand".to_owned(), location, carrier: "dhl".to_owned(), tracking_number: None, lines };
            ship(&shop, &ada, id, &parcel).await.expect("sent by hand");
            drop(held);
        };
        let (bought, ()) = tokio::join!(send(&shop, &ada, id, "once", "P", &two), meanwhile);
        assert!(matches!(bought, Err(BuyError::Order(OrderError::TooMuch))));
        let one = packed(&shop, id, 1).await;
        assert!(matches!(send(&shop, &ada, id, "once", "P", &one).await, Err(BuyError::KeyReused)));
        send(&shop, &ada, id, "another", "P", &one).await.expect("sent");
        assert_eq!(van.labels().len(), 2);
        let files = || async {
            let all = shop.files.list(None);
            futures::TryStreamExt::try_collect::<Vec<_>>(all).await.expect("listed").len()
        };
        assert_eq!((files().await, shop.count("label_requests").await), (4, 2));
        forget::forget_order(shop.db.primary(), id).await.expect("forgotten");
        assert_eq!(shop.count("label_requests").await, 1, "of the one that was never used");
        shop.wait_minutes(91 * 24 * 60);
        assert_eq!(forget::purge_labels(&shop).await.expect("purged"), 1);
        assert_eq!((files().await, shop.count("label_requests").await), (0, 0));
        shop.assert_all_is_well().await;
    }
}
