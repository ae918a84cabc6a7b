//! An order without a database: what its payments and its parcels come to.

use super::attempt::{Attempt, Bank, Method};
use super::model::{Deed, Share};
use crate::harness::Answer;
use crate::stock_model::model as stock;
use chrono::{DateTime, Utc};
use commerce::orders::refund::RefundMethod;
use commerce::orders::{Fulfilment, Lifecycle, Payment};
use commerce::payments::test_gateway::Scenario;
use std::collections::BTreeMap;

/// What a piece of each variation costs.
pub const PRICES: [i64; stock::VARIATIONS] = [900, 900, 500];
/// What these lines come to, with their delivery.
pub fn total(lines: &BTreeMap<usize, i64>) -> i64 {
    let goods: i64 = lines.iter().map(|(what, pieces)| PRICES[*what] * pieces).sum();
    goods + if goods >= 10_000 { 0 } else { 490 }
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose cart it was; nobody's where staff have put it together.
    pub guest: Option<usize>,
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
    /// Whether it waits for as long as staff give.
    pub waits_for_days: bool,
    pub owned: bool,
    /// The store credit that pays it, and what of that went back.
    pub spent: i64,
    pub returned: i64,
    /// What went back as store credit of what was paid with money.
    pub credited: i64,
    /// What staff gave back the way it came.
    pub given_back: i64,
    /// How many pieces the money was given back for.
    pub paid_back: BTreeMap<usize, i64>,
    /// How many pieces have come back.
    pub sent_back: BTreeMap<usize, i64>,
    pub attempts: Vec<Attempt>,
    /// What staff have noted of money that came by hand.
    pub notes: Vec<Note>,
}

/// That money came by hand.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    pub attempt: usize,
    pub amount: i64,
    pub withdrawn: bool,
}

/// What came of something that was done with an order.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Done,
    Refused(&'static str),
}

impl Order {
    /// What is bought, and paid with so much store credit; it stands at once where the rest needs no agreement.
    pub fn new(lines: BTreeMap<usize, i64>, method: Method, spent: i64, pay_by: DateTime<Utc>) -> Self {
        let total = total(&lines);
        let method = if spent == total { Method::Credit } else { method };
        let stands = method.by_hand() || method == Method::Credit;
        Self {
            guest: None,
            lines,
            shipped: BTreeMap::new(),
            parcels: Vec::new(),
            total,
            method,
            lifecycle: if stands { Lifecycle::Placed } else { Lifecycle::AwaitingPayment },
            was_placed: stands,
            keeps_payment: false,
            pay_by,
            waits_for_days: false,
            owned: false,
            spent,
            returned: 0,
            credited: 0,
            given_back: 0,
            paid_back: BTreeMap::new(),
            sent_back: BTreeMap::new(),
            attempts: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether something like this is likely to come of it.
    pub fn suits(&self, deed: &Deed) -> bool {
        match deed {
            Deed::Ship { .. } => self.may_be_sent() == Ok(()),
            Deed::Deliver(..) => self.parcels.contains(&false),
            Deed::SendBack(_) => self.shipped.iter().any(|(what, sent)| sent > self.sent_back.get(what).unwrap_or(&0)),
            Deed::Refund(..) => self.refundable() > 0,
            Deed::Edit(..) => self.is_open() && self.fulfilment() == Fulfilment::Unfulfilled,
            Deed::Pay(..) | Deed::Change(_) => self.waits_for_payment(),
            Deed::Play(..) | Deed::Return(_) => {
                self.attempts.iter().any(|of| of.method == Method::Test && of.named && of.is_open())
            }
            Deed::Money(_) => self.is_open() && self.owed() > 0,
            Deed::Mistake(_) => self.notes.iter().any(|note| !note.withdrawn),
            _ => true,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::AwaitingPayment | Lifecycle::Placed)
    }

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
        self.spent + self.sum(|attempt| attempt.captured - attempt.excess)
    }

    /// The store credit that pays it and did not go back.
    fn credit(&self) -> i64 {
        self.spent - self.returned
    }

    /// By how much it has changed its owner's store credit.
    pub fn to_account(&self) -> i64 {
        self.credited - self.credit()
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

    fn waits_for_payment(&self) -> bool {
        self.lifecycle == Lifecycle::AwaitingPayment || self.has_a_rest()
    }

    /// Whether anybody can be asked to pay it: past its time nobody is to begin.
    pub fn can_be_paid(&self, now: DateTime<Utc>) -> bool {
        self.waits_for_payment() && (self.lifecycle != Lifecycle::AwaitingPayment || now < self.pay_by)
    }

    fn refundable_money(&self) -> i64 {
        (self.kept() - self.credited).max(0)
    }

    pub fn refundable(&self) -> i64 {
        self.refundable_money() + self.credit()
    }

    /// The word for its payment.
    pub fn payment(&self) -> Payment {
        let (paid, held) = (self.paid(), self.sum(|attempt| self.held(attempt)));
        let unpaid = || match held {
            0 if self.attempts.iter().any(|attempt| attempt.voided) => Payment::Voided,
            held if held >= self.total => Payment::Authorised,
            _ => Payment::None,
        };
        match self.kept() + self.credit() {
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

    /// Whether a parcel of it may leave, whatever is in it.
    pub fn may_be_sent(&self) -> Result<(), &'static str> {
        let open = matches!(self.fulfilment(), Fulfilment::Unfulfilled | Fulfilment::PartlyShipped);
        if self.lifecycle != Lifecycle::Placed || !open {
            return Err("state");
        }
        let paid = matches!(self.payment(), Payment::Authorised | Payment::Paid | Payment::PartlyRefunded);
        if self.method == Method::Cash || paid { Ok(()) } else { Err("unpaid") }
    }

    pub fn left(&self, what: usize) -> i64 {
        self.lines.get(&what).unwrap_or(&0) - self.shipped.get(&what).unwrap_or(&0)
    }

    /// Does what follows by itself: it is placed once it is paid, and the shop keeps what it may, and no more.
    pub fn follow(&mut self, later: bool) {
        let money = self.total - self.spent;
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.ending) {
            attempt.end();
        }
        if self.lifecycle == Lifecycle::AwaitingPayment && self.owed() == 0 {
            (self.lifecycle, self.was_placed) = (Lifecycle::Placed, true);
        }
        let cancelled = self.lifecycle == Lifecycle::Cancelled;
        let owed = if cancelled && !self.keeps_payment { 0 } else { money };
        // What was given back as store credit is kept as money.
        let mut may_keep = (owed - self.given_back).max(self.credited);
        let sent = self.lifecycle == Lifecycle::Placed && (!later || !self.parcels.is_empty());
        let takes = sent || (cancelled && self.keeps_payment);
        // What was taken is kept before what is only set aside.
        for attempt in &mut self.attempts {
            let keeps = attempt.kept().min(may_keep);
            let back = attempt.kept() - keeps;
            attempt.refunded += back;
            attempt.excess += if cancelled && !self.keeps_payment { 0 } else { back };
            may_keep -= keeps;
        }
        for index in 0..self.attempts.len() {
            let held = self.held(&self.attempts[index]);
            let attempt = &mut self.attempts[index];
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

    /// Money that was noted never came; what went back of it had.
    pub fn withdraw(&mut self, which: usize) -> Outcome {
        let count = self.notes.len().max(1);
        let (kept, credited) = (self.kept(), self.credited);
        let Some(note) = self.notes.get_mut(which % count).filter(|note| !note.withdrawn) else {
            return Outcome::Done;
        };
        let attempt = &mut self.attempts[note.attempt];
        if attempt.kept() < note.amount || kept - note.amount < credited {
            return Outcome::Refused("too much");
        }
        attempt.captured -= note.amount;
        note.withdrawn = true;
        Outcome::Done
    }

    /// The attempts that somebody could still pay are ended.
    pub fn end_open(&mut self) {
        for attempt in &mut self.attempts {
            attempt.ending |=
                attempt.method == Method::Test && attempt.named && !attempt.is_agreed() && !attempt.voided;
        }
    }

    pub fn replace_attempts(&mut self, by_owner: bool) {
        self.end_open();
        self.attempts.push(Attempt::new(self.method, self.owed(), by_owner));
    }

    /// Its owner, or whoever has its link, wants to pay what is to be paid of it.
    pub fn pay(&mut self, answer: Answer, by_owner: bool, now: DateTime<Utc>) -> Outcome {
        if !self.can_be_paid(now) || self.method == Method::Credit {
            return Outcome::Done;
        }
        let (method, owed) = (self.method, self.owed());
        let usable = |attempt: &Attempt| {
            (attempt.method, attempt.amount, attempt.by_owner) == (method, owed, by_owner) && attempt.is_open()
        };
        if !self.attempts.iter().any(usable) {
            self.replace_attempts(by_owner);
        }
        let number = self.attempts.iter().rposition(usable).expect("one was opened");
        self.request(number, answer)
    }

    /// Asks the gateway of an attempt.
    fn request(&mut self, number: usize, answer: Answer) -> Outcome {
        let attempt = &mut self.attempts[number];
        match (attempt.method, answer) {
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

    /// Asks what became of its payment, and ends it where it is too late. Only the last request can be made again
    /// without anybody there: what was replaced is not to be paid as well. Gives whether its gateway was silent.
    pub fn sweep(&mut self, late: bool, answer: Answer, later: bool) -> bool {
        let waits = self.lifecycle == Lifecycle::AwaitingPayment;
        let mut silent = false;
        let before = self.attempts.clone();
        for (number, known) in before.iter().enumerate() {
            let last_unanswered = !known.named && known.is_open() && number + 1 == before.len();
            if last_unanswered && self.waits_for_payment() && known.amount == self.owed() {
                self.request(number, answer);
                silent |= known.method == Method::Card && answer == Answer::Unavailable;
            } else if waits && late && known.is_open() {
                self.attempts[number].end();
            } else if waits || (known.is_open() && !last_unanswered) {
                self.attempts[number].learn();
            }
            self.follow(later);
        }
        silent
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
        if !self.is_open() || self.fulfilment() != Fulfilment::Unfulfilled {
            return Err("state");
        }
        if pieces == before {
            return Err("unchanged");
        }
        if self.lines.values().sum::<i64>() + pieces == before {
            return Err("empty");
        }
        let mut lines = self.lines.clone();
        lines.insert(what, pieces);
        lines.retain(|_, pieces| *pieces > 0);
        if total(&lines) < self.spent {
            return Err("below credit");
        }
        if pieces < *self.paid_back.get(&what).unwrap_or(&0) {
            return Err("refunded");
        }
        (self.total, self.lines) = (total(&lines), lines);
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
                let before = self.paid_back.get(&what).unwrap_or(&0);
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
        // What goes to the account comes of its credit first, what goes back the way it came of the money.
        let from_credit = match method {
            RefundMethod::StoreCredit => amount.min(self.credit()),
            RefundMethod::Original => (amount - self.refundable_money()).max(0),
        };
        let from_money = amount - from_credit;
        if !self.owned && (method == RefundMethod::StoreCredit || from_credit > 0) {
            return Outcome::Refused("no account");
        }
        self.returned += from_credit;
        match method {
            RefundMethod::StoreCredit => self.credited += from_money,
            RefundMethod::Original => {
                let mut left = from_money;
                for attempt in self.attempts.iter_mut().rev() {
                    let part = attempt.kept().min(left);
                    attempt.refunded += part;
                    left -= part;
                }
                self.given_back += from_money;
            }
        }
        if let Share::Pieces(what, pieces) = share {
            *self.paid_back.entry(what).or_default() += pieces;
        }
        Outcome::Done
    }
}
