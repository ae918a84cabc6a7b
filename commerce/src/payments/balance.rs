//! What the entries of the ledger come to, and what follows from that. Pure: the same entries in any order and
//! however often give the same.

use super::{Action, OperationId, Outcome, PaymentAttemptId};
use crate::orders::{Lifecycle, Payment};
use std::collections::{BTreeMap, BTreeSet};

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Of which attempt.
    pub attempt: PaymentAttemptId,
    /// What was done.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
    /// What the gateway knows it by: entries of the same fact are about the same money.
    pub fact: String,
    /// What asked for it, if the shop did.
    pub operation: Option<OperationId>,
    /// Whether the shop asked for it by itself, because it had more than is due.
    pub balancing: bool,
    /// How much, in minor units.
    pub amount: i64,
}

/// What the entries of an attempt come to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Set aside, whether taken later or not.
    pub authorised: i64,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
    /// What of that was more than was due: it was never paid for the order.
    pub excess: i64,
    /// Whether what was set aside and not taken was let go.
    pub voided: bool,
}

impl Balance {
    /// What is still set aside: nothing once some of it was taken, since gateways let the rest go then.
    pub fn held(&self) -> i64 {
        if self.voided || self.captured > 0 { 0 } else { self.authorised }
    }

    /// What was taken and not given back.
    pub fn kept(&self) -> i64 {
        self.captured - self.refunded
    }
}

/// Adds up the entries of one attempt.
///
/// A fact that was told with two outcomes has succeeded, whichever was told first; only a refund that was told to have
/// succeeded can still fail, when the bank sends it back, and a capture be withdrawn, when who has noted it was mistaken.
pub fn balance<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Balance {
    #[derive(Default)]
    struct Told {
        succeeded: bool,
        failed: bool,
        withdrawn: bool,
        amount: i64,
    }
    let mut facts = BTreeMap::<(Action, &str), Told>::new();
    let mut balancing = BTreeSet::new();
    for entry in entries {
        let fact = facts.entry((entry.action, &entry.fact)).or_default();
        if entry.balancing {
            balancing.insert(entry.fact.as_str());
        }
        match entry.outcome {
            Outcome::Succeeded => {
                fact.succeeded = true;
                // Told twice with different amounts, the larger one is the later one: captures in parts add up.
                fact.amount = fact.amount.max(entry.amount);
            }
            Outcome::Failed => fact.failed = true,
            Outcome::Withdrawn => fact.withdrawn = true,
            Outcome::Pending => {}
        }
    }
    let mut balance = Balance::default();
    for ((action, fact), Told { succeeded, failed, withdrawn, amount }) in facts {
        match action {
            Action::Authorise if succeeded => balance.authorised += amount,
            Action::Capture if succeeded && !withdrawn => balance.captured += amount,
            Action::Refund if succeeded && !failed => {
                balance.refunded += amount;
                balance.excess += if balancing.contains(fact) { amount } else { 0 };
            }
            Action::Void if succeeded => balance.voided = true,
            _ => {}
        }
    }
    balance.authorised = balance.authorised.max(balance.captured);
    balance
}

/// An attempt with what is under way at its gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptState {
    /// Which attempt.
    pub id: PaymentAttemptId,
    /// What its entries come to.
    pub balance: Balance,
    /// What was asked of the gateway and not answered yet, in minor units.
    pub under_way: Vec<(Action, i64)>,
    /// What of the refunds under way somebody has decided: not what goes back by itself because it is too much.
    pub giving_back: i64,
    /// What the gateway has refused again and again: it is left to staff.
    pub given_up: Vec<Action>,
}

impl AttemptState {
    fn asked(&self, action: Action) -> i64 {
        self.under_way.iter().filter(|(asked, _)| *asked == action).map(|(_, amount)| amount).sum()
    }

    /// What was taken, less what was given back or is about to be.
    pub fn refundable(&self) -> i64 {
        self.balance.kept() - self.asked(Action::Refund)
    }

    /// What is still set aside and stays so: not what is about to be let go.
    fn held(&self) -> i64 {
        if self.asked(Action::Void) > 0 { 0 } else { self.balance.held() }
    }

    /// What was given back, or is about to be, because somebody has decided so.
    pub(crate) fn decided_back(&self) -> i64 {
        self.balance.refunded - self.balance.excess + self.giving_back
    }

    /// What was paid for the order: all that was taken, but what was more than is due and went back by itself or is
    /// about to. What somebody has decided to give back was paid all the same.
    pub(crate) fn paid(&self) -> i64 {
        self.balance.captured - self.balance.excess - (self.asked(Action::Refund) - self.giving_back)
    }
}

/// What an order has to be paid with money, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whether it stands.
    pub lifecycle: Lifecycle,
    /// Its total, less what was paid with store credit.
    pub amount: i64,
    /// Whether what was set aside is to be taken now.
    pub capture: bool,
    /// Whether what was taken is kept though it is cancelled.
    pub keeps_payment: bool,
    /// What was given back as store credit: the money for it stays.
    pub credited: i64,
}

impl Due {
    /// The most that the shop may keep, where so much was given back because somebody has decided so: that is not to be
    /// paid again. What was given back as store credit has to stay as money.
    fn most(&self, back: i64) -> i64 {
        let owed = if self.lifecycle == Lifecycle::Cancelled && !self.keeps_payment { 0 } else { self.amount };
        (owed.max(0) - back).max(self.credited)
    }

    /// Whether what was set aside is to be taken now: also of an order that was given up and keeps what was paid.
    fn takes(&self) -> bool {
        match self.lifecycle {
            Lifecycle::Placed => self.capture,
            Lifecycle::Cancelled => self.keeps_payment,
            _ => false,
        }
    }
}

/// Something that a gateway is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Of which attempt.
    pub attempt: PaymentAttemptId,
    /// What.
    pub action: Action,
    /// How much, in minor units.
    pub amount: i64,
}

/// What is to be asked of gateways so that the shop keeps what it may, and no more: an order that is paid twice, that
/// was cancelled, or that costs less now, gives money back by itself. What was taken is kept before what is only set
/// aside, which can be let go without moving money; among equals, the oldest attempt keeps its money first.
pub fn wishes(due: Due, attempts: &[AttemptState]) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut wish = |attempt: &AttemptState, action, amount| {
        if amount > 0 && !attempt.given_up.contains(&action) {
            wishes.push(Wish { attempt: attempt.id, action, amount });
        }
    };
    // Once something was taken the request is answered, whoever has told of it.
    let capturing =
        |attempt: &AttemptState| if attempt.balance.captured > 0 { 0 } else { attempt.asked(Action::Capture) };
    let mut need = due.most(attempts.iter().map(AttemptState::decided_back).sum());
    for attempt in attempts {
        let kept = attempt.refundable().max(0);
        let keeps = kept.min(need);
        wish(attempt, Action::Refund, kept - keeps);
        need -= keeps;
        need -= capturing(attempt).min(need);
    }
    for attempt in attempts {
        let capturing = capturing(attempt);
        let held = (attempt.held() - capturing).max(0);
        let takes = held.min(need);
        if takes == 0 {
            if capturing == 0 {
                wish(attempt, Action::Void, held);
            }
        } else {
            need -= takes;
            if due.takes() && capturing == 0 {
                wish(attempt, Action::Capture, takes);
            }
        }
    }
    wishes
}

/// Store credit that an order was paid with, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// Spent on it.
    pub spent: i64,
    /// Given back of that.
    pub returned: i64,
}

impl Credit {
    /// What was spent and not given back.
    pub fn kept(self) -> i64 {
        self.spent - self.returned
    }
}

/// Of an amount that goes back, what goes back as money and what as store credit, in minor units: money first, then
/// credit for what credit has paid. None where it is more than there is.
pub fn split(amount: i64, money: i64, credit: i64) -> Option<(i64, i64)> {
    let part = amount.min(money);
    (amount - part <= credit).then_some((part, amount - part))
}

/// What of an order still has to be agreed, in minor units; never below 0. What somebody has decided to give back is
/// not to be paid again.
pub fn outstanding(amount: i64, attempts: &[AttemptState]) -> i64 {
    let agreed: i64 = attempts.iter().map(|attempt| attempt.held() + attempt.paid()).sum();
    (amount - agreed).max(0)
}

/// The stored fact of an order's payment, from its total, the store credit that has paid of it, and its attempts.
/// Credit counts like money that was taken.
pub fn state(total: i64, credit: Credit, attempts: &[AttemptState]) -> Payment {
    let sum = |of: fn(&AttemptState) -> i64| attempts.iter().map(of).sum::<i64>();
    let captured = sum(|attempt| attempt.balance.captured) + credit.spent;
    let held = sum(AttemptState::held);
    let paid = sum(AttemptState::paid) + credit.spent;
    let kept = paid - sum(|attempt| attempt.balance.refunded - attempt.balance.excess) - credit.returned;
    if captured > 0 && kept >= total {
        Payment::Paid
    } else if paid <= 0 {
        match (held > 0, attempts.iter().any(|attempt| attempt.balance.voided)) {
            (true, _) if held >= total => Payment::Authorised,
            (true, _) | (false, false) => Payment::None,
            (false, true) => Payment::Voided,
        }
    } else if kept <= 0 {
        Payment::Refunded
    } else if paid >= total {
        Payment::PartlyRefunded
    } else if paid + held >= total {
        Payment::Authorised
    } else {
        // It never was all of it, so that nothing is sent, whatever went back.
        Payment::PartlyPaid
    }
}

#[cfg(test)]
mod tests;
