//! Random histories of orders, from the cart to the last cent that goes back, against a model of what may be done and
//! what becomes of it.
//!
//! `HISTORIES=20` runs twenty times as many, others each time. Another operation is a variant of [`Deed`], what the
//! model says of it (`Model::done`) and how it is done (`World::deed`).

mod attempt;
mod compare;
mod deeds;
mod model;
mod order;
mod staff;

use crate::harness::{Answer, Guest, TestShop, check, times};
use crate::stock_model::model::{self as stock, GUESTS, VARIATIONS};
use crate::stock_model::{self, Frame, PLACES};
use attempt::Method;
use chrono::TimeDelta;
use commerce::accounts::UserId;
use commerce::checkout::{PAY_BY_MINUTES, Step};
use commerce::doctor::examine;
use commerce::inventory::release_expired::release_expired;
use commerce::orders::draft::PAY_BY_DAYS;
use commerce::orders::refund::RefundMethod;
use commerce::orders::{OrderId, claim};
use commerce::payments::PaymentAttemptId;
use commerce::payments::test_gateway::Scenario;
use commerce::settings::{self, Settings};
use commerce::token::Token;
use deeds::Sent;
use model::{Act, Deed, Label, MEMBER, Model, SentBack, Share, Way};
use order::Order;
use proptest::prelude::*;

/// How many histories there are by default, each with about ten orders.
const HISTORIES: u32 = 30;

/// What has to be told once in four of them at least.
const TOLD: [&str; 7] = [
    "OrderEdited",
    "OrderShipped",
    "OrderSubmitted",
    "RefundIssued",
    "ReturnRefunded",
    "ShipmentDelivered",
    "StoreCreditSpent",
];

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::Transfer, Method::Cash, Method::Card, Method::Test, Method::Test, Method::Test])
}

/// How to pay, and whether with store credit first.
fn choice() -> impl Strategy<Value = (Method, bool)> {
    (method(), any::<bool>())
}

fn answer() -> impl Strategy<Value = Answer> {
    prop::sample::select(vec![Answer::Accept, Answer::Accept, Answer::Decline, Answer::Unavailable])
}

/// What is done in a row: nobody buys in one step.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let one = |act| vec![act];
    prop_oneof![
        5 => (0..GUESTS, 0..VARIATIONS, 1..5_i32, choice(), answer()).prop_map(|(guest, what, pieces, choice, answer)| {
            let (method, with_credit) = choice;
            let start = [stock::Act::Add(guest, what, pieces), stock::Act::Start(guest)];
            let steps = Step::ALL[..2].iter().map(|step| stock::Act::Save(guest, *step));
            let cart = start.into_iter().chain(steps).map(Act::Stock);
            cart.chain([Act::Choose(guest, method, with_credit), Act::Place(guest, answer)]).collect()
        }),
        20 => (any::<usize>(), deed()).prop_map(move |(order, deed)| one(Act::Order(order, deed))),
        2 => cart().prop_map(move |act| one(Act::Stock(act))),
        1 => (0..GUESTS, choice()).prop_map(move |(guest, (method, credit))| one(Act::Choose(guest, method, credit))),
        1 => (0..GUESTS, answer()).prop_map(move |(guest, answer)| one(Act::Place(guest, answer))),
        4 => any::<usize>().prop_map(move |number| one(Act::Hear(number))),
        2 => answer().prop_map(move |answer| one(Act::Settle(answer))),
        1 => Just(Act::Claim).prop_map(one),
        1 => prop::sample::select(vec![-900, 300, 900, 4_000]).prop_map(move |minor| one(Act::Adjust(minor))),
        1 => (prop::array::uniform3(0..4_i64), method()).prop_map(move |(pieces, method)| one(Act::Draft(pieces, method))),
    ]
}

/// What is done to carts, holds and stock.
fn cart() -> impl Strategy<Value = stock::Act> {
    let (guest, what) = (|| 0..GUESTS, || 0..VARIATIONS);
    prop_oneof![
        2 => (guest(), what(), 1..5_i32).prop_map(|(guest, what, pieces)| stock::Act::Add(guest, what, pieces)),
        1 => (guest(), what(), 1..5_i32).prop_map(|(guest, what, pieces)| stock::Act::Set(guest, what, pieces)),
        1 => (guest(), what()).prop_map(|(guest, what)| stock::Act::Remove(guest, what)),
        2 => guest().prop_map(stock::Act::Start),
        2 => (guest(), prop::sample::select(Step::ALL[..2].to_vec()))
            .prop_map(|(guest, step)| stock::Act::Save(guest, step)),
        2 => (1_i64..25).prop_map(stock::Act::Wait),
        1 => Just(stock::Act::Sweep),
        4 => (0..PLACES, what(), 1..9_i64, 0..4_u8).prop_map(|(at, what, pieces, kind)| {
            stock::Act::Staff(match kind {
                0 => stock::StaffAct::Receive(at, what, pieces),
                1 => stock::StaffAct::Count(at, what, pieces - 1),
                2 => stock::StaffAct::Move(at, what, pieces),
                _ => stock::StaffAct::PutBack(at, what, pieces),
            })
        }),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let share = prop_oneof![
        3 => prop::sample::select(vec![0_i64, 10, 50, 100, 101]).prop_map(Share::Percent),
        2 => (0..VARIATIONS, 0..3_i64).prop_map(|(what, pieces)| Share::Pieces(what, pieces)),
    ];
    let back = prop::sample::select(RefundMethod::ALL.to_vec());
    let percent = prop::sample::select(vec![0_i64, 40, 60, 100, 120]);
    prop_oneof![
        4 => (answer(), prop::sample::select(vec![Way::Form, Way::Link, Way::Account]))
            .prop_map(|(answer, way)| Deed::Pay(answer, way)),
        2 => prop::sample::select(Method::ALL.to_vec()).prop_map(Deed::Change),
        1 => Just(Deed::Reopen),
        6 => (any::<usize>(), prop::sample::select(Scenario::ALL.to_vec()))
            .prop_map(|(attempt, scenario)| Deed::Play(attempt, scenario)),
        1 => any::<usize>().prop_map(Deed::Return),
        1 => Just(Deed::CancelOwn),
        2 => any::<(bool, bool)>().prop_map(|(restock, refund)| Deed::CancelFor { restock, refund }),
        14 => parcel(),
        6 => any::<(usize, bool)>().prop_map(|(parcel, told)| Deed::Deliver(parcel, told)),
        4 => (share, back).prop_map(|(share, method)| Deed::Refund(share, method)),
        6 => percent.prop_map(Deed::Money),
        1 => any::<usize>().prop_map(Deed::Mistake),
        14 => sent_back().prop_map(Deed::SendBack),
        4 => (0..VARIATIONS, 0..7_i64).prop_map(|(what, pieces)| Deed::Edit(what, pieces)),
    ]
}

fn parcel() -> impl Strategy<Value = Deed> {
    // Most things lie in the first place.
    let at = prop_oneof![2 => Just(0), 1 => 0..PLACES];
    let pieces = prop::array::uniform3(prop_oneof![1 => 0..2_i64, 3 => 0..5_i64]);
    let label = prop_oneof![
        2 => Just(Label::ByHand),
        1 => any::<bool>().prop_map(|refused| Label::Bought { refused }),
    ];
    (at, pieces, prop::bool::weighted(0.8), label).prop_map(|(at, pieces, fits, label)| Deed::Ship {
        at,
        pieces,
        fits,
        label,
    })
}

fn sent_back() -> impl Strategy<Value = SentBack> {
    let pieces = (1..4_i64).prop_flat_map(|pieces| (Just(pieces), 0..=pieces));
    let method = prop::sample::select(RefundMethod::ALL.to_vec());
    (0..PLACES, 0..VARIATIONS, pieces, method).prop_map(|(at, what, (pieces, resellable), method)| SentBack {
        at,
        what,
        pieces,
        resellable,
        method,
    })
}

/// An order as the shop has it.
struct Known {
    id: OrderId,
    access: Token,
    /// The cart that it was, and what its shopper agreed to.
    form: Option<(Token, commerce::checkout::place_order::Agreement)>,
    /// Its attempts, the oldest first.
    attempts: Vec<PaymentAttemptId>,
}

/// Which order something is done with: mostly one that it suits, since what is refused each time leads nowhere.
fn which(orders: &[Order], deed: &Deed, number: usize) -> Option<usize> {
    let (number, any) = (number / 5, number.is_multiple_of(5));
    let all = orders.iter().enumerate().filter(|(_, order)| any || order.suits(deed));
    let all: Vec<_> = all.map(|(which, _)| which).collect();
    Some(all[number.checked_rem(all.len())?])
}

/// The shop of a history.
struct World {
    goods: stock_model::World,
    orders: Vec<Known>,
    /// Everything that the gateway with books has to say.
    sent: Vec<Sent>,
    customer: UserId,
}

impl World {
    fn shop(&self) -> &TestShop {
        &self.goods.shop
    }

    /// Does something, and fails where the model says something else.
    async fn act(&mut self, act: &Act, model: &mut Model) -> Result<(), TestCaseError> {
        let shop = self.shop().clone();
        // Nothing happens at the same moment as something else.
        shop.clock.advance(TimeDelta::milliseconds(1));
        model.stock.now = shop.clock.now();
        match act {
            Act::Stock(stock::Act::Staff(act)) => self.goods.staff(act, &mut model.stock).await?,
            Act::Stock(act) => {
                let outcome = self.goods.act(act).await;
                if !matches!(act, stock::Act::Wait(_)) {
                    model.stock.now = shop.clock.now();
                }
                prop_assert_eq!(outcome, model.stock.act(act));
                model.stock.now = shop.clock.now();
            }
            Act::Choose(me, method, with_credit) => {
                let outcome = self.choose(*me, *method, *with_credit).await;
                prop_assert_eq!(outcome, model.choose(*me, *method, *with_credit));
            }
            Act::Adjust(minor) => prop_assert_eq!(self.adjust(*minor).await, model.adjust(*minor)),
            Act::Draft(pieces, method) => {
                // What expired holds have may be taken over.
                let free = pieces.iter().enumerate().all(|(what, pieces)| *pieces <= model.stock.free(what));
                if free && pieces.iter().sum::<i64>() > 0 {
                    self.draft(*pieces, *method).await;
                    model.draft(*pieces, *method);
                }
            }
            Act::Place(me, answer) => {
                let outcome = self.place(*me, *answer).await;
                prop_assert_eq!(outcome, model.place(*me, *answer));
                if self.orders.len() < model.orders.len() {
                    prop_assert!(false, "the shop made no order");
                }
            }
            Act::Order(number, deed) => {
                if let Some(number) = which(&model.orders, deed, *number) {
                    self.deed(number, deed, model).await?;
                }
            }
            Act::Hear(which) if !self.sent.is_empty() => self.hear(which % self.sent.len(), model).await?,
            Act::Settle(answer) => {
                self.settle(*answer, TimeDelta::seconds(61)).await;
                model.stock.now = shop.clock.now();
                model.settle(*answer);
            }
            Act::Claim => {
                claim::claim(&shop, self.customer).await.expect("claimed");
                model.orders.iter_mut().for_each(|order| order.owned = true);
            }
            Act::Hear(_) => {}
        }
        self.work().await;
        self.goods.compare(&model.stock).await?;
        self.compare(model).await
    }

    /// Hears everything, asks for everything, and lets everything end that nobody has paid.
    async fn finish(&mut self, model: &mut Model) -> Result<(), TestCaseError> {
        for number in (0..self.sent.len()).rev() {
            self.hear(number, model).await?;
            self.work().await;
        }
        let again = TimeDelta::seconds(61);
        for wait in [TimeDelta::minutes(PAY_BY_MINUTES), again, TimeDelta::days(PAY_BY_DAYS), again] {
            self.settle(Answer::Decline, wait).await;
            model.stock.now = self.shop().clock.now();
            model.settle(Answer::Decline);
            self.work().await;
        }
        self.goods.compare(&model.stock).await?;
        self.compare(model).await?;
        self.sums(model).await
    }
}

async fn follow(
    shop: TestShop,
    frame: Frame,
    customer: UserId,
    later: bool,
    levels: [(i64, i64); VARIATIONS],
    acts: Vec<Act>,
) -> Result<(), TestCaseError> {
    let mut goods = stock_model::World::new(&shop, frame, &levels).await;
    goods.guests[MEMBER] = Guest::of(shop.clone(), customer);
    // What the customer had in it is of another history.
    shop.execute("UPDATE carts SET token_hash = NULL WHERE user_id = $1", [customer.into()]).await;
    let mut world = World { goods, orders: Vec::new(), sent: Vec::new(), customer };
    let stock = stock::Model::new(&levels, shop.clock.now());
    let granted = world.balance().await;
    let mut model = Model { stock, chosen: [None; GUESTS], orders: Vec::new(), granted, later };
    for (number, act) in acts.iter().enumerate() {
        let outcome = world.act(act, &mut model).await;
        outcome.map_err(|error| TestCaseError::fail(format!("act {number}: {act:?}: {error}")))?;
    }
    world.finish(&mut model).await
}

async fn histories(shop: TestShop, later: bool) {
    let settings = Settings { capture_when_shipped: later, ..Settings::default() };
    settings::queries::save(shop.db.primary(), &settings, shop.clock.now()).await.expect("saved");
    shop.refresh().await.expect("read");
    let frame = Frame::new(&shop).await;
    let customer = shop.member("ada@example.org").await.user;
    let times = times();
    {
        let level = || (5_i64..30, 0_i64..9);
        let all = ([level(), level(), level()], prop::collection::vec(acts(), 30..60));
        check(HISTORIES, &all, |(levels, acts)| {
            follow(shop.clone(), frame.clone(), customer, later, levels, acts.concat())
        });
    }
    release_expired(&shop).await.expect("swept");
    shop.assert_ledger_agrees().await;
    shop.assert_listings_are_right().await;
    // Nobody delivers events here.
    let found = examine(&shop, false).await.expect("examined").into_iter();
    let wrong: Vec<_> = found.filter(|check| check.wrong > 0 && check.check != "outbox").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let least = i64::from(HISTORIES * times);
    for kind in TOLD {
        let told = shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = $1", [kind.into()]).await;
        assert!(told > least / 4, "only {told} of {kind}: the histories are too tame");
    }
    let orders = shop.count("orders").await;
    assert!(orders > least * 3, "only {orders} orders: the histories are too tame");
}

both_databases! {
    async fn orders_that_are_paid_when_they_are_placed_go_as_the_model_says(shop: TestShop) {
        histories(shop, false).await;
    }

    async fn orders_that_are_paid_when_they_leave_go_as_the_model_says(shop: TestShop) {
        histories(shop, true).await;
    }
}
