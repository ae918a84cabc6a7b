//! The stock of a shop, its carts and their holds, without a database.

use chrono::{DateTime, TimeDelta, Utc};
use commerce::checkout::{HOLD_MINUTES, HOLD_MOST_MINUTES, Step};
use std::collections::BTreeMap;

/// How many shop at once.
pub const GUESTS: usize = 4;
/// How many variations they fight over.
pub const VARIATIONS: usize = 3;

/// What a guest, or time, does.
#[derive(Clone, Debug)]
pub enum Act {
    Add(usize, usize, i32),
    Set(usize, usize, i32),
    Remove(usize, usize),
    Clear(usize),
    Start(usize),
    Save(usize, Step),
    Place(usize),
    Wait(i64),
    Sweep,
    Staff(StaffAct),
}

/// What staff do: where, to what, how many.
#[derive(Clone, Debug)]
pub enum StaffAct {
    Receive(usize, usize, i64),
    Count(usize, usize, i64),
    Move(usize, usize, i64),
    PutBack(usize, usize, i64),
    /// Which order.
    Cancel(usize),
    /// Where from, which order, how many.
    Ship(usize, usize, i64),
}

/// What should be so.
pub struct Model {
    pub on_hand: [i64; VARIATIONS],
    pub carts: [Cart; GUESTS],
    pub sold: [i64; VARIATIONS],
    pub orders: i64,
    pub now: DateTime<Utc>,
}

/// A guest's cart and checkout.
#[derive(Default)]
pub struct Cart {
    pub exists: bool,
    pub lines: BTreeMap<usize, i64>,
    pub claims: BTreeMap<usize, i64>,
    pub expires: DateTime<Utc>,
    pub started: Option<DateTime<Utc>>,
    pub steps: [bool; 3],
}

/// What came of an act.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Done,
    Short(BTreeMap<usize, i64>),
    Refused(&'static str),
}

impl Model {
    /// What is so before anything was done.
    pub fn new(stock: &[(i64, i64); VARIATIONS], now: DateTime<Utc>) -> Self {
        let on_hand = stock.map(|(one, other)| one + other);
        Self { on_hand, carts: Default::default(), sold: [0; VARIATIONS], orders: 0, now }
    }

    /// What a cart could have: its own claims count as available to it.
    pub fn available(&self, me: usize, what: usize) -> i64 {
        let others = self.carts.iter().enumerate().filter(|(other, _)| *other != me);
        let claimed: i64 = others.filter_map(|(_, cart)| cart.claims.get(&what)).sum();
        self.on_hand[what] - claimed - self.sold[what]
    }

    /// What neither a cart nor an order has.
    pub fn free(&self, what: usize) -> i64 {
        let claimed: i64 = self.carts.iter().filter_map(|cart| cart.claims.get(&what)).sum();
        self.on_hand[what] - claimed - self.sold[what]
    }

    fn lower(&mut self, me: usize, what: usize, keep: i64) {
        if let Some(claimed) = self.carts[me].claims.get_mut(&what) {
            *claimed = keep.min(*claimed);
        }
        self.carts[me].claims.retain(|_, claimed| *claimed > 0);
    }

    /// Claims what is in the cart, taking over what has expired where it is needed.
    fn claim(&mut self, me: usize, expires: DateTime<Utc>) -> Outcome {
        let lines = self.carts[me].lines.clone();
        let before: Vec<_> = self.carts.iter().map(|cart| cart.claims.clone()).collect();
        let short = |model: &Self| -> BTreeMap<usize, i64> {
            let missing = lines.iter().filter(|(what, wanted)| model.available(me, **what) < **wanted);
            missing.map(|(what, _)| (*what, model.available(me, *what))).collect()
        };
        for what in short(self).into_keys() {
            let now = self.now;
            for (_, other) in
                self.carts.iter_mut().enumerate().filter(|(other, cart)| *other != me && cart.expires <= now)
            {
                other.claims.remove(&what);
            }
        }
        let short = short(self);
        if !short.is_empty() {
            for (cart, claims) in self.carts.iter_mut().zip(before) {
                cart.claims = claims;
            }
            return Outcome::Short(short);
        }
        self.carts[me].claims = lines;
        self.carts[me].expires = expires;
        Outcome::Done
    }

    pub fn act(&mut self, act: &Act) -> Outcome {
        let now = self.now;
        match *act {
            Act::Add(me, what, quantity) => {
                let in_cart = self.carts[me].lines.get(&what).copied().unwrap_or_default();
                let wanted = in_cart + i64::from(quantity);
                if wanted > 100 {
                    return Outcome::Refused("too many");
                }
                if wanted > self.available(me, what) {
                    return Outcome::Short(BTreeMap::from([(what, self.available(me, what))]));
                }
                self.carts[me].exists = true;
                self.carts[me].lines.insert(what, wanted);
            }
            Act::Set(me, what, quantity) => {
                let Some(in_cart) = self.carts[me].lines.get(&what).copied() else {
                    return Outcome::Refused("not in cart");
                };
                let (wanted, available) = (i64::from(quantity), self.available(me, what));
                if wanted > available && wanted >= in_cart {
                    return Outcome::Short(BTreeMap::from([(what, available)]));
                }
                self.carts[me].lines.insert(what, wanted);
                if wanted < in_cart {
                    self.lower(me, what, wanted);
                }
            }
            Act::Remove(me, what) => {
                if self.carts[me].lines.remove(&what).is_none() {
                    return Outcome::Refused("not in cart");
                }
                self.lower(me, what, 0);
            }
            Act::Clear(me) => {
                if !self.carts[me].exists {
                    return Outcome::Refused("not in cart");
                }
                self.carts[me].lines.clear();
                self.carts[me].claims.clear();
            }
            Act::Start(me) => {
                if self.carts[me].lines.is_empty() {
                    return Outcome::Refused("empty");
                }
                let cart = &self.carts[me];
                // Whoever holds something only goes on holding it.
                let holds = !cart.claims.is_empty() && cart.expires > now;
                let started = cart.started.filter(|_| holds).unwrap_or(now);
                let last = started + TimeDelta::minutes(HOLD_MOST_MINUTES);
                let outcome = self.claim(me, last.min(now + TimeDelta::minutes(HOLD_MINUTES)));
                if outcome == Outcome::Done {
                    self.carts[me].started = Some(started);
                }
                return outcome;
            }
            Act::Save(me, step) => {
                let Some(started) = self.carts[me].started else { return Outcome::Refused("not started") };
                // What was typed is kept whether or not its stock is there.
                self.carts[me].steps[step as usize] |= step < Step::Payment;
                let last = started + TimeDelta::minutes(HOLD_MOST_MINUTES);
                if last <= now {
                    return Outcome::Refused("not started");
                }
                if self.carts[me].lines.is_empty() {
                    return Outcome::Refused("empty");
                }
                let outcome = self.claim(me, last.min(now + TimeDelta::minutes(HOLD_MINUTES)));
                if outcome == Outcome::Done {
                    self.carts[me].steps[step as usize] = true;
                }
                return outcome;
            }
            Act::Place(me) => {
                if self.carts[me].started.is_none() {
                    return Outcome::Refused("not started");
                }
                if self.carts[me].lines.is_empty() {
                    return Outcome::Refused("empty");
                }
                if self.carts[me].steps.contains(&false) {
                    return Outcome::Refused("step missing");
                }
                let covered = self.carts[me].claims == self.carts[me].lines && self.carts[me].expires > now;
                let outcome = if covered { Outcome::Done } else { self.claim(me, now) };
                if outcome == Outcome::Done {
                    for (what, quantity) in std::mem::take(&mut self.carts[me]).lines {
                        self.sold[what] += quantity;
                    }
                    self.orders += 1;
                }
                return outcome;
            }
            Act::Staff(_) => unreachable!("goes by what is seen"),
            Act::Wait(minutes) => self.now += TimeDelta::minutes(minutes),
            Act::Sweep => {
                for cart in self.carts.iter_mut().filter(|cart| cart.expires <= now) {
                    cart.claims.clear();
                }
            }
        }
        Outcome::Done
    }
}
