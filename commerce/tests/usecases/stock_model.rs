//! Random histories of shopping against a model that fits on a page; `HISTORIES=20` runs twenty times as many, others
//! each time.

pub mod model;
mod staff;

use crate::harness::{Goods, Guest, TestShop, check, times};
use chrono::{DateTime, Utc};
use commerce::accounts::SignedIn;
use commerce::cart::CartError;
use commerce::catalog::projection;
use commerce::checkout::{CheckoutError, HOLD_MOST_MINUTES, Step};
use commerce::inventory::create_location::create_warehouse;
use commerce::inventory::receive::receive;
use commerce::inventory::release_expired::release_expired;
use commerce::inventory::{LocationId, Receipt};
use model::{Act, GUESTS, Model, Outcome, StaffAct, VARIATIONS};
use proptest::prelude::*;
use sea_orm::FromQueryResult;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many histories there are by default.
const HISTORIES: u32 = 40;

/// A shopper seldom does one thing alone: what is done in a row, until something is refused.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let steps = |guest| Step::ALL[..3].iter().map(move |step| Act::Save(guest, *step));
    prop_oneof![
        8 => act().prop_map(|act| vec![act]),
        1 => (0..GUESTS).prop_map(move |guest| [Act::Start(guest)].into_iter().chain(steps(guest)).collect()),
        1 => (0..GUESTS, 0..VARIATIONS, 1..4_i32).prop_map(move |(guest, what, quantity)| {
            [Act::Add(guest, what, quantity), Act::Start(guest)]
                .into_iter().chain(steps(guest)).chain([Act::Place(guest)]).collect()
        }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let (guest, variation, quantity) = (|| 0..GUESTS, || 0..VARIATIONS, || 1..8_i32);
    prop_oneof![
        6 => (guest(), variation(), quantity()).prop_map(|(guest, what, n)| Act::Add(guest, what, n)),
        3 => (guest(), variation(), quantity()).prop_map(|(guest, what, n)| Act::Set(guest, what, n)),
        1 => (guest(), variation()).prop_map(|(guest, what)| Act::Remove(guest, what)),
        1 => guest().prop_map(Act::Clear),
        6 => guest().prop_map(Act::Start),
        6 => (guest(), prop::sample::select(Step::ALL[..3].to_vec())).prop_map(|(guest, step)| Act::Save(guest, step)),
        5 => guest().prop_map(Act::Place),
        4 => (1_i64..13).prop_map(Act::Wait),
        1 => Just(Act::Sweep),
        4 => staff_act().prop_map(Act::Staff),
    ]
}

pub fn staff_act() -> impl Strategy<Value = StaffAct> {
    let (at, what, quantity) = (|| 0..PLACES, || 0..VARIATIONS, || 1..9_i64);
    prop_oneof![
        3 => (at(), what(), quantity()).prop_map(|(at, what, n)| StaffAct::Receive(at, what, n)),
        4 => (at(), what(), 0..9_i64).prop_map(|(at, what, n)| StaffAct::Count(at, what, n)),
        4 => (at(), what(), quantity()).prop_map(|(at, what, n)| StaffAct::Move(at, what, n)),
        2 => (at(), what(), quantity()).prop_map(|(at, what, n)| StaffAct::PutBack(at, what, n)),
        2 => (0..9_usize).prop_map(StaffAct::Cancel),
        4 => (at(), 0..9_usize, 1..5_i64).prop_map(|(at, order, n)| StaffAct::Ship(at, order, n)),
    ]
}

/// How many locations there are.
pub const PLACES: usize = 3;

/// The locations of every history, and who works there.
#[derive(Clone)]
pub struct Frame {
    pub places: [LocationId; PLACES],
    pub who: SignedIn,
}

impl Frame {
    /// Opens the locations beside the first one, and signs somebody in.
    pub async fn new(shop: &TestShop) -> Self {
        let second = create_warehouse(shop.db.primary(), "Second", -1, shop.clock.now()).await.expect("opened");
        // The one that is last by priority is the nearest: what is held moves when the address is known.
        let third = create_warehouse(shop.db.primary(), "Third", 1, shop.clock.now()).await.expect("opened");
        shop.execute("UPDATE locations SET country = 'DE' WHERE id = $1", [third.into()]).await;
        Self { places: [shop.warehouse().await, second, third], who: shop.admin("staff@example.org").await }
    }
}

/// The shop of a history, with variations of its own.
pub struct World {
    pub shop: TestShop,
    pub guests: Vec<Guest>,
    pub skus: [String; VARIATIONS],
    pub frame: Frame,
}

#[derive(Debug, FromQueryResult)]
struct Claimed {
    cart_id: Option<commerce::cart::CartId>,
    sku: String,
    quantity: i64,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, FromQueryResult)]
struct Stocked {
    sku: String,
    on_hand: i64,
    reserved: i64,
}

impl World {
    pub async fn new(shop: &TestShop, frame: Frame, stock: &[(i64, i64); VARIATIONS]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let skus: [String; VARIATIONS] = std::array::from_fn(|what| format!("H{number}-{what}"));
        let cup = Goods::varied(shop, &format!("H{number}"), 900, &[("Size", &["S", "M"])])
            .variation(&skus[0], &["S"], 0, stock[0].0)
            .variation(&skus[1], &["M"], 0, stock[1].0);
        let products = shop.add_goods(vec![cup, Goods::new(shop, &skus[2], 500, stock[2].0)]).await;
        let mut receipts = Vec::new();
        for (sku, (_, quantity)) in skus.iter().zip(stock) {
            receipts.push(Receipt { variation: shop.variation(sku).await.0, quantity: *quantity });
        }
        receive(shop.db.primary(), frame.places[1], receipts, "test", shop.clock.now()).await.expect("received");
        projection::refresh(shop.db.primary(), &products.into_iter().collect()).await.expect("refreshed");
        let guests = (0..GUESTS).map(|_| shop.guest()).collect();
        Self { shop: shop.clone(), guests, skus, frame }
    }

    pub async fn act(&mut self, act: &Act) -> Outcome {
        let of_cart = |outcome: Result<(), CartError>, what: usize| match outcome {
            Ok(()) => Outcome::Done,
            Err(CartError::NotEnough { available, .. }) => Outcome::Short(BTreeMap::from([(what, available)])),
            Err(CartError::NotInCart) => Outcome::Refused("not in cart"),
            Err(CartError::TooMany { .. }) => Outcome::Refused("too many"),
            Err(error) => panic!("{act:?}: {error}"),
        };
        // Who never had a cart has no token to ask with: what the model says of an empty cart.
        let nobody = |guest: &Guest| guest.token.is_none();
        let outcome = match *act {
            Act::Add(me, what, quantity) => {
                return of_cart(self.guests[me].add(&self.skus[what], quantity).await, what);
            }
            Act::Set(me, ..) | Act::Remove(me, _) | Act::Clear(me) if nobody(&self.guests[me]) => {
                return Outcome::Refused("not in cart");
            }
            Act::Set(me, what, quantity) => {
                return of_cart(self.guests[me].set(&self.skus[what], quantity).await, what);
            }
            Act::Remove(me, what) => return of_cart(self.guests[me].remove(&self.skus[what]).await.map(|_| ()), what),
            Act::Clear(me) => return of_cart(self.guests[me].clear().await, 0),
            Act::Start(me) if nobody(&self.guests[me]) => Err(CheckoutError::EmptyCart),
            Act::Save(me, _) | Act::Place(me) if nobody(&self.guests[me]) => Err(CheckoutError::NotStarted),
            Act::Start(me) => self.guests[me].start().await,
            Act::Save(me, step) => self.guests[me].do_step(step).await,
            Act::Place(me) => match self.guests[me].checkout().await {
                Some(_) => self.guests[me].place().await.map(|_| ()),
                None => Err(CheckoutError::NotStarted),
            },
            Act::Staff(_) => unreachable!("goes by what is seen"),
            Act::Wait(minutes) => {
                self.shop.wait_minutes(minutes);
                Ok(())
            }
            Act::Sweep => release_expired(&self.shop).await.map(|_| ()).map_err(CheckoutError::from),
        };
        self.came_of(outcome).await
    }

    /// What came of a step of a checkout, as the model says it.
    pub async fn came_of(&self, outcome: Result<(), CheckoutError>) -> Outcome {
        match outcome {
            Ok(()) => Outcome::Done,
            Err(CheckoutError::Short(short)) => {
                let mut named = BTreeMap::new();
                for of in short {
                    for (what, sku) in self.skus.iter().enumerate() {
                        if self.shop.variation(sku).await.0 == of.variation {
                            named.insert(what, of.available);
                        }
                    }
                }
                Outcome::Short(named)
            }
            Err(CheckoutError::EmptyCart) => Outcome::Refused("empty"),
            Err(CheckoutError::NotStarted) => Outcome::Refused("not started"),
            Err(CheckoutError::StepMissing(_)) => Outcome::Refused("step missing"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Fails where the database says something else than the model.
    pub async fn compare(&self, model: &Model) -> Result<(), TestCaseError> {
        let text = "SELECT c.cart_id, v.sku, CAST(SUM(c.quantity) AS BIGINT) AS quantity, c.expires_at
                    FROM claims c JOIN stock s ON s.id = c.stock_id JOIN variations v ON v.id = s.variation_id
                    WHERE v.sku IN ($1, $2, $3) GROUP BY c.cart_id, v.sku, c.expires_at";
        let claimed: Vec<Claimed> = self.shop.rows(text, self.skus.iter().map(|sku| sku.clone().into())).await;
        let mut carts = BTreeMap::new();
        for (me, guest) in self.guests.iter().enumerate() {
            if let Some(cart) = guest.cart().await {
                carts.insert(cart.id, me);
                let lines: BTreeMap<_, _> =
                    cart.lines.iter().map(|line| (self.what(&line.sku), i64::from(line.quantity))).collect();
                prop_assert_eq!(&lines, &model.carts[me].lines);
                for line in &cart.lines {
                    prop_assert_eq!(line.available, model.available(me, self.what(&line.sku)), "available to {}", me);
                }
            }
        }
        let mut seen = (vec![BTreeMap::new(); GUESTS], [0; VARIATIONS]);
        for claim in claimed {
            let what = self.what(&claim.sku);
            match claim.cart_id {
                None => seen.1[what] += claim.quantity,
                Some(cart) => {
                    let me = carts[&cart];
                    prop_assert_eq!(claim.expires_at, Some(model.carts[me].expires));
                    seen.0[me].insert(what, claim.quantity);
                }
            }
        }
        prop_assert_eq!(&seen.0, &model.carts.iter().map(|cart| cart.claims.clone()).collect::<Vec<_>>());
        prop_assert_eq!(seen.1, model.sold);
        let text = "SELECT v.sku, s.on_hand, s.reserved FROM stock s JOIN variations v ON v.id = s.variation_id
                    WHERE v.sku IN ($1, $2, $3)";
        let stock: Vec<Stocked> = self.shop.rows(text, self.skus.iter().map(|sku| sku.clone().into())).await;
        let mut sums = [(0, 0); VARIATIONS];
        for row in stock {
            prop_assert!(0 <= row.reserved && row.reserved <= row.on_hand, "{:?}", row);
            let sum = &mut sums[self.what(&row.sku)];
            *sum = (sum.0 + row.on_hand, sum.1 + row.reserved);
        }
        for (what, (on_hand, reserved)) in sums.into_iter().enumerate() {
            let claims: i64 = model.carts.iter().filter_map(|cart| cart.claims.get(&what)).sum();
            prop_assert_eq!((on_hand, reserved), (model.on_hand[what], claims + model.sold[what]));
        }
        Ok(())
    }

    pub fn what(&self, sku: &str) -> usize {
        self.skus.iter().position(|own| own == sku).expect("one of ours")
    }
}

async fn follow(
    shop: TestShop,
    frame: Frame,
    stock: [(i64, i64); VARIATIONS],
    acts: Vec<Act>,
) -> Result<(), TestCaseError> {
    let mut world = World::new(&shop, frame, &stock).await;
    let mut model = Model::new(&stock, shop.clock.now());
    let before = shop.count("orders").await;
    for (number, act) in acts.iter().enumerate() {
        if let Act::Staff(act) = act {
            world.staff(act, &mut model).await?;
            world.compare(&model).await?;
            continue;
        }
        let outcome = world.act(act).await;
        model.now = match act {
            // Adding moves the clock by a hair.
            Act::Wait(_) => model.now,
            _ => shop.clock.now(),
        };
        prop_assert_eq!(outcome, model.act(act), "act {}: {:?}", number, act);
        model.now = shop.clock.now();
        world.compare(&model).await?;
    }
    prop_assert_eq!(shop.count("orders").await - before, model.orders);
    shop.assert_ledger_agrees().await;
    shop.assert_listings_are_right().await;
    // Nothing of this history is in the way of the next one.
    shop.wait_minutes(HOLD_MOST_MINUTES);
    release_expired(&shop).await.expect("swept");
    shop.assert_ledger_agrees().await;
    shop.assert_listings_are_right().await;
    Ok(())
}

both_databases! {
    async fn random_histories_go_as_the_model_says(shop: TestShop) {
        let frame = Frame::new(&shop).await;
        let level = || (0_i64..9, 0_i64..9);
        let histories = ([level(), level(), level()], prop::collection::vec(acts(), 30..60));
        check(HISTORIES, &histories, |(stock, acts)| follow(shop.clone(), frame.clone(), stock, acts.concat()));
        let orders = shop.count("orders").await;
        assert!(orders > i64::from(HISTORIES * times()), "only {orders} orders: the histories are too tame");
    }
}
