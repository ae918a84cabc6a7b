//! An order without a database: what its payments and its parcels come to.

use super::model::Share;
use crate::harness::Answer;
use crate::stock_model::model as stock;
use chrono::{DateTime, Utc};
use commerce::orders::refund::RefundMethod;
use commerce::orders::{Fulfilment, Lifecycle, Payment};
use commerce::payments::test_gateway::Scenario;
use std::collections::BTreeMap;

/// What a piece of each variation costs.
pub const PRICES: [i64; stock::VARIATIONS] = [900, 900, 500];
/// How long a gateway can leave its shop in the dark, in seconds.
pub const DARK_SECONDS: i64 = 9;

/// A way to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Transfer,
    Cash,
    Card,
    /// The gateway with books of its own.
    Test,
}

impl Method {
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Cash, Self::Card, Self::Test];

    pub fn code(self) -> &'static str {
        match self {
            Self::Transfer => "bank_transfer",
            Self::Cash => "cash_on_delivery",
            Self::Card => "card",
            Self::Test => "test",
        }
    }

    /// Whether staff see the money come.
    pub fn by_hand(self) -> bool {
        matches!(self, Self::Transfer | Self::Cash)
    }
}

/// Where a payment is at the gateway that keeps books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    Open,
    Challenged,
    Declined,
    Authorised,
    Captured,
    Voided,
}

/// A try to pay an order: what its gateway knows, and what the shop has heard of it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub method: Method,
    /// What was to be paid when it was opened.
    pub amount: i64,
    /// Whether its gateway has answered.
    pub named: bool,
    pub bank: Bank,
    pub refused: bool,
    pub authorised: bool,
    pub captured: i64,
    pub refunded: i64,
    /// What of that went back by itself because it was more than was due.
    pub excess: i64,
    pub voided: bool,
    /// Whether its gateway is to end it.
    pub ending: bool,
}

impl Attempt {
    pub fn new(method: Method, amount: i64) -> Self {
        Self {
            method,
            amount,
            named: method.by_hand(),
            bank: Bank::Open,
            refused: false,
            authorised: false,
            captured: 0,
            refunded: 0,
            excess: 0,
            voided: false,
            ending: false,
        }
    }

    pub fn kept(&self) -> i64 {
        self.captured - self.refunded
    }

    pub fn is_agreed(&self) -> bool {
        self.authorised || self.captured > 0
    }

    pub fn has_failed(&self) -> bool {
        self.voided || (self.refused && !self.is_agreed())
    }

    /// The shop asks its gateway.
    pub fn learn(&mut self) {
        match (self.method, self.bank) {
            (Method::Test, Bank::Declined) => self.refused = true,
            (Method::Test, Bank::Authorised) => self.authorised = true,
            (Method::Test, Bank::Captured) if self.captured == 0 => {
                (self.authorised, self.captured) = (true, self.amount);
            }
            (Method::Test, Bank::Voided) => self.voided = true,
            _ => {}
        }
    }

    /// The shop has its gateway end it; what was paid can't be ended, and is known then.
    pub fn end(&mut self) {
        self.ending = false;
        if self.bank != Bank::Captured {
            self.bank = Bank::Voided;
        }
        self.learn();
    }
}

/// What these lines come to, with their delivery.
pub fn total(lines: &BTreeMap<usize, i64>) -> i64 {
    let goods: i64 = lines.iter().map(|(what, pieces)| PRICES[*what] * pieces).sum();
    goods + if goods >= 10_000 { 0 } else { 490 }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub guest: usize,
    pub lines: BTreeMap<usize, i64>,
    pub shipped: BTreeMap<usize, i64>,
    /// Which of its parcels have come.
    pub parcels: Vec<bool>,
    pub total: i64,
    pub method: Method,
    pub lifecycle: Lifecycle,
    pub was_placed: bool,
    pub keeps_payment: bool,
    pub pay_by: DateTime<Utc>,
    pub owned: bool,
    pub credited: i64,
    /// What staff gave back the way it came.
    pub given_back: i64,
    /// How many pieces the money was given back for.
    pub returned: BTreeMap<usize, i64>,
    /// How many pieces have come back.
    pub sent_back: BTreeMap<usize, i64>,
    pub attempts: Vec<Attempt>,
}

/// What came of something that was done with an order.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Done,
    Refused(&'static str),
}

impl Order {
    pub fn sum(&self, of: impl Fn(&Attempt) -> i64) -> i64 {
        self.attempts.iter().map(of).sum()
    }

    pub fn held(&self, attempt: &Attempt) -> i64 {
        if attempt.authorised && attempt.captured == 0 && !attempt.voided { attempt.amount } else { 0 }
    }

    pub fn kept(&self) -> i64 {
        self.sum(Attempt::kept)
    }

    /// What was paid for it: what was too much never was.
    fn paid(&self) -> i64 {
        self.sum(|attempt| attempt.captured - attempt.excess)
    }

    /// What is still to be agreed.
    pub fn owed(&self) -> i64 {
        (self.total - self.paid() - self.sum(|attempt| self.held(attempt))).max(0)
    }

    /// Whether its customer can pay the rest of it on its page.
    pub fn has_a_rest(&self) -> bool {
        let rest = !self.method.by_hand() || self.payment() == Payment::PartlyPaid;
        self.lifecycle == Lifecycle::Placed && self.method != Method::Cash && self.owed() > 0 && rest
    }

    pub fn refundable(&self) -> i64 {
        (self.kept() - self.credited).max(0)
    }

    /// The word for its payment.
    pub fn payment(&self) -> Payment {
        let (paid, held) = (self.paid(), self.sum(|attempt| self.held(attempt)));
        let unpaid = || match held {
            0 if self.attempts.iter().any(|attempt| attempt.voided) => Payment::Voided,
            held if held >= self.total => Payment::Authorised,
            _ => Payment::None,
        };
        match self.kept() {
            kept if paid > 0 && kept >= self.total => Payment::Paid,
            _ if paid == 0 => unpaid(),
            0 => Payment::Refunded,
            _ if paid >= self.total => Payment::PartlyRefunded,
            _ if paid + held >= self.total => Payment::Authorised,
            // It never was all of it.
            _ => Payment::PartlyPaid,
        }
    }

    pub fn fulfilment(&self) -> Fulfilment {
        if self.shipped.values().all(|pieces| *pieces == 0) {
            Fulfilment::Unfulfilled
        } else if self.lines.iter().any(|(what, pieces)| self.shipped.get(what).unwrap_or(&0) < pieces) {
            Fulfilment::PartlyShipped
        } else if self.parcels.contains(&false) {
            Fulfilment::Shipped
        } else {
            Fulfilment::Delivered
        }
    }

    pub fn left(&self, what: usize) -> i64 {
        self.lines.get(&what).unwrap_or(&0) - self.shipped.get(&what).unwrap_or(&0)
    }

    /// Does what follows by itself: it is placed once it is paid, and the shop keeps what it may, and no more.
    pub fn follow(&mut self, later: bool) {
        let total = self.total;
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.ending) {
            attempt.end();
        }
        if self.lifecycle == Lifecycle::AwaitingPayment && self.owed() == 0 {
            (self.lifecycle, self.was_placed) = (Lifecycle::Placed, true);
        }
        let cancelled = self.lifecycle == Lifecycle::Cancelled;
        let owed = if cancelled && !self.keeps_payment { 0 } else { total };
        // What was given back as store credit is kept as money.
        let mut may_keep = (owed - self.given_back).max(self.credited);
        let sent = self.lifecycle == Lifecycle::Placed && (!later || !self.parcels.is_empty());
        let takes = sent || (cancelled && self.keeps_payment);
        for index in 0..self.attempts.len() {
            let held = self.held(&self.attempts[index]);
            let attempt = &mut self.attempts[index];
            let keeps = attempt.kept().min(may_keep);
            let back = attempt.kept() - keeps;
            attempt.refunded += back;
            attempt.excess += if cancelled && !self.keeps_payment { 0 } else { back };
            may_keep -= keeps;
            if held > 0 && may_keep == 0 {
                (attempt.voided, attempt.bank) = (true, Bank::Voided);
            } else if held > 0 {
                let taken = held.min(may_keep);
                may_keep -= taken;
                if takes {
                    (attempt.captured, attempt.bank) = (taken, Bank::Captured);
                }
            }
        }
    }

    /// The attempts that somebody could still pay are ended.
    pub fn end_open(&mut self) {
        for attempt in &mut self.attempts {
            attempt.ending |=
                attempt.method == Method::Test && attempt.named && !attempt.is_agreed() && !attempt.voided;
        }
    }

    pub fn replace_attempts(&mut self) {
        self.end_open();
        self.attempts.push(Attempt::new(self.method, self.owed()));
    }

    /// Asks its gateway to have it paid.
    pub fn pay(&mut self, answer: Answer) -> Outcome {
        if self.lifecycle != Lifecycle::AwaitingPayment {
            return Outcome::Done;
        }
        let (method, owed) = (self.method, self.owed());
        let usable = |attempt: &Attempt| {
            attempt.method == method && attempt.amount == owed && !attempt.has_failed() && !attempt.ending
        };
        if !self.attempts.iter().any(usable) {
            self.replace_attempts();
        }
        let attempt = self.attempts.iter_mut().rev().find(|attempt| usable(attempt)).expect("one was opened");
        match (method, answer) {
            (Method::Card, Answer::Accept) => {
                (attempt.named, attempt.authorised, attempt.captured) = (true, true, attempt.amount);
            }
            (Method::Card, Answer::Decline) => {
                attempt.refused = true;
                return Outcome::Refused("declined");
            }
            (Method::Card, _) => {}
            _ => attempt.named = true,
        }
        Outcome::Done
    }

    /// The shopper does something on the gateway's page, and comes back where the page is done with them.
    pub fn play(&mut self, attempt: usize, scenario: Scenario, later: bool) {
        let attempt = &mut self.attempts[attempt];
        let undecided = matches!(attempt.bank, Bank::Open | Bank::Challenged | Bank::Declined);
        let challenge = scenario == Scenario::ThreeDSecure && undecided && attempt.bank != Bank::Challenged;
        if undecided {
            attempt.bank = match scenario {
                _ if challenge => Bank::Challenged,
                Scenario::Decline | Scenario::InsufficientFunds => Bank::Declined,
                _ if later => Bank::Authorised,
                _ => Bank::Captured,
            };
        }
        let dark = undecided && matches!(scenario, Scenario::Slow | Scenario::TimeoutAfterCharge);
        if !challenge && !dark {
            attempt.learn();
        }
    }

    /// Staff have so many pieces of something in it; gives how many more there are.
    pub fn edit(&mut self, what: usize, pieces: i64) -> Result<i64, &'static str> {
        let before = self.lines[&what];
        if self.fulfilment() != Fulfilment::Unfulfilled {
            return Err("state");
        }
        if pieces == before {
            return Err("unchanged");
        }
        if self.lines.values().sum::<i64>() + pieces == before {
            return Err("empty");
        }
        if pieces < *self.returned.get(&what).unwrap_or(&0) {
            return Err("refunded");
        }
        self.lines.insert(what, pieces);
        self.lines.retain(|_, pieces| *pieces > 0);
        self.total = total(&self.lines);
        self.end_open();
        Ok(pieces - before)
    }

    pub fn refund(&mut self, share: Share, method: RefundMethod) -> Outcome {
        if self.lifecycle == Lifecycle::AwaitingPayment {
            return Outcome::Refused("state");
        }
        let amount = match share {
            Share::Percent(percent) => self.total * percent / 100,
            Share::Pieces(what, pieces) => {
                let before = self.returned.get(&what).unwrap_or(&0);
                if pieces > 0 && before + pieces > self.lines[&what] {
                    return Outcome::Refused("too much");
                }
                PRICES[what] * pieces
            }
        };
        if amount == 0 {
            return Outcome::Refused("nothing");
        }
        if amount > self.refundable() {
            return Outcome::Refused("too much");
        }
        match method {
            RefundMethod::StoreCredit if !self.owned => return Outcome::Refused("no account"),
            RefundMethod::StoreCredit => self.credited += amount,
            RefundMethod::Original => {
                let mut left = amount;
                for attempt in self.attempts.iter_mut().rev() {
                    let part = attempt.kept().min(left);
                    attempt.refunded += part;
                    left -= part;
                }
                self.given_back += amount;
            }
        }
        if let Share::Pieces(what, pieces) = share {
            *self.returned.entry(what).or_default() += pieces;
        }
        Outcome::Done
    }
}
