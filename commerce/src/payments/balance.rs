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
/// succeeded can still fail, when the bank sends it back.
pub fn balance<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Balance {
    let mut facts = BTreeMap::<(Action, &str), (bool, bool, i64)>::new();
    let mut balancing = BTreeSet::new();
    for entry in entries {
        let fact = facts.entry((entry.action, &entry.fact)).or_default();
        if entry.balancing {
            balancing.insert(entry.fact.as_str());
        }
        match entry.outcome {
            Outcome::Succeeded => {
                fact.0 = true;
                // Told twice with different amounts, the larger one is the later one: captures in parts add up.
                fact.2 = fact.2.max(entry.amount);
            }
            Outcome::Failed => fact.1 = true,
            Outcome::Pending => {}
        }
    }
    let mut balance = Balance::default();
    for ((action, fact), (succeeded, failed, amount)) in facts {
        match action {
            Action::Authorise if succeeded => balance.authorised += amount,
            Action::Capture if succeeded => balance.captured += amount,
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
/// was cancelled, or that costs less now, gives money back by itself. The oldest attempt keeps its money first.
pub fn wishes(due: Due, attempts: &[AttemptState]) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut need = due.most(attempts.iter().map(AttemptState::decided_back).sum());
    for attempt in attempts {
        let mut wish = |action, amount| {
            if amount > 0 && !attempt.given_up.contains(&action) {
                wishes.push(Wish { attempt: attempt.id, action, amount });
            }
        };
        let kept = attempt.refundable().max(0);
        let keeps = kept.min(need);
        wish(Action::Refund, kept - keeps);
        need -= keeps;
        // Once something was taken the request is answered, whoever has told of it.
        let capturing = if attempt.balance.captured > 0 { 0 } else { attempt.asked(Action::Capture) };
        let held = (attempt.held() - capturing).max(0);
        need -= capturing.min(need);
        let takes = held.min(need);
        if takes == 0 {
            if capturing == 0 {
                wish(Action::Void, held);
            }
        } else {
            need -= takes;
            if due.takes() && capturing == 0 {
                wish(Action::Capture, takes);
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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn attempt(number: u128, balance: Balance) -> AttemptState {
        AttemptState {
            id: PaymentAttemptId(Uuid::from_u128(number)),
            balance,
            under_way: Vec::new(),
            giving_back: 0,
            given_up: Vec::new(),
        }
    }

    fn entry(action: Action, outcome: Outcome, fact: &str, amount: i64) -> Entry {
        let attempt = PaymentAttemptId(Uuid::nil());
        Entry { attempt, action, outcome, fact: fact.to_owned(), operation: None, balancing: false, amount }
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let one = (0_usize..4, 0_usize..3, 0_u8..4, 1_i64..100);
        prop::collection::vec(one, 0..12).prop_map(|all| {
            all.into_iter()
                .map(|(action, outcome, fact, _)| {
                    // The same fact is about the same amount.
                    let amount = i64::from(fact) * 10 + 10;
                    entry(Action::ALL[action], Outcome::ALL[outcome], &fact.to_string(), amount)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_and_the_number_of_tellings_do_not_matter(
            entries in entries(),
            again in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
            seed in any::<u64>(),
        ) {
            let expected = balance(&entries);
            let mut shuffled = entries.clone();
            if !entries.is_empty() {
                shuffled.extend(again.iter().map(|index| index.get(&entries).clone()));
            }
            let mut random = seed;
            for index in (1..shuffled.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(index, (random >> 33) as usize % (index + 1));
            }
            prop_assert_eq!(balance(&shuffled), expected);
        }

        #[test]
        fn nothing_is_asked_for_that_is_not_there_and_nothing_too_much_is_kept(
            amount in 0_i64..200,
            cancelled in any::<bool>(),
            capture in any::<bool>(),
            balances in prop::collection::vec((0_i64..200, 0_i64..200, 0_i64..200, any::<bool>()), 0..4),
        ) {
            let attempts: Vec<_> = balances
                .into_iter()
                .zip(0..)
                .map(|((authorised, captured, refunded, voided), number)| {
                    let captured = captured.min(authorised);
                    attempt(number, Balance { authorised, captured, refunded: refunded.min(captured), excess: 0, voided })
                })
                .collect();
            let lifecycle = if cancelled { Lifecycle::Cancelled } else { Lifecycle::Placed };
            let due = Due { lifecycle, amount, capture, keeps_payment: false, credited: 0 };
            let wishes = wishes(due, &attempts);
            let mut after = attempts.clone();
            for wish in &wishes {
                let balance = &mut after.iter_mut().find(|attempt| attempt.id == wish.attempt).expect("its own").balance;
                match wish.action {
                    Action::Capture => balance.captured += wish.amount,
                    Action::Refund => {
                        balance.refunded += wish.amount;
                        balance.excess += wish.amount;
                    }
                    Action::Void => balance.voided = true,
                    Action::Authorise => prop_assert!(false, "nothing more is set aside"),
                }
                prop_assert!(balance.captured <= balance.authorised && balance.refunded <= balance.captured);
            }
            let kept: i64 = after.iter().map(|attempt| attempt.balance.kept()).sum();
            let most = due.most(attempts.iter().map(AttemptState::decided_back).sum());
            prop_assert!(kept <= most);
            let had: i64 = attempts.iter().map(|attempt| attempt.balance.kept()).sum();
            prop_assert!(kept >= had.min(most), "what may be kept is kept");
            prop_assert!(super::wishes(due, &after).is_empty(), "once it is done nothing is left to wish");
        }
    }

    const PLACED: Due =
        Due { lifecycle: Lifecycle::Placed, amount: 130, capture: true, keeps_payment: false, credited: 0 };

    fn taken(captured: i64, refunded: i64, excess: i64) -> Balance {
        Balance { authorised: captured, captured, refunded, excess, voided: false }
    }

    #[test]
    fn a_capture_that_is_known_is_not_waited_for() {
        let known = AttemptState { under_way: vec![(Action::Capture, 100)], ..attempt(1, taken(100, 0, 0)) };
        assert_eq!(wishes(PLACED, &[known, attempt(2, taken(30, 0, 0))]), []);
    }

    #[test]
    fn what_was_decided_to_go_back_is_not_kept_instead() {
        let back = |due, attempts: &[AttemptState]| -> Vec<_> {
            wishes(due, attempts).iter().map(|wish| (wish.attempt.0.as_u128(), wish.action, wish.amount)).collect()
        };
        let edited = Due { amount: 60, ..PLACED };
        assert_eq!(back(edited, &[attempt(1, taken(100, 30, 0))]), [(1, Action::Refund, 40)], "an edit");
        let as_credit = Due { credited: 30, ..edited };
        assert_eq!(back(as_credit, &[attempt(1, taken(100, 0, 0))]), [(1, Action::Refund, 40)], "after store credit");
        let late = [attempt(1, taken(130, 0, 0)), attempt(2, taken(130, 130, 0))];
        assert_eq!(back(PLACED, &late), [(1, Action::Refund, 130)], "paid again after all was given back");
    }

    #[test]
    fn what_is_let_go_is_not_counted_upon() {
        let held = Balance { authorised: 30, ..Balance::default() };
        let going = AttemptState { under_way: vec![(Action::Void, 30)], ..attempt(2, held) };
        let attempts = [attempt(1, taken(100, 0, 0)), going];
        assert_eq!(outstanding(130, &attempts), 30);
        assert_eq!(state(130, Credit::default(), &attempts), Payment::PartlyPaid);
        assert_eq!(wishes(PLACED, &attempts), [], "it is asked for once");
    }

    #[test]
    fn an_order_given_up_takes_what_it_keeps() {
        let held = attempt(1, Balance { authorised: 130, ..Balance::default() });
        let kept = Due { lifecycle: Lifecycle::Cancelled, keeps_payment: true, capture: false, ..PLACED };
        assert_eq!(
            wishes(kept, &[held]),
            [Wish { attempt: PaymentAttemptId(Uuid::from_u128(1)), action: Action::Capture, amount: 130 }]
        );
    }

    #[test]
    fn a_refund_that_the_bank_sends_back_was_none() {
        let captured = entry(Action::Capture, Outcome::Succeeded, "pi", 100);
        let refund = |outcome| entry(Action::Refund, outcome, "re", 40);
        let told = [captured.clone(), refund(Outcome::Succeeded), refund(Outcome::Failed)];
        assert_eq!(balance(&told).refunded, 0);
        assert_eq!(balance([&captured, &refund(Outcome::Pending)]).refunded, 0);
        assert_eq!(balance([&captured, &refund(Outcome::Succeeded)]).refunded, 40);
    }

    #[test]
    fn the_word_for_a_payment() {
        let of = |authorised, captured, refunded, voided| {
            let balance = Balance { authorised, captured, refunded, excess: 0, voided };
            state(100, Credit::default(), &[attempt(1, balance)])
        };
        assert_eq!(state(100, Credit::default(), &[]), Payment::None);
        assert_eq!(of(0, 0, 0, false), Payment::None);
        assert_eq!(of(100, 0, 0, false), Payment::Authorised);
        assert_eq!(of(50, 0, 0, false), Payment::None);
        assert_eq!(of(100, 0, 0, true), Payment::Voided);
        assert_eq!(of(100, 60, 0, true), Payment::PartlyPaid);
        assert_eq!(of(100, 100, 0, false), Payment::Paid);
        assert_eq!(of(120, 120, 20, false), Payment::Paid, "what was too much went back");
        assert_eq!(of(100, 100, 30, false), Payment::PartlyRefunded);
        assert_eq!(of(60, 60, 10, false), Payment::PartlyPaid, "it never was all of it");
        assert_eq!(of(60, 60, 60, false), Payment::Refunded);
        assert_eq!(of(100, 100, 100, false), Payment::Refunded);
    }

    #[test]
    fn store_credit_counts_as_paid() {
        let of = |spent, returned, balance| state(100, Credit { spent, returned }, &[attempt(1, balance)]);
        let none = Balance::default();
        let taken = |captured, refunded| taken(captured, refunded, 0);
        assert_eq!(of(100, 0, none), Payment::Paid, "wholly");
        assert_eq!(of(40, 0, none), Payment::PartlyPaid, "while the rest is waited for");
        assert_eq!(of(40, 0, Balance { authorised: 60, ..none }), Payment::Authorised);
        assert_eq!(of(40, 0, Balance { authorised: 59, ..none }), Payment::PartlyPaid);
        assert_eq!(of(40, 0, taken(60, 0)), Payment::Paid);
        assert_eq!(of(40, 0, taken(60, 60)), Payment::PartlyRefunded);
        assert_eq!(of(40, 40, taken(60, 60)), Payment::Refunded);
        assert_eq!(of(100, 100, none), Payment::Refunded);
    }

    proptest! {
        #[test]
        fn what_goes_back_is_money_first_and_never_more_than_there_is(
            total in 1_i64..1_000,
            credit in 0_i64..1_000,
            asked in prop::collection::vec((1_i64..600, any::<bool>()), 0..8),
        ) {
            let spent = credit.min(total);
            let captured = total - spent;
            // What was given back as money, as credit of money that stays, and of credit that was spent.
            let (mut refunded, mut credited, mut returned) = (0, 0, 0);
            for (amount, as_credit) in asked {
                let (money, of_credit) = (captured - refunded - credited, spent - returned);
                let parts = match as_credit {
                    false => split(amount, money, of_credit),
                    true => split(amount, of_credit, money).map(|(of_credit, money)| (money, of_credit)),
                };
                prop_assert_eq!(parts.is_some(), amount <= money + of_credit);
                let Some((part, rest)) = parts else { continue };
                prop_assert_eq!(part + rest, amount);
                prop_assert!(part >= 0 && rest >= 0 && part <= money && rest <= of_credit);
                if as_credit { credited += part } else { refunded += part }
                returned += rest;
                prop_assert!(as_credit || rest == 0 || part == money, "money goes back first");
                prop_assert!(refunded + credited + returned <= total);
                let balance = Balance { authorised: captured, captured, refunded, excess: 0, voided: false };
                let attempts = [attempt(1, balance)];
                let due = Due { lifecycle: Lifecycle::Placed, amount: captured, capture: true, keeps_payment: false, credited };
                prop_assert_eq!(wishes(due, &attempts), [], "nothing goes back by itself");
                // Given up, everything that was not given back yet goes back, and no more.
                let cancelled = Due { lifecycle: Lifecycle::Cancelled, ..due };
                let back: i64 = wishes(cancelled, &attempts).iter().map(|wish| wish.amount).sum();
                prop_assert_eq!(refunded + back + credited + spent, total);
                let credit = Credit { spent, returned };
                let word = state(total, credit, &attempts);
                prop_assert_eq!(word == Payment::Paid, refunded + returned == 0);
                prop_assert_eq!(word == Payment::Refunded, refunded + returned == total);
            }
        }
    }

    #[test]
    fn an_order_that_costs_more_now_is_paid_in_part() {
        let paid = |captured, refunded, excess| {
            attempt(1, Balance { authorised: captured, captured, refunded, excess, voided: false })
        };
        let held = attempt(2, Balance { authorised: 40, ..Balance::default() });
        let of = |amount, attempts: &[AttemptState]| {
            (state(amount, Credit::default(), attempts), outstanding(amount, attempts))
        };
        assert_eq!(of(140, &[paid(100, 0, 0)]), (Payment::PartlyPaid, 40));
        assert_eq!(of(140, &[paid(100, 0, 0), held.clone()]), (Payment::Authorised, 0));
        assert_eq!(of(140, &[held]), (Payment::None, 100));
        // What somebody gave back is not to be paid again, and does not pay for anything.
        assert_eq!(of(100, &[paid(100, 30, 0)]), (Payment::PartlyRefunded, 0));
        assert_eq!(of(140, &[paid(100, 30, 0)]), (Payment::PartlyPaid, 40));
        // What went back because the order cost less for a while is.
        assert_eq!(of(60, &[paid(100, 40, 40)]), (Payment::Paid, 0));
        assert_eq!(of(100, &[paid(100, 40, 40)]), (Payment::PartlyPaid, 40));
        assert_eq!(of(100, &[paid(100, 100, 100)]), (Payment::None, 100));
        let mut going_back = paid(100, 0, 0);
        going_back.under_way.push((Action::Refund, 40));
        assert_eq!(of(100, std::slice::from_ref(&going_back)), (Payment::PartlyPaid, 40));
        going_back.giving_back = 40;
        assert_eq!(of(100, &[going_back]), (Payment::Paid, 0), "somebody has decided that");
    }

    #[test]
    fn money_that_comes_twice_goes_back_once() {
        let paid = Balance { authorised: 100, captured: 100, ..Balance::default() };
        let due = Due { lifecycle: Lifecycle::Placed, amount: 100, capture: true, keeps_payment: false, credited: 0 };
        let mut attempts = [attempt(1, paid), attempt(2, paid)];
        let refund = Wish { attempt: attempts[1].id, action: Action::Refund, amount: 100 };
        assert_eq!(wishes(due, &attempts), [refund]);
        attempts[1].under_way.push((Action::Refund, 100));
        assert_eq!(wishes(due, &attempts), []);
        let cancelled = Due { lifecycle: Lifecycle::Cancelled, ..due };
        assert_eq!(wishes(cancelled, &attempts), [Wish { attempt: attempts[0].id, ..refund }]);
        assert_eq!(wishes(Due { keeps_payment: true, ..cancelled }, &attempts), []);
        let credited = Due { credited: 30, ..cancelled };
        assert_eq!(wishes(credited, &attempts), [Wish { attempt: attempts[0].id, amount: 70, ..refund }]);
    }
}
