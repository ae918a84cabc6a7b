//! Events are written with their change and delivered to every handler at least once, in order.

use crate::harness::{Recorder, TestShop};
use commerce::Shop;
use commerce::checkout::Step;
use commerce::events::dispatch::{dispatch_due, settle};
use commerce::events::{Event, Handler, HandlerError, Metadata, caused_by};
use commerce::inventory::StockChanged;
use commerce::notifications::Mail;
use commerce::notifications::send_mail::send_mail;
use commerce::orders::OrderPlaced;
use sea_orm::FromQueryResult;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Dispatches until nothing is due.
async fn dispatch_all(shop: &TestShop) {
    for _ in 0..100 {
        if dispatch_due(shop).await.expect("dispatched") == 0 {
            return;
        }
    }
    panic!("there is no end to it");
}

/// The stock row of a variation: what its events are about.
async fn stock_row(shop: &TestShop, sku: &str) -> Uuid {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let (variation, _) = shop.variation(sku).await;
    let rows: Vec<Row> = shop.rows("SELECT id FROM stock WHERE variation_id = $1", [variation.into()]).await;
    rows[0].id
}

/// Makes `changes` events about the stock of each of the variations.
async fn change_stock(shop: &TestShop, skus: &[&str], changes: i32) {
    let mut guest = shop.guest();
    for sku in skus {
        guest.add(sku, changes).await.expect("added");
    }
    guest.start().await.expect("started");
    for left in (1..changes).rev() {
        for sku in skus {
            guest.set(sku, left).await.expect("lowered");
        }
    }
}

/// The versions that a handler got of an aggregate, in the order in which it got them.
fn versions(handler: &Recorder, aggregate: Uuid) -> Vec<i64> {
    let events = handler.handled().into_iter().filter(|event| event.aggregate == aggregate);
    events.map(|event| event.data["version"].as_i64().expect("a version")).collect()
}

/// A handler whose work is a transaction of its own, as that of most is.
#[derive(Debug)]
struct Writer;

#[async_trait::async_trait]
impl Handler for Writer {
    fn name(&self) -> &'static str {
        "writer"
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let tx = shop.db.begin().await?;
        settle(&tx, &[event.id], self.name()).await?;
        tx.commit().await?;
        Ok(())
    }
}

both_databases! {
    async fn handlers_that_write_do_not_keep_the_dispatcher_from_settling(shop: TestShop) {
        let shop = shop.through(|parts| parts.handlers = vec![Arc::new(Writer)]).await;
        let skus: Vec<_> = (0..24).map(|number| format!("CUP-{number}")).collect();
        let mut guest = shop.guest();
        for sku in &skus {
            shop.sells(sku, 900, 10).await;
            guest.add(sku, 1).await.expect("added");
        }
        guest.start().await.expect("started");
        assert_eq!(dispatch_due(&shop).await.expect("nobody waits for each other in a circle"), skus.len());
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM event_deliveries WHERE state <> 'done'", []).await, 0);
    }

    async fn an_order_is_reported_once_with_where_it_came_from(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("BOWL", 900, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.add("BOWL", 1).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let agreement = guest.agreement().await;
        let metadata =
            Metadata { correlation_id: Some("request 7".to_owned()), source: "test".to_owned(), ..Metadata::default() };
        caused_by(metadata.clone(), guest.place_as(agreement)).await.expect("placed");
        guest.place_as(agreement).await.expect("placed again");
        dispatch_all(&shop).await;
        for handler in [&shop.world().first, &shop.world().second] {
            let placed = handler.handled_of("OrderPlaced");
            assert_eq!(placed.len(), 1);
            assert_eq!(placed[0].metadata, metadata);
            assert_eq!(placed[0].occurred_at, shop.clock.now());
            let told: OrderPlaced = placed[0].read().expect("an order");
            assert_eq!(told.total.minor(), agreement.total);
            assert_eq!((told.order.0, told.lines.len(), told.lines[0].quantity), (placed[0].aggregate, 2, 2));
        }
    }

    async fn every_change_of_stock_is_reported(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        change_stock(&shop, &["MUG"], 4).await;
        shop.wait_minutes(10);
        commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
        dispatch_all(&shop).await;
        let row = stock_row(&shop, "MUG").await;
        let told: Vec<StockChanged> =
            shop.world().first.handled_of("StockChanged").iter().map(|event| event.read().expect("a change")).collect();
        assert_eq!(told.iter().map(|told| told.reserved).collect::<Vec<_>>(), [4, 3, 2, 1, 0]);
        assert_eq!(versions(&shop.world().first, row), [2, 3, 4, 5, 6], "one for each version of the row");
        let moved = "SELECT COUNT(*) AS n FROM stock_movements WHERE reason <> 'received'";
        assert_eq!(shop.number(moved, []).await, 5, "and for each row of the ledger");
    }

    async fn what_is_rolled_back_is_not_reported(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("BOWL", 900, 1).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.add_unchecked("BOWL", 2).await;
        guest.start().await.expect_err("there is one bowl");
        assert_eq!(shop.count("events").await, 0);
        assert_eq!(dispatch_due(&shop).await.expect("dispatched"), 0);
    }

    async fn a_failing_handler_waits_longer_and_longer_and_is_given_up(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("BOWL", 900, 10).await;
        change_stock(&shop, &["MUG", "BOWL"], 3).await;
        let (mug, bowl) = (stock_row(&shop, "MUG").await, stock_row(&shop, "BOWL").await);
        let (first, second) = (&shop.world().first, &shop.world().second);
        second.fail(mug, u32::MAX);
        dispatch_all(&shop).await;
        assert_eq!((versions(first, mug), versions(first, bowl)), (vec![2, 3, 4], vec![2, 3, 4]));
        assert_eq!(
            (versions(second, mug), versions(second, bowl)),
            (vec![], vec![2, 3, 4]),
            "only its own aggregate waits"
        );
        let tries = |of: Uuid| second.tried().into_iter().filter(|event| event.aggregate == of).count();
        assert_eq!(tries(mug), 1, "what follows waits for what failed");
        for (attempt, wait) in (2..=12).zip([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]) {
            shop.wait_seconds(wait - 1);
            dispatch_all(&shop).await;
            assert_eq!(tries(mug), attempt - 1, "a second too early");
            shop.wait_seconds(1);
            dispatch_all(&shop).await;
            assert_eq!(tries(mug), attempt);
        }
        let dead = "SELECT COUNT(*) AS n FROM event_deliveries
                    WHERE state = 'dead' AND handler = 'second' AND error IS NOT NULL";
        assert_eq!(shop.number(dead, []).await, 1);
        change_stock(&shop, &["MUG", "BOWL"], 1).await;
        shop.wait_minutes(600);
        dispatch_all(&shop).await;
        assert_eq!(tries(mug), 12, "a dead letter is not tried, nor what follows it");
        assert_eq!(versions(second, bowl).len(), 4);
        assert_eq!((versions(first, mug).len(), versions(first, bowl).len()), (4, 4));
    }

    async fn a_handler_that_recovers_gets_everything_in_order(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        shop.sells("BOWL", 900, 100).await;
        change_stock(&shop, &["MUG", "BOWL"], 10).await;
        let mug = stock_row(&shop, "MUG").await;
        shop.world().first.fail(mug, 3);
        for _ in 0..6 {
            dispatch_all(&shop).await;
            shop.wait_minutes(1);
        }
        for handler in [&shop.world().first, &shop.world().second] {
            for row in [mug, stock_row(&shop, "BOWL").await] {
                assert_eq!(versions(handler, row), (2..=11).collect::<Vec<_>>());
            }
        }
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM event_deliveries WHERE state <> 'done'", []).await, 0);
    }

    async fn two_dispatchers_do_not_deliver_the_same_while_it_is_leased(shop: TestShop) {
        for number in 0..6 {
            shop.sells(&format!("MUG-{number}"), 1_290, 10).await;
            change_stock(&shop, &[&format!("MUG-{number}")], 2).await;
        }
        shop.world().first.takes(Duration::from_millis(30));
        let replica = shop.through(|_| {}).await;
        for _ in 0..6 {
            let (one, other) = tokio::join!(dispatch_due(&shop), dispatch_due(&replica));
            if one.expect("dispatched") + other.expect("dispatched") == 0 {
                break;
            }
        }
        for handler in [&shop.world().first, &shop.world().second] {
            let mut times = HashMap::<Uuid, u32>::new();
            for event in handler.tried() {
                *times.entry(event.id).or_default() += 1;
            }
            assert_eq!(times.len(), 12);
            assert!(times.values().all(|times| *times == 1), "{times:?}");
        }
    }

    async fn what_a_dying_worker_had_is_delivered_by_another(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        change_stock(&shop, &["MUG"], 1).await;
        shop.world().first.takes(Duration::from_secs(20));
        shop.world().second.takes(Duration::from_secs(20));
        let died = tokio::time::timeout(Duration::from_millis(700), dispatch_due(&shop)).await;
        assert!(died.is_err(), "it was working");
        shop.world().first.takes(Duration::ZERO);
        shop.world().second.takes(Duration::ZERO);
        shop.wait_seconds(59);
        dispatch_all(&shop).await;
        let handled = || shop.world().first.handled().len() + shop.world().second.handled().len();
        assert_eq!(handled(), 0, "still leased");
        shop.wait_seconds(1);
        dispatch_all(&shop).await;
        assert_eq!(handled(), 2);
        assert_eq!(shop.world().first.tried().len() + shop.world().second.tried().len(), 4, "at least once");
    }

    async fn what_nobody_handles_any_more_is_in_nobodys_way(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        let retired = Arc::new(Recorder::new("retired"));
        let before = shop.through(|parts| parts.handlers = vec![retired.clone()]).await;
        change_stock(&before, &["MUG"], 100).await;
        shop.wait_minutes(60);
        change_stock(&before, &["MUG"], 10).await;
        shop.wait_seconds(1);
        shop.sells("BOWL", 900, 10).await;
        change_stock(&shop, &["BOWL"], 2).await;
        shop.execute("INSERT INTO event_deliveries (event_id, handler, aggregate_id, state, attempts, due_at)
             SELECT id, 'retired ' || aggregate_version, id, 'pending', 0, occurred_at
             FROM events WHERE aggregate_id <> $1",
            [stock_row(&shop, "BOWL").await.into()]).await;
        dispatch_all(&shop).await;
        assert_eq!(versions(&shop.world().first, stock_row(&shop, "BOWL").await), [2, 3]);
    }

    async fn a_handler_can_settle_in_its_own_transaction(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        change_stock(&shop, &["MUG"], 1).await;
        #[derive(FromQueryResult)]
        struct Row {
            id: Uuid,
        }
        let event = shop.rows::<Row>("SELECT id FROM events", []).await[0].id;
        let tx = shop.db.begin().await.expect("a transaction");
        assert!(!settle(&tx, &[event], "first").await.expect("settled").is_empty());
        tx.rollback().await.expect("rolled back");
        let tx = shop.db.begin().await.expect("a transaction");
        let settled = settle(&tx, &[event], "first").await.expect("settled");
        assert_eq!(settled.len(), 1, "what was rolled back was not settled");
        assert!(settle(&tx, &[event], "first").await.expect("settled").is_empty());
        tx.commit().await.expect("committed");
        dispatch_all(&shop).await;
        assert_eq!((shop.world().first.tried().len(), shop.world().second.tried().len()), (0, 1));
    }

    async fn a_mail_is_kept_and_sent_once(shop: TestShop) {
        let mail = Mail {
            recipient: "ada@example.org".to_owned(),
            subject: "Your order".to_owned(),
            text: "Thank you.".to_owned(),
            html: "<p>Thank you.</p>".to_owned(),
        };
        let mailbox = &shop.world().mailbox;
        mailbox.refuse(1);
        assert!(send_mail(&shop, "order 1", &mail).await.is_err());
        assert_eq!((shop.count("mails").await, mailbox.sent().len()), (1, 0), "kept, though it was not sent");
        for _ in 0..3 {
            send_mail(&shop, "order 1", &mail).await.expect("sent");
        }
        assert_eq!((shop.count("mails").await, mailbox.sent()), (1, vec![mail.clone()]));
        send_mail(&shop, "order 2", &mail).await.expect("another mail");
        assert_eq!((shop.count("mails").await, mailbox.sent().len()), (2, 2));
        let silent = shop.replica(|parts| parts.mailer = None).await;
        send_mail(&silent, "order 3", &mail).await.expect("the mailbox is where it is read");
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM mails WHERE sent_at IS NOT NULL", []).await, 2);
    }
}
