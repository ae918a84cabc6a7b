//! The life of orders without a database: what may be done with one, and what becomes of its goods and its money.

use super::attempt::{Attempt, Method};
use super::order::{Note, Order, Outcome, total};
use crate::harness::Answer;
use crate::stock_model::model as stock;
use chrono::TimeDelta;
use commerce::checkout::{PAY_BY_MINUTES, Step};
use commerce::orders::Lifecycle;
use commerce::orders::draft::PAY_BY_DAYS;
use commerce::orders::refund::RefundMethod;
use commerce::payments::test_gateway::Scenario;

/// Which of the guests is signed in.
pub const MEMBER: usize = 0;

/// What somebody, or time, does.
#[derive(Clone, Debug)]
pub enum Act {
    /// To carts, holds and stock.
    Stock(stock::Act),
    /// How to pay, and whether what is there of store credit comes first.
    Choose(usize, Method, bool),
    Place(usize, Answer),
    /// Which order, and what is done with it.
    Order(usize, Deed),
    /// One of everything that the gateway has sent or is about to send arrives, perhaps again.
    Hear(usize),
    /// A minute later the sweeper asks; whether card payments are answered then.
    Settle(Answer),
    /// The customer takes their orders into an account.
    Claim,
    /// Staff give the customer so much store credit, or take it.
    Adjust(i64),
    /// Staff put an order together for the customer: so many of each, to be paid like this.
    Draft([i64; stock::VARIATIONS], Method),
}

/// By which way somebody comes to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The form of the checkout, once more.
    Form,
    /// The link of the order.
    Link,
    /// The customer's account.
    Account,
}

/// Who makes the label of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Nobody that the shop knows of.
    ByHand,
    /// A carrier at which the shop buys it, perhaps after it was refused once.
    Bought { refused: bool },
}

/// What is done with an order.
#[derive(Clone, Debug)]
pub enum Deed {
    Pay(Answer, Way),
    Change(Method),
    /// The shopper goes back to the cart.
    Reopen,
    /// Which attempt, and what the shopper lets happen on the gateway's page.
    Play(usize, Scenario),
    /// Which attempt the shopper comes back from.
    Return(usize),
    CancelOwn,
    CancelFor {
        restock: bool,
        refund: bool,
    },
    Ship {
        /// From where.
        at: usize,
        /// How many of each.
        pieces: [i64; stock::VARIATIONS],
        /// Whether no more than is left is tried.
        fits: bool,
        label: Label,
    },
    /// Which parcel, and whether its carrier tells it.
    Deliver(usize, bool),
    Refund(Share, RefundMethod),
    /// Pieces come back, are counted, and are paid for.
    SendBack(SentBack),
    /// So many pieces of this are in it from now on.
    Edit(usize, i64),
    /// How much of the total comes by hand, in percent.
    Money(i64),
    /// One of the payments that came by hand never did.
    Mistake(usize),
}

/// What a customer sends back.
#[derive(Clone, Copy, Debug)]
pub struct SentBack {
    /// To where.
    pub at: usize,
    pub what: usize,
    pub pieces: i64,
    /// How many of them can be sold again.
    pub resellable: i64,
    pub method: RefundMethod,
}

/// What is to go back.
#[derive(Clone, Copy, Debug)]
pub enum Share {
    Percent(i64),
    /// So many pieces of this.
    Pieces(usize, i64),
}

/// Everything that should be so.
pub struct Model {
    pub stock: stock::Model,
    pub chosen: [Option<(Method, bool)>; stock::GUESTS],
    pub orders: Vec<Order>,
    /// The store credit that the customer had before, and what staff have given and taken since.
    pub granted: i64,
    /// Whether money is taken when the first parcel leaves.
    pub later: bool,
}

impl Model {
    pub fn choose(&mut self, me: usize, method: Method, with_credit: bool) -> stock::Outcome {
        let outcome = self.stock.act(&stock::Act::Save(me, Step::Payment));
        if outcome == stock::Outcome::Done {
            self.chosen[me] = Some((method, with_credit));
        }
        outcome
    }

    /// The customer's store credit: what is spent of it pays orders, and comes back once.
    pub fn balance(&self) -> i64 {
        self.granted + self.orders.iter().map(Order::to_account).sum::<i64>()
    }

    pub fn adjust(&mut self, amount: i64) -> Outcome {
        if self.balance() + amount < 0 {
            return Outcome::Refused("too much");
        }
        self.granted += amount;
        Outcome::Done
    }

    pub fn draft(&mut self, pieces: [i64; stock::VARIATIONS], method: Method) {
        for (sold, pieces) in self.stock.sold.iter_mut().zip(pieces) {
            *sold += pieces;
        }
        let lines = pieces.into_iter().enumerate().filter(|(_, pieces)| *pieces > 0).collect();
        let pay_by = self.stock.now + TimeDelta::days(PAY_BY_DAYS);
        let mut order = Order { owned: true, waits_for_days: true, ..Order::new(lines, method, 0, pay_by) };
        // No gateway is asked before the customer comes.
        if method.by_hand() {
            order.attempts.push(Attempt::new(method, order.total, false));
        }
        self.orders.push(order);
    }

    /// What came of the cart, and of paying for it.
    pub fn place(&mut self, me: usize, answer: Answer) -> (stock::Outcome, Outcome) {
        let lines = self.stock.carts[me].lines.clone();
        let outcome = self.stock.act(&stock::Act::Place(me));
        if outcome != stock::Outcome::Done {
            return (outcome, Outcome::Done);
        }
        let (method, with_credit) = self.chosen[me].take().expect("the step was done");
        let credit = if with_credit && me == MEMBER { self.balance().min(total(&lines)) } else { 0 };
        let pay_by = self.stock.now + TimeDelta::minutes(PAY_BY_MINUTES);
        let new = Order::new(lines, method, credit, pay_by);
        let mut order = Order { guest: Some(me), owned: me == MEMBER, ..new };
        if order.owed() > 0 {
            order.attempts.push(Attempt::new(method, order.owed(), order.owned));
        }
        let paid = match order.lifecycle {
            Lifecycle::AwaitingPayment => order.pay(answer, order.owned, self.stock.now),
            _ => Outcome::Done,
        };
        order.follow(self.later);
        self.orders.push(order);
        (outcome, paid)
    }

    /// A gateway's message about an attempt arrives.
    pub fn hear(&mut self, order: usize, attempt: usize, told: &[(String, bool, i64)]) {
        let attempt = &mut self.orders[order].attempts[attempt];
        for (action, succeeded, amount) in told {
            match (action.as_str(), succeeded) {
                ("authorise", true) => attempt.authorised = true,
                ("authorise", false) => attempt.refused = true,
                ("capture", true) => attempt.captured = attempt.captured.max(*amount),
                ("void", true) => attempt.voided = true,
                // What goes back is known at once.
                _ => {}
            }
        }
        self.orders[order].follow(self.later);
    }

    pub fn settle(&mut self, answer: Answer) {
        for index in 0..self.orders.len() {
            let order = &mut self.orders[index];
            let late = order.pay_by <= self.stock.now;
            let silent = order.lifecycle != Lifecycle::Cancelled && order.sweep(late, answer, self.later);
            let long_ago = order.pay_by + TimeDelta::hours(2) <= self.stock.now;
            if late && (!silent || long_ago) && order.lifecycle == Lifecycle::AwaitingPayment {
                self.give_up(index, true, true);
            }
        }
    }

    fn give_up(&mut self, order: usize, restock: bool, refund: bool) {
        let order = &mut self.orders[order];
        (order.lifecycle, order.keeps_payment) = (Lifecycle::Cancelled, !refund);
        if refund {
            order.returned = order.spent;
        }
        for (what, pieces) in &order.lines {
            self.stock.sold[*what] -= pieces;
            if !restock {
                self.stock.on_hand[*what] -= pieces;
            }
        }
        order.end_open();
        order.follow(self.later);
    }

    /// What comes of something that is done with an order. `could` is how many of each could leave from there.
    pub fn order(&mut self, number: usize, deed: &Deed, could: [i64; stock::VARIATIONS]) -> Outcome {
        let outcome = self.done(number, deed, could);
        self.orders[number].follow(self.later);
        outcome
    }

    fn done(&mut self, number: usize, deed: &Deed, could: [i64; stock::VARIATIONS]) -> Outcome {
        let later = self.later;
        let order = &mut self.orders[number];
        let waits = order.lifecycle == Lifecycle::AwaitingPayment;
        match *deed {
            Deed::Pay(_, Way::Form) if order.lifecycle == Lifecycle::Cancelled => {
                return Outcome::Refused("not started");
            }
            Deed::Pay(_, Way::Form) if !waits => {}
            Deed::Pay(answer, Way::Form) => {
                let by_owner = order.attempts.first().is_some_and(|first| first.by_owner);
                return order.pay(answer, by_owner, self.stock.now);
            }
            Deed::Pay(answer, way) => return order.pay(answer, way == Way::Account && order.owned, self.stock.now),
            Deed::Change(_) if !order.can_be_paid(self.stock.now) => return Outcome::Refused("not started"),
            // What stands is not sent before it is paid.
            Deed::Change(Method::Cash) if !waits => return Outcome::Refused("unknown"),
            Deed::Change(method) => {
                order.method = method;
                order.replace_attempts(false);
                if method.by_hand() {
                    (order.lifecycle, order.was_placed) = (Lifecycle::Placed, true);
                }
            }
            Deed::Reopen if !waits || order.waits_for_days => return Outcome::Refused("state"),
            Deed::Reopen => {
                let (me, lines) = (order.guest.expect("somebody's cart"), order.lines.clone());
                self.give_up(number, true, true);
                let cart = &mut self.stock.carts[me];
                cart.exists = true;
                for (what, pieces) in lines {
                    let in_cart = cart.lines.entry(what).or_default();
                    *in_cart = (*in_cart + pieces).min(100);
                }
            }
            Deed::Play(attempt, scenario) => order.play(attempt, scenario, later),
            Deed::Return(attempt) => order.attempts[attempt].learn(),
            Deed::CancelOwn | Deed::CancelFor { .. } if order.lifecycle == Lifecycle::Cancelled => {}
            Deed::CancelOwn | Deed::CancelFor { .. } if !order.parcels.is_empty() => return Outcome::Refused("state"),
            Deed::CancelOwn => self.give_up(number, true, true),
            Deed::CancelFor { restock, refund } => self.give_up(number, restock, refund),
            Deed::Ship { pieces, .. } => return self.ship(number, pieces, could),
            Deed::Deliver(parcel, _) => order.parcels[parcel] = true,
            Deed::Refund(share, method) => return order.refund(share, method),
            Deed::SendBack(back) => return self.send_back(number, back),
            Deed::Money(percent) => {
                let amount = order.total * percent / 100;
                let dearer = order.lifecycle == Lifecycle::Placed && order.owed() > 0;
                if !order.method.by_hand() && !dearer {
                    return Outcome::Refused("state");
                }
                if amount == 0 {
                    return Outcome::Refused("nothing");
                }
                // What an order has become dearer by comes by transfer.
                let method = if order.method.by_hand() { order.method } else { Method::Transfer };
                if !order.attempts.iter().any(|attempt| attempt.method == method) {
                    order.attempts.push(Attempt::new(method, amount, false));
                }
                let attempt = order.attempts.iter().rposition(|attempt| attempt.method == method);
                let attempt = attempt.expect("an attempt");
                order.attempts[attempt].captured += amount;
                order.notes.push(Note { attempt, amount, withdrawn: false });
            }
            Deed::Mistake(which) => return order.withdraw(which),
            Deed::Edit(what, pieces) => match order.edit(what, pieces) {
                Ok(more) => {
                    self.stock.sold[what] += more;
                    order.waits_for_days |= waits;
                    order.pay_by = self.stock.now + TimeDelta::days(PAY_BY_DAYS);
                }
                Err(refused) => return Outcome::Refused(refused),
            },
        }
        Outcome::Done
    }

    fn send_back(&mut self, number: usize, back: SentBack) -> Outcome {
        let order = &mut self.orders[number];
        let SentBack { what, pieces, .. } = back;
        let sent = order.shipped.get(&what).unwrap_or(&0) - order.sent_back.get(&what).unwrap_or(&0);
        if pieces > sent {
            return Outcome::Refused("too much");
        }
        *order.sent_back.entry(what).or_default() += pieces;
        self.stock.on_hand[what] += back.resellable;
        // What was paid back before is not paid back again.
        let unpaid = order.lines[&what] - order.paid_back.get(&what).unwrap_or(&0);
        match order.refund(Share::Pieces(what, pieces.min(unpaid)), back.method) {
            Outcome::Refused("nothing" | "too much") => Outcome::Refused("amount"),
            outcome => outcome,
        }
    }

    fn ship(&mut self, number: usize, pieces: [i64; stock::VARIATIONS], could: [i64; stock::VARIATIONS]) -> Outcome {
        let order = &mut self.orders[number];
        if let Err(refused) = order.may_be_sent() {
            return Outcome::Refused(refused);
        }
        let wanted: Vec<_> = pieces.into_iter().enumerate().filter(|(_, pieces)| *pieces > 0).collect();
        if wanted.is_empty() {
            return Outcome::Refused("nothing");
        }
        if wanted.iter().any(|(what, pieces)| *pieces > order.left(*what)) {
            return Outcome::Refused("too much");
        }
        if wanted.iter().any(|(what, pieces)| *pieces > could[*what]) {
            return Outcome::Refused("not held");
        }
        for (what, pieces) in wanted {
            *order.shipped.entry(what).or_default() += pieces;
            self.stock.sold[what] -= pieces;
            self.stock.on_hand[what] -= pieces;
        }
        order.parcels.push(false);
        Outcome::Done
    }
}
