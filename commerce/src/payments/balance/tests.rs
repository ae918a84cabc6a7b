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
    let one = (0_usize..4, 0_usize..Outcome::ALL.len(), 0_u8..4, 1_i64..100);
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

const PLACED: Due = Due { lifecycle: Lifecycle::Placed, amount: 130, capture: true, keeps_payment: false, credited: 0 };

fn taken(captured: i64, refunded: i64, excess: i64) -> Balance {
    Balance { authorised: captured, captured, refunded, excess, voided: false }
}

#[test]
fn money_that_was_noted_by_mistake_is_not_there() {
    let noted = |outcome, fact| entry(Action::Capture, outcome, fact, 1_000);
    let told = [
        noted(Outcome::Withdrawn, "slip"),
        noted(Outcome::Succeeded, "slip"),
        noted(Outcome::Succeeded, "other slip"),
        entry(Action::Refund, Outcome::Succeeded, "part", 400),
    ];
    let balance = balance(&told);
    assert_eq!((balance.captured, balance.refunded, balance.authorised), (1_000, 400, 1_000));
}

#[test]
fn a_capture_that_is_known_is_not_waited_for() {
    let known = AttemptState { under_way: vec![(Action::Capture, 100)], ..attempt(1, taken(100, 0, 0)) };
    assert_eq!(wishes(PLACED, &[known, attempt(2, taken(30, 0, 0))]), []);
}

#[test]
fn what_is_only_set_aside_is_let_go_before_money_goes_back() {
    let held = attempt(1, Balance { authorised: 130, ..Balance::default() });
    let void = Wish { attempt: held.id, action: Action::Void, amount: 130 };
    for capture in [false, true] {
        assert_eq!(wishes(Due { capture, ..PLACED }, &[held.clone(), attempt(2, taken(130, 0, 0))]), [void]);
    }
    let capture = Wish { action: Action::Capture, amount: 90, ..void };
    assert_eq!(wishes(PLACED, &[held, attempt(2, taken(40, 0, 0))]), [capture]);
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
    let of =
        |amount, attempts: &[AttemptState]| (state(amount, Credit::default(), attempts), outstanding(amount, attempts));
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

/// What can happen to the money of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    SetAside,
    Take,
    GiveBack,
    LetGo,
    Withdraw,
}

/// Where the payment of an order can go from each state by each step, as it happens by one attempt of no more than the
/// order costs. What is not here never happens.
const WAYS: &[(Payment, Step, &[Payment])] = {
    use Payment::{Authorised, None, Paid, PartlyPaid, PartlyRefunded, Refunded, Voided};
    use Step::{GiveBack, LetGo, SetAside, Take, Withdraw};
    &[
        (None, SetAside, &[None, Authorised]),
        (None, Take, &[PartlyPaid, Paid]),
        (None, LetGo, &[Voided]),
        // Gateways let the rest go once they have taken some of it.
        (Authorised, Take, &[PartlyPaid, Paid]),
        (Authorised, LetGo, &[Voided]),
        // Some of it may have gone back before all of it was there.
        (PartlyPaid, Take, &[PartlyPaid, Paid, PartlyRefunded]),
        (PartlyPaid, GiveBack, &[PartlyPaid, Refunded]),
        (PartlyPaid, Withdraw, &[None, PartlyPaid, Refunded]),
        (Paid, GiveBack, &[PartlyRefunded, Refunded]),
        (Paid, Withdraw, &[None, PartlyPaid]),
        (PartlyRefunded, GiveBack, &[PartlyRefunded, Refunded]),
        (PartlyRefunded, Withdraw, &[PartlyPaid, Refunded]),
        (Refunded, Take, &[PartlyPaid, PartlyRefunded]),
    ]
};

#[test]
fn the_payment_of_an_order_goes_only_these_ways() {
    use Step::{GiveBack, LetGo, SetAside, Take, Withdraw};
    const TOTAL: i64 = 100;
    let payment = |told: &[Entry]| state(TOTAL, Credit::default(), &[attempt(1, balance(told))]);
    let told = |action, before: &[Entry], amount| entry(action, Outcome::Succeeded, &before.len().to_string(), amount);
    let next = |before: &[Entry]| {
        let now = balance(before);
        let mut next = Vec::new();
        for amount in [40, 60, TOTAL] {
            // What comes by hand comes in parts.
            let by_hand = now.authorised == now.captured;
            if before.is_empty() {
                next.push((SetAside, told(Action::Authorise, before, amount)));
            }
            let most = if by_hand { TOTAL } else { now.authorised };
            if !now.voided && now.captured + amount <= most && (by_hand || now.captured == 0) {
                next.push((Take, told(Action::Capture, before, amount)));
            }
            if amount <= now.kept() {
                next.push((GiveBack, told(Action::Refund, before, amount)));
            }
        }
        if now.held() > 0 && now.captured == 0 {
            next.push((LetGo, told(Action::Void, before, 0)));
        }
        let is_by_hand = before.iter().all(|of| of.action != Action::Authorise);
        let withdrawn = |fact: &str| before.iter().any(|of| of.fact == fact && of.outcome == Outcome::Withdrawn);
        for taken in before.iter().filter(|of| is_by_hand && of.action == Action::Capture && !withdrawn(&of.fact)) {
            if taken.amount <= now.kept() {
                next.push((Withdraw, Entry { outcome: Outcome::Withdrawn, ..taken.clone() }));
            }
        }
        next
    };
    let mut seen: Vec<(Payment, Step, Payment)> = Vec::new();
    let mut histories = vec![Vec::new()];
    while let Some(before) = histories.pop() {
        for (step, entry) in next(&before) {
            let after = [before.as_slice(), &[entry]].concat();
            let way = (payment(&before), step, payment(&after));
            if !seen.contains(&way) {
                seen.push(way);
            }
            if after.len() < 6 {
                histories.push(after);
            }
        }
    }
    let known: Vec<_> = WAYS.iter().flat_map(|(from, step, to)| to.iter().map(|to| (*from, *step, *to))).collect();
    let unknown: Vec<_> = seen.iter().filter(|way| !known.contains(way)).collect();
    let never: Vec<_> = known.iter().filter(|way| !seen.contains(way)).collect();
    assert!(unknown.is_empty() && never.is_empty(), "happens: {unknown:?}; never happens: {never:?}");
}
