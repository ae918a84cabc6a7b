//! Stock in the hands of staff.

use crate::harness::{Guest, TestShop, contact};
use crate::shipments::{new_shipment, sent};
use commerce::accounts::SignedIn;
use commerce::catalog::VariationId;
use commerce::checkout::Step;
use commerce::inventory::adjust::{Adjustment, Count, adjust};
use commerce::inventory::claims::{self, ClaimError};
use commerce::inventory::locations::{change_location, create_location};
use commerce::inventory::queries::{self, StockFilter};
use commerce::inventory::receive_goods::receive_goods;
use commerce::inventory::release_expired::release_expired;
use commerce::inventory::set_threshold::set_threshold;
use commerce::inventory::ship::{self, ShipError};
use commerce::inventory::transfer::{Transfer, transfer};
use commerce::inventory::{
    Actor, Demand, Line, LocationId, NewLocation, OperationKey, Reason, StockError, StockLow, low_stock, put_back,
};
use commerce::orders::cancel::cancel_for;
use commerce::orders::{OrderId, queries as orders};
use uuid::Uuid;

fn place(name: &str, country: &str, postal_code: &str) -> NewLocation {
    let text = |text: &str| text.to_owned();
    NewLocation {
        name: text(name),
        country: text(country),
        region: String::new(),
        postal_code: text(postal_code),
        line1: String::new(),
        line2: String::new(),
        city: String::new(),
        priority: 5,
        active: true,
    }
}

impl TestShop {
    fn key(&self) -> OperationKey {
        OperationKey::new(self.clock.now())
    }

    async fn open(&self, who: &SignedIn, name: &str, country: &str, postal_code: &str) -> LocationId {
        create_location(self, who, &place(name, country, postal_code)).await.expect("opened")
    }

    async fn receives(&self, who: &SignedIn, at: LocationId, sku: &str, quantity: i64) {
        let lines = [Line { variation: self.variation(sku).await.0, quantity }];
        receive_goods(self, who, self.key(), at, &lines, "").await.expect("received");
    }

    async fn counts(&self, who: &SignedIn, sku: &str, count: Count) -> Result<(), StockError> {
        let location = self.warehouse().await;
        let adjustment = Adjustment { location, variation: self.variation(sku).await.0, count };
        adjust(self, who, self.key(), &adjustment, "counted").await
    }

    /// What is at each location: on hand and reserved.
    async fn levels(&self, who: &SignedIn, sku: &str) -> Vec<(String, i64, i64)> {
        let stocked = queries::stock_of(self, who, sku).await.expect("read").expect("known");
        stocked.levels.into_iter().map(|level| (level.location_name, level.on_hand, level.reserved)).collect()
    }

    async fn orders(&self, guest: &Guest) -> OrderId {
        let access = guest.place().await.expect("placed");
        let order = commerce::orders::queries::by_access_token(self.db.primary(), &access.hash()).await;
        order.expect("read").expect("the order").id
    }
}

const NOTHING: Count = Count::Is { on_hand: 0, seen: None };

both_databases! {
    async fn a_form_that_is_sent_twice_is_done_once(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let ada = shop.admin("ada@example.org").await;
        let main = shop.warehouse().await;
        let other = shop.open(&ada, "Other", "DE", "").await;
        let mug = shop.variation("MUG").await.0;
        let line = move |quantity| Line { variation: mug, quantity };
        let (receiving, moving, changing) = (shop.key(), shop.key(), shop.key());
        let one = |who: SignedIn, shop: TestShop| async move {
            receive_goods(&shop, &who, receiving, main, &[line(5)], "note 7").await
        };
        let (first, second) =
            tokio::join!(tokio::spawn(one(ada.clone(), shop.clone())), tokio::spawn(one(ada.clone(), shop.clone())));
        first.expect("ran").expect("received");
        second.expect("ran").expect("the same");
        let moved = Transfer { from: main, to: other, lines: vec![line(4)] };
        let fewer = Adjustment { location: main, variation: mug, count: Count::Differs(-1) };
        for _ in 0..3 {
            transfer(&shop, &ada, moving, &moved, "").await.expect("moved");
            adjust(&shop, &ada, changing, &fewer, "broken").await.expect("counted");
        }
        assert_eq!(shop.levels(&ada, "MUG").await, [("Main".to_owned(), 10, 0), ("Other".to_owned(), 4, 0)]);
        let reused = receive_goods(&shop, &ada, receiving, main, &[line(6)], "note 7").await;
        assert!(matches!(reused, Err(StockError::KeyReused)), "{reused:?}");
        let (movements, more) = queries::movements(&shop, &ada, mug, None).await.expect("read");
        let told: Vec<_> = movements.iter().map(|of| (of.reason.expect("known"), of.on_hand)).collect();
        let all = [(Reason::Adjusted, -1), (Reason::Moved, 4), (Reason::Moved, -4), (Reason::Received, 5), (Reason::Received, 10)];
        assert!(!more && all.iter().all(|of| told.contains(of)) && told.len() == all.len(), "{told:?}");
        let broken = movements.iter().find(|of| of.reason == Some(Reason::Adjusted)).expect("counted");
        assert_eq!(broken.email.as_deref(), Some("ada@example.org"));
        assert_eq!((broken.note.as_str(), broken.actor), ("broken", Some(Actor::Staff(ada.user))));
        assert_eq!(movements.last().expect("the import").actor, None);
        let reports = shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'StockChanged'", []).await;
        assert_eq!(reports, 4, "received, moved out and in, counted");
        for (action, times) in [("stock-received", 1), ("stock-transferred", 1), ("stock-adjusted", 1), ("location-opened", 1)] {
            let written = shop.number("SELECT COUNT(*) AS n FROM audit_log WHERE action = $1", [action.into()]).await;
            assert_eq!(written, times, "{action}");
        }
        shop.assert_stock_is_sound().await;
        shop.assert_listings_are_right().await;
    }

    async fn stock_is_for_staff(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let eve = shop.member("eve@example.org").await;
        let (main, mug) = (shop.warehouse().await, shop.variation("MUG").await.0);
        let line = Line { variation: mug, quantity: 1 };
        let moved = Transfer { from: main, to: LocationId(Uuid::nil()), lines: vec![line] };
        let refused = [
            receive_goods(&shop, &eve, shop.key(), main, &[line], "").await,
            shop.counts(&eve, "MUG", NOTHING).await,
            transfer(&shop, &eve, shop.key(), &moved, "").await,
            set_threshold(&shop, &eve, mug, Some(3)).await,
            create_location(&shop, &eve, &place("Hers", "", "")).await.map(drop),
            change_location(&shop, &eve, main, 1, &place("Hers", "", "")).await,
        ];
        assert!(refused.iter().all(|outcome| matches!(outcome, Err(StockError::Forbidden(_)))), "{refused:?}");
        assert!(queries::stock(&shop, &eve, &StockFilter::default()).await.is_err());
        assert!(queries::stock_of(&shop, &eve, "MUG").await.is_err());
        assert!(queries::movements(&shop, &eve, mug, None).await.is_err());
        assert!(queries::locations(&shop, &eve).await.is_err());
        assert_eq!(shop.stock("MUG").await, (10, 0));
        let ada = shop.admin("ada@example.org").await;
        let absurd = [
            receive_goods(&shop, &ada, shop.key(), main, &[Line { quantity: 0, ..line }], "").await,
            receive_goods(&shop, &ada, shop.key(), main, &[Line { quantity: i64::MAX, ..line }], "").await,
            transfer(&shop, &ada, shop.key(), &Transfer { to: main, ..moved.clone() }, "").await,
            shop.counts(&ada, "MUG", Count::Differs(-11)).await,
        ];
        assert!(absurd.iter().all(|outcome| matches!(outcome, Err(StockError::OutOfRange))), "{absurd:?}");
        let nowhere = transfer(&shop, &ada, shop.key(), &moved, "").await;
        assert!(matches!(nowhere, Err(StockError::UnknownLocation)), "{nowhere:?}");
        let nothing = Line { variation: VariationId(Uuid::nil()), quantity: 1 };
        let unknown = receive_goods(&shop, &ada, shop.key(), main, &[nothing], "").await;
        assert!(matches!(unknown, Err(StockError::UnknownVariation)), "{unknown:?}");
    }

    async fn who_counts_less_than_is_claimed_takes_from_carts_first_and_never_from_orders(shop: TestShop) {
        shop.sells("MUG", 1_290, 9).await;
        let ada = shop.admin("ada@example.org").await;
        let (mut buyer, mut older, mut newer) = (shop.guest(), shop.guest(), shop.guest());
        for (guest, quantity) in [(&mut buyer, 3), (&mut older, 2), (&mut newer, 4)] {
            guest.add("MUG", quantity).await.expect("added");
            guest.checkout_to(Step::Review).await.expect("reviewed");
            shop.wait_seconds(1);
        }
        let order = shop.orders(&buyer).await;
        shop.wait_seconds(1);
        shop.counts(&ada, "MUG", Count::Is { on_hand: 8, seen: Some(9) }).await.expect("counted");
        assert_eq!(shop.stock("MUG").await, (8, 5), "the newest hold is gone, as a whole");
        assert!(older.place().await.is_ok(), "the older one stands");
        let stale = shop.counts(&ada, "MUG", Count::Is { on_hand: 7, seen: Some(9) }).await;
        assert!(matches!(stale, Err(StockError::Changed)), "{stale:?}");
        let refused = shop.counts(&ada, "MUG", Count::Is { on_hand: 1, seen: None }).await;
        let Err(StockError::Shorts(orders)) = refused else { panic!("{refused:?}") };
        assert_eq!(orders.iter().map(|of| of.short).collect::<Vec<_>>(), [2, 2], "the newest order first");
        assert_eq!(orders[1].order, order);
        assert_eq!(shop.stock("MUG").await, (8, 5), "nothing has changed");
        shop.assert_stock_is_sound().await;
        shop.assert_listings_are_right().await;
    }

    async fn low_stock_is_told_once_until_there_is_enough_again(shop: TestShop) {
        shop.sells("MUG", 1_290, 6).await;
        let ada = shop.admin("ada@example.org").await;
        let other = shop.open(&ada, "Other", "DE", "").await;
        shop.receives(&ada, other, "MUG", 4).await;
        let mug = shop.variation("MUG").await.0;
        let told = async || {
            low_stock::notice_sold(&shop, &[mug].into()).await.expect("looked");
            shop.reported("StockLow").await.len()
        };
        let buy = async |pieces| {
            let mut guest = shop.guest();
            guest.add("MUG", pieces).await.expect("added");
            guest.checkout_to(Step::Review).await.expect("reviewed");
            let access = guest.place().await.expect("placed");
            let order = orders::by_access_token(shop.db.primary(), &access.hash()).await.expect("read");
            order.expect("an order").id
        };
        shop.counts(&ada, "MUG", Count::Differs(-5)).await.expect("counted");
        assert_eq!(told().await, 0, "there are five in all");
        let mut guest = shop.guest();
        guest.add("MUG", 4).await.expect("added");
        guest.start().await.expect("started");
        assert_eq!(told().await, 0, "who only looks takes nothing");
        guest.clear().await.expect("cleared");
        let first = buy(1).await;
        assert_eq!(told().await, 1);
        let second = buy(1).await;
        assert_eq!(told().await, 1, "it never was above again");
        cancel_for(&shop, &ada, second, true, true).await.expect("cancelled");
        assert_eq!(told().await, 1, "there are four");
        cancel_for(&shop, &ada, first, true, true).await.expect("cancelled");
        buy(1).await;
        assert_eq!(told().await, 2, "there were enough meanwhile");
        shop.receives(&ada, other, "MUG", 1).await;
        shop.counts(&ada, "MUG", Count::Differs(-1)).await.expect("counted");
        assert_eq!(told().await, 3, "and again");
        let low: StockLow = serde_json::from_value(shop.reported("StockLow").await.remove(2)).expect("as written");
        assert_eq!((low.sku.as_str(), low.available, low.threshold, low.alert), ("MUG", 4, 5, 3));
        let filter = StockFilter { low: true, ..StockFilter::default() };
        assert_eq!(queries::stock(&shop, &ada, &filter).await.expect("read").0.len(), 1);
        set_threshold(&shop, &ada, low.variation, Some(2)).await.expect("set");
        assert!(queries::stock(&shop, &ada, &filter).await.expect("read").0.is_empty());
        buy(3).await;
        assert_eq!(told().await, 4, "by its own threshold");
        let recipients = queries::alert_recipients(shop.db.primary(), &shop.reference().settings).await.expect("read");
        assert_eq!(recipients, ["ada@example.org"]);
        shop.assert_all_is_well().await;
    }

    async fn a_hold_that_has_ended_does_not_use_up_the_word_about_who_buys(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut looks = shop.guest();
        looks.add("MUG", 8).await.expect("added");
        looks.start().await.expect("started");
        shop.wait_minutes(120);
        release_expired(&shop).await.expect("swept");
        let mut buys = shop.guest();
        buys.add("MUG", 8).await.expect("added");
        buys.checkout_to(Step::Review).await.expect("reviewed");
        buys.place().await.expect("placed");
        low_stock::notice_sold(&shop, &[shop.variation("MUG").await.0].into()).await.expect("looked");
        let low: Vec<StockLow> = shop.reported("StockLow").await.into_iter().map(|of| serde_json::from_value(of).expect("as written")).collect();
        assert_eq!(low.iter().map(|low| low.available).collect::<Vec<_>>(), [2]);
    }

    async fn one_crossing_at_two_locations_at_once_is_told_once(shop: TestShop) {
        shop.sells("MUG", 1_290, 4).await;
        let ada = shop.admin("ada@example.org").await;
        let other = shop.open(&ada, "Other", "DE", "").await;
        shop.receives(&ada, other, "MUG", 4).await;
        let mug = shop.variation("MUG").await.0;
        let tasks: Vec<_> = [shop.warehouse().await, other, shop.warehouse().await, other]
            .into_iter()
            .map(|location| {
                let (shop, ada) = (shop.clone(), ada.clone());
                tokio::spawn(async move {
                    let fewer = Adjustment { location, variation: mug, count: Count::Differs(-2) };
                    adjust(&shop, &ada, OperationKey::new(shop.clock.now()), &fewer, "gone").await
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic").expect("counted");
        }
        assert_eq!(shop.stock("MUG").await, (0, 0));
        assert_eq!(shop.reported("StockLow").await.len(), 1);
        shop.assert_all_is_well().await;
    }

    async fn what_is_held_moves_to_the_nearest_location_that_has_everything(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("BOWL", 900, 10).await;
        let ada = shop.admin("ada@example.org").await;
        let paris = shop.open(&ada, "Paris", "FR", "75001").await;
        let berlin = shop.open(&ada, "Berlin", "DE", "10999").await;
        for (at, sku, quantity) in [(paris, "MUG", 5), (paris, "BOWL", 5), (berlin, "MUG", 5), (berlin, "BOWL", 1)] {
            shop.receives(&ada, at, sku, quantity).await;
        }
        let held = async || {
            let text = "SELECT COUNT(*) AS n FROM claims c JOIN stock s ON s.id = c.stock_id WHERE s.location_id = $1";
            let mut held = Vec::new();
            for location in [shop.warehouse().await, paris, berlin] {
                held.push(shop.number(text, [location.into()]).await);
            }
            held
        };
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.add("BOWL", 1).await.expect("added");
        guest.start().await.expect("started");
        assert_eq!(held().await, [2, 0, 0], "by priority");
        guest.do_step(Step::Address).await.expect("known");
        assert_eq!(contact().delivery.postal_code, "10117");
        assert_eq!(held().await, [0, 0, 2], "Berlin has everything");
        guest.set("BOWL", 2).await.expect("more");
        guest.do_step(Step::Delivery).await.expect("done");
        assert_eq!(held().await, [2, 0, 0], "one location that has everything, of the same distance by priority");
        guest.set("BOWL", 15).await.expect("many");
        guest.do_step(Step::Payment).await.expect("done");
        let split = held().await;
        assert_eq!(split.iter().filter(|claims| **claims > 0).count(), 2, "{split:?}: no more than it takes");
        guest.set("BOWL", 1).await.expect("fewer");
        guest.do_step(Step::Payment).await.expect("done");
        let order = shop.orders(&guest).await;
        let from: Vec<_> = queries::held_for_order(shop.db.primary(), order).await.expect("read");
        assert!(from.len() == 2 && from.iter().all(|held| held.location == berlin), "{from:?}");
        shop.assert_stock_is_sound().await;
        shop.assert_listings_are_right().await;
    }

    async fn an_order_ships_from_where_staff_stand(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let ada = shop.admin("ada@example.org").await;
        let actor = Actor::Staff(ada.user);
        let main = shop.warehouse().await;
        let other = shop.open(&ada, "Other", "FR", "").await;
        shop.receives(&ada, other, "MUG", 2).await;
        let mut guest = shop.guest();
        guest.add("MUG", 5).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let order = shop.orders(&guest).await;
        let mug = shop.variation("MUG").await.0;
        let parcel = sent(&shop, new_shipment(&shop, order, "a", &[(0, 5)]).await).await;
        let take = async |at: LocationId, quantity: i64| {
            let tx = shop.db.begin().await.expect("a transaction");
            let taken = ship::take(&shop, &tx, order, at, &[(mug, quantity)], parcel.0, &actor).await;
            if taken.is_ok() {
                tx.commit().await.expect("committed");
            }
            taken
        };
        let Err(ShipError::NotHeld(missing)) = take(other, 3).await else { panic!("there are two") };
        assert_eq!((missing[0].variation, missing[0].held, missing[0].wanted), (mug, 2, 3));
        take(other, 2).await.expect("what is free here");
        assert_eq!(shop.levels(&ada, "MUG").await, [("Main".to_owned(), 10, 3), ("Other".to_owned(), 0, 0)]);
        assert!(matches!(take(main, 4).await, Err(ShipError::NotHeld(_))), "three are left of five");
        take(main, 3).await.expect("the rest");
        assert_eq!(shop.stock("MUG").await, (7, 0));
        assert_eq!(queries::held_for_order(shop.db.primary(), order).await.expect("read"), []);
        let tx = shop.db.begin().await.expect("a transaction");
        put_back::put_back(&shop, &tx, other, &[(mug, 1)], order.0, &actor).await.expect("back");
        tx.commit().await.expect("committed");
        assert_eq!(shop.levels(&ada, "MUG").await, [("Main".to_owned(), 7, 0), ("Other".to_owned(), 1, 0)]);
        let (movements, _) = queries::movements(&shop, &ada, mug, None).await.expect("read");
        let sold: i64 = movements.iter().filter(|of| of.reason == Some(Reason::Sold)).map(|of| of.on_hand).sum();
        assert_eq!(sold, -5);
        let number = orders::by_id(shop.db.primary(), order).await.expect("read").expect("the order").number.to_string();
        let (of_order, others): (Vec<_>, Vec<_>) =
            movements.iter().partition(|of| of.order_number.as_deref() == Some(number.as_str()));
        let has = |reason| of_order.iter().any(|of| of.reason == Some(reason));
        assert!([Reason::Reserved, Reason::Sold, Reason::Returned].into_iter().all(has), "{movements:?}");
        assert!(others.iter().all(|of| of.reason == Some(Reason::Received)), "{others:?}");
        shop.assert_ledger_agrees().await;
    }

    async fn the_claims_of_an_order_follow_what_staff_make_of_it(shop: TestShop) {
        let product = shop.sells("MUG", 1_290, 10).await;
        let ada = shop.admin("ada@example.org").await;
        let actor = Actor::Staff(ada.user);
        let mut guest = shop.guest();
        guest.add("MUG", 3).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let order = shop.orders(&guest).await;
        let variation = shop.variation("MUG").await.0;
        let claim = async |quantity: i64| {
            let tx = shop.db.begin().await.expect("a transaction");
            let demands = [Demand { variation, product, quantity }];
            let claimed = claims::claim_for_order(&shop, &tx, order, &demands, &actor).await;
            if claimed.is_ok() {
                tx.commit().await.expect("committed");
            }
            claimed
        };
        for quantity in [7, 2, 10] {
            claim(quantity).await.expect("claimed");
            assert_eq!(shop.stock("MUG").await, (10, quantity));
        }
        let Err(ClaimError::Short(short)) = claim(11).await else { panic!("there are ten") };
        assert_eq!((short[0].variation, short[0].available), (variation, 10));
        claim(0).await.expect("nothing");
        assert_eq!(shop.stock("MUG").await, (10, 0));
        claim(4).await.expect("claimed");
        shop.wait_minutes(60 * 24);
        release_expired(&shop).await.expect("swept");
        assert_eq!(shop.stock("MUG").await, (10, 4), "an order keeps what it has");
        let tx = shop.db.begin().await.expect("a transaction");
        claims::release_order(&shop, &tx, order, &actor).await.expect("released");
        tx.commit().await.expect("committed");
        assert_eq!(shop.stock("MUG").await, (10, 0));
        shop.assert_ledger_agrees().await;
        let named = "SELECT COUNT(*) AS n FROM stock_movements WHERE reference = $1 AND actor = $2";
        assert_eq!(shop.number(named, [order.into(), actor.to_string().into()]).await, 6);
    }

    async fn a_location_is_closed_when_it_is_empty(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        let ada = shop.admin("ada@example.org").await;
        let main = shop.warehouse().await;
        let other = shop.open(&ada, "Other", "DE", "").await;
        let taken = create_location(&shop, &ada, &place("Other", "", "")).await;
        assert!(matches!(taken, Err(StockError::NameTaken)), "{taken:?}");
        let closed = NewLocation { active: false, ..place("Old", "DE", "10115") };
        let full = change_location(&shop, &ada, main, 1, &closed).await;
        assert!(matches!(full, Err(StockError::NotEmpty)), "{full:?}");
        let lines = vec![Line { variation: shop.variation("MUG").await.0, quantity: 3 }];
        transfer(&shop, &ada, shop.key(), &Transfer { from: main, to: other, lines: lines.clone() }, "").await.expect("moved");
        change_location(&shop, &ada, main, 1, &closed).await.expect("closed");
        let late = change_location(&shop, &ada, main, 1, &place("Late", "", "")).await;
        assert!(matches!(late, Err(StockError::Changed)), "{late:?}");
        let refused = receive_goods(&shop, &ada, shop.key(), main, &lines, "").await;
        assert!(matches!(refused, Err(StockError::LocationClosed)), "{refused:?}");
        let locations = queries::locations(&shop, &ada).await.expect("read");
        assert_eq!(locations.iter().find(|of| of.id == main).expect("there").data, closed);
        let mut guest = shop.guest();
        guest.add("MUG", 3).await.expect("all of it is at the other one");
    }

    async fn staff_and_shoppers_do_not_wait_for_each_other_in_a_circle(shop: TestShop) {
        let skus = ["MUG", "BOWL", "CUP"];
        for sku in skus {
            shop.sells(sku, 900, 40).await;
        }
        let ada = shop.admin("ada@example.org").await;
        let (main, other) = (shop.warehouse().await, shop.open(&ada, "Other", "DE", "10115").await);
        let mut variations = Vec::new();
        for sku in skus {
            shop.receives(&ada, other, sku, 40).await;
            variations.push(shop.variation(sku).await.0);
        }
        let tasks: Vec<_> = (0..24_usize)
            .map(|number| {
                let (shop, ada, mut guest, variations) = (shop.clone(), ada.clone(), shop.guest(), variations.clone());
                tokio::spawn(async move {
                    let (from, to) = if number % 2 == 0 { (main, other) } else { (other, main) };
                    let mut lines: Vec<_> = variations.iter().map(|of| Line { variation: *of, quantity: 2 }).collect();
                    lines.rotate_left(number % 3);
                    let key = || OperationKey::new(shop.clock.now());
                    match number % 4 {
                        0 => transfer(&shop, &ada, key(), &Transfer { from, to, lines }, "").await.expect("moved"),
                        1 => receive_goods(&shop, &ada, key(), to, &lines, "").await.expect("received"),
                        2 => {
                            let count = Count::Is { on_hand: 30, seen: None };
                            let counted = Adjustment { location: from, variation: lines[0].variation, count };
                            adjust(&shop, &ada, key(), &counted, "counted").await.expect("counted");
                        }
                        _ => {
                            for place in 0..3 {
                                guest.add(skus[(number + place) % 3], 1).await.expect("added");
                            }
                            guest.checkout_to(Step::Review).await.expect("reviewed");
                            guest.place().await.expect("placed");
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        shop.assert_all_is_well().await;
    }
}
