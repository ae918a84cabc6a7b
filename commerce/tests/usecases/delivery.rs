//! How events are delivered: in order, by several at once, and whatever becomes of a handler.

use crate::harness::TestShop;
use commerce::Shop;
use commerce::accounts::{PasswordChanged, Role, SignedIn, StaffError, UserId};
use commerce::catalog::VariationId;
use commerce::events::dispatch::dispatch_due;
use commerce::events::queries;
use commerce::events::replay::replay;
use commerce::events::{self, Event, Handler, HandlerError, NewEvent};
use commerce::inventory::{Reason, StockChanged, StockId};
use futures::future::join_all;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// What a handler does with an event.
#[derive(Clone, Copy, Debug, Default)]
enum Mood {
    #[default]
    Works,
    Fails,
    NotNow,
    Panics,
    Hangs,
}

/// A handler that keeps what it got, and fails the test when it gets two events of one aggregate at once.
#[derive(Debug, Default)]
struct Probe {
    mood: Mutex<HashMap<Uuid, Mood>>,
    everybody: Mutex<Mood>,
    handled: Mutex<Vec<Event>>,
    tried: Mutex<u32>,
    busy: Mutex<HashSet<Uuid>>,
    overlapped: Mutex<bool>,
    /// Whether it takes several at once.
    takes_many: AtomicBool,
    /// How many it was given at once each time.
    together: Mutex<Vec<usize>>,
}

impl Probe {
    fn mood(&self, event: &Event) -> Mood {
        let own = self.mood.lock().expect("not poisoned").get(&event.aggregate).copied();
        own.unwrap_or(*self.everybody.lock().expect("not poisoned"))
    }

    fn is(&self, mood: Mood) {
        *self.everybody.lock().expect("not poisoned") = mood;
    }

    fn is_about(&self, aggregate: Uuid, mood: Mood) {
        self.mood.lock().expect("not poisoned").insert(aggregate, mood);
    }

    fn versions(&self, aggregate: Uuid) -> Vec<i64> {
        let handled = self.handled.lock().expect("not poisoned");
        let of = handled.iter().filter(|event| event.aggregate == aggregate);
        of.map(|event| event.data["version"].as_i64().expect("a version")).collect()
    }

    fn tried(&self) -> u32 {
        *self.tried.lock().expect("not poisoned")
    }
}

#[async_trait::async_trait]
impl Handler for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn wants(&self, _: &str) -> bool {
        true
    }

    async fn handle(&self, _: &Shop, event: &Event) -> Result<(), HandlerError> {
        *self.tried.lock().expect("not poisoned") += 1;
        if !self.busy.lock().expect("not poisoned").insert(event.aggregate) {
            *self.overlapped.lock().expect("not poisoned") = true;
        }
        // Others get their turn.
        tokio::task::yield_now().await;
        self.busy.lock().expect("not poisoned").remove(&event.aggregate);
        match self.mood(event) {
            Mood::Works => self.handled.lock().expect("not poisoned").push(event.clone()),
            Mood::Fails => return Err(HandlerError::failed("told to fail")),
            Mood::NotNow => return Err(HandlerError::not_now("nobody there")),
            Mood::Panics => panic!("told to panic"),
            Mood::Hangs => std::future::pending().await,
        }
        Ok(())
    }

    async fn handle_together(&self, _: &Shop, events: &[Event]) -> Option<Result<(), HandlerError>> {
        if !self.takes_many.load(Ordering::Relaxed) {
            return None;
        }
        self.together.lock().expect("not poisoned").push(events.len());
        for event in events {
            match self.mood(event) {
                Mood::Works => {}
                Mood::NotNow => return Some(Err(HandlerError::not_now("nobody there"))),
                Mood::Panics => panic!("told to panic"),
                Mood::Fails | Mood::Hangs => return Some(Err(HandlerError::failed("told to fail"))),
            }
        }
        self.handled.lock().expect("not poisoned").extend_from_slice(events);
        Some(Ok(()))
    }
}

async fn with_probe(shop: &TestShop) -> (TestShop, Arc<Probe>) {
    let probe = Arc::new(Probe::default());
    (shop.through(|parts| parts.handlers = vec![probe.clone()]).await, probe)
}

pub fn changed(stock: StockId, version: i64) -> NewEvent {
    let variation = VariationId(stock.0);
    let event = StockChanged { stock, variation, on_hand: 9, reserved: 0, version, reason: Reason::Received };
    NewEvent::of(&event, version)
}

pub async fn emit(shop: &Shop, events: Vec<NewEvent>) {
    let tx = shop.db.begin().await.expect("begun");
    events::emit(shop, &tx, events).await.expect("written");
    tx.commit().await.expect("committed");
}

pub async fn dispatch_all(shop: &Shop) {
    for _ in 0..1_000 {
        if dispatch_due(shop).await.expect("dispatched") == 0 {
            return;
        }
    }
    panic!("there is no end to it");
}

const OPEN: &str = "SELECT COUNT(*) AS n FROM event_deliveries WHERE state <> 'done'";

both_databases! {
    async fn events_without_versions_come_as_they_were_written(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let user = UserId::new(shop.clock.now());
        // Half of them in one transaction, the others each in its own, all in one moment of the clock.
        emit(&shop, (0..20).map(|_| NewEvent::uncounted(&PasswordChanged { user })).collect()).await;
        for _ in 0..20 {
            emit(&shop, vec![NewEvent::uncounted(&PasswordChanged { user })]).await;
        }
        probe.is(Mood::Fails);
        dispatch_all(&shop).await;
        probe.is(Mood::Works);
        dispatch_all(&shop).await;
        assert_eq!(probe.tried(), 1, "what follows waits for the first");
        shop.wait_seconds(2);
        dispatch_all(&shop).await;
        let ids: Vec<Uuid> = probe.handled.lock().expect("not poisoned").iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), 40);
        assert!(ids.is_sorted(), "identifiers are given in the order of writing");
        assert!(!*probe.overlapped.lock().expect("not poisoned"), "one at a time");
    }

    async fn many_dispatchers_keep_the_order_of_each_aggregate(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let mut replicas = vec![shop.clone()];
        for _ in 0..3 {
            let probe = probe.clone();
            replicas.push(shop.through(|parts| parts.handlers = vec![probe]).await);
        }
        let rows: Vec<StockId> = (0..12).map(|_| StockId::new(shop.clock.now())).collect();
        let writer = async {
            for version in 1..=25 {
                emit(&shop, rows.iter().map(|row| changed(*row, version)).collect()).await;
                tokio::task::yield_now().await;
            }
        };
        let workers = join_all(replicas.iter().map(|replica| async {
            let replica = replica.clone();
            let work = async move {
                loop {
                    let done = dispatch_due(&replica).await.expect("dispatched");
                    if done == 0 && replica.number(OPEN, []).await == 0 && replica.count("events").await == 300 {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            };
            tokio::spawn(work).await.expect("ended");
        }));
        tokio::join!(writer, workers);
        for row in &rows {
            assert_eq!(probe.versions(row.0), (1..=25).collect::<Vec<_>>());
        }
        assert_eq!(probe.tried(), 300, "each once, while nobody dies");
        assert!(!*probe.overlapped.lock().expect("not poisoned"));
    }

    async fn a_dead_letter_stops_its_handler_for_its_aggregate_only(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let (dead, alive) = (StockId::new(shop.clock.now()), StockId::new(shop.clock.now()));
        probe.is_about(dead.0, Mood::Fails);
        emit(&shop, (1..=500).map(|version| changed(dead, version)).collect()).await;
        for _ in 0..14 {
            dispatch_all(&shop).await;
            shop.wait_minutes(60);
        }
        assert_eq!(probe.tried(), 12);
        emit(&shop, (1..=500).map(|version| changed(alive, version)).collect()).await;
        dispatch_all(&shop).await;
        assert_eq!(probe.versions(alive.0), (1..=500).collect::<Vec<_>>(), "not in the way of others");
        assert_eq!((probe.versions(dead.0), probe.tried()), (vec![], 512));
    }

    async fn a_handler_that_panics_has_failed(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let (bad, good) = (StockId::new(shop.clock.now()), StockId::new(shop.clock.now()));
        probe.is_about(bad.0, Mood::Panics);
        emit(&shop, vec![changed(bad, 1), changed(good, 1)]).await;
        dispatch_all(&shop).await;
        assert_eq!(probe.versions(good.0), [1]);
        let errors = "SELECT COUNT(*) AS n FROM event_deliveries WHERE attempts = 1 AND error LIKE '%panicked%'";
        assert_eq!(shop.number(errors, []).await, 1);
        probe.is_about(bad.0, Mood::Works);
        shop.wait_seconds(2);
        dispatch_all(&shop).await;
        assert_eq!(probe.versions(bad.0), [1]);
    }

    async fn a_handler_may_take_the_events_of_many_at_once(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        probe.takes_many.store(true, Ordering::Relaxed);
        let rows: Vec<StockId> = (0..3).map(|_| StockId::new(shop.clock.now())).collect();
        for version in 1..=2 {
            emit(&shop, rows.iter().map(|row| changed(*row, version)).collect()).await;
        }
        assert_eq!(dispatch_due(&shop).await.expect("dispatched"), 6);
        for row in &rows {
            assert_eq!(probe.versions(row.0), [1, 2]);
        }
        assert_eq!((probe.together.lock().expect("not poisoned").clone(), probe.tried()), (vec![6], 0));
        assert_eq!(shop.number(OPEN, []).await, 0);
        // What is alone needs no company.
        emit(&shop, vec![changed(rows[0], 3)]).await;
        dispatch_all(&shop).await;
        assert_eq!((probe.versions(rows[0].0), probe.tried()), (vec![1, 2, 3], 1));
    }

    async fn what_is_wrong_with_one_of_many_stops_no_other(shop: TestShop) {
        for mood in [Mood::Fails, Mood::Panics] {
            let (shop, probe) = with_probe(&shop).await;
            probe.takes_many.store(true, Ordering::Relaxed);
            let rows: Vec<StockId> = (0..3).map(|_| StockId::new(shop.clock.now())).collect();
            probe.is_about(rows[1].0, mood);
            emit(&shop, rows.iter().map(|row| changed(*row, 1)).collect()).await;
            dispatch_all(&shop).await;
            let versions: Vec<_> = rows.iter().map(|row| probe.versions(row.0)).collect();
            assert_eq!(versions, [vec![1], vec![], vec![1]]);
            emit(&shop, vec![changed(rows[0], 2), changed(rows[2], 2)]).await;
            shop.wait_seconds(2);
            dispatch_all(&shop).await;
            // The bad one came back by itself, the others together.
            assert_eq!(probe.together.lock().expect("not poisoned").clone(), [3, 2]);
            assert_eq!((probe.versions(rows[2].0), probe.tried()), (vec![1, 2], 4));
            probe.is_about(rows[1].0, Mood::Works);
            shop.wait_seconds(4);
            dispatch_all(&shop).await;
            assert_eq!((probe.versions(rows[1].0), shop.number(OPEN, []).await), (vec![1], 0));
        }
    }

    async fn many_wait_together_for_what_their_handler_needs(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        probe.takes_many.store(true, Ordering::Relaxed);
        let rows: Vec<StockId> = (0..50).map(|_| StockId::new(shop.clock.now())).collect();
        emit(&shop, rows.iter().map(|row| changed(*row, 1)).collect()).await;
        probe.is(Mood::NotNow);
        dispatch_all(&shop).await;
        assert!(probe.tried() < 10, "nobody asks for all of them: {}", probe.tried());
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM event_deliveries WHERE attempts > 0", []).await, 0);
        probe.is(Mood::Works);
        shop.wait_minutes(1);
        dispatch_all(&shop).await;
        assert_eq!(probe.together.lock().expect("not poisoned").clone(), [50, 50]);
        assert_eq!(shop.number(OPEN, []).await, 0);
    }

    async fn what_kills_its_worker_each_time_is_given_up(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let row = StockId::new(shop.clock.now());
        emit(&shop, vec![changed(row, 1), changed(row, 2)]).await;
        probe.is(Mood::Hangs);
        for _ in 0..12 {
            let died = tokio::time::timeout(Duration::from_millis(150), dispatch_due(&shop)).await;
            assert!(died.is_err(), "it was working");
            shop.wait_seconds(60);
        }
        dispatch_all(&shop).await;
        assert_eq!(probe.tried(), 12);
        let dead = "SELECT COUNT(*) AS n FROM event_deliveries WHERE state = 'dead' AND error IS NOT NULL";
        assert_eq!(shop.number(dead, []).await, 1, "what follows it waits, and has not been tried");
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM event_deliveries WHERE attempts = 0", []).await, 1);
    }

    async fn what_a_handler_needs_may_be_gone_for_days(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let rows: Vec<StockId> = (0..200).map(|_| StockId::new(shop.clock.now())).collect();
        for version in 1..=2 {
            emit(&shop, rows.iter().map(|row| changed(*row, version)).collect()).await;
        }
        probe.is(Mood::NotNow);
        for _ in 0..100 {
            dispatch_all(&shop).await;
            shop.wait_minutes(60);
        }
        assert!(probe.tried() <= 100 * 100, "not all that waits is tried each time: {}", probe.tried());
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM event_deliveries WHERE attempts > 0", []).await, 0);
        assert_eq!(shop.number(OPEN, []).await, 400);
        probe.is(Mood::Works);
        shop.wait_minutes(1);
        dispatch_all(&shop).await;
        for row in &rows {
            assert_eq!(probe.versions(row.0), [1, 2]);
        }
    }

    async fn a_run_that_fails_in_the_middle_goes_on_there(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let row = StockId::new(shop.clock.now());
        emit(&shop, (1..=3).map(|version| changed(row, version)).collect()).await;
        dispatch_due(&shop).await.expect("dispatched");
        probe.is(Mood::Fails);
        emit(&shop, (4..=6).map(|version| changed(row, version)).collect()).await;
        dispatch_all(&shop).await;
        probe.is(Mood::Works);
        shop.wait_seconds(1);
        dispatch_all(&shop).await;
        assert_eq!(probe.versions(row.0), [1, 2, 3], "a second too early");
        shop.wait_seconds(1);
        dispatch_all(&shop).await;
        assert_eq!(probe.versions(row.0), [1, 2, 3, 4, 5, 6]);
    }

    async fn what_was_given_up_is_delivered_again_when_staff_say_so(shop: TestShop) {
        let (shop, probe) = with_probe(&shop).await;
        let ada = shop.member("ada@example.org").await;
        dispatch_all(&shop).await;
        let (one, other) = (StockId::new(shop.clock.now()), StockId::new(shop.clock.now()));
        emit(&shop, (1..=3).flat_map(|version| [changed(one, version), changed(other, version)]).collect()).await;
        probe.is(Mood::Fails);
        for _ in 0..14 {
            dispatch_all(&shop).await;
            shop.wait_minutes(60);
        }
        probe.is(Mood::Works);
        assert!(matches!(replay(&shop, &ada, None).await, Err(StaffError::Forbidden(_))));
        assert!(matches!(queries::dead_letters(&shop, &ada, None).await, Err(StaffError::Forbidden(_))));
        let admin = SignedIn { role: Role::Admin, ..ada };
        let (letters, more) = queries::dead_letters(&shop, &admin, None).await.expect("read");
        assert_eq!((letters.len(), more), (2, false));
        assert!(letters.iter().all(|letter| letter.attempts == 12 && letter.error.as_deref() == Some("told to fail")));
        let open = queries::open(&shop, &admin).await.expect("read");
        let at_probe = open.iter().find(|at| at.handler == "probe").expect("it has open ones");
        assert_eq!((at_probe.pending, at_probe.dead), (4, 2));
        let letter = letters.iter().find(|letter| letter.aggregate_id == one.0).expect("of the one");
        assert_eq!(replay(&shop, &admin, Some(&letter.id())).await.expect("replayed"), 1);
        dispatch_all(&shop).await;
        assert_eq!((probe.versions(one.0), probe.versions(other.0)), (vec![1, 2, 3], vec![]));
        assert_eq!(replay(&shop, &admin, None).await.expect("replayed"), 1);
        dispatch_all(&shop).await;
        assert_eq!(probe.versions(other.0), [1, 2, 3]);
        assert_eq!(replay(&shop, &admin, None).await.expect("replayed"), 0);
        let logged = "SELECT COUNT(*) AS n FROM audit_log WHERE action = 'events-replayed'";
        assert_eq!(shop.number(logged, []).await, 2, "each once, and nothing for nothing");
    }
}
