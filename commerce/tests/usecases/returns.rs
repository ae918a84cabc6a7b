//! What customers send back.

use crate::harness::{TestShop, check};
use commerce::accounts::SignedIn;
use commerce::checkout::Step;
use commerce::checkout::save_step::StepDone;
use commerce::fulfilment::ship::{Parcel, deliver, ship};
use commerce::inventory::LocationId;
use commerce::orders::refund::{Refund, RefundMethod, refundable};
use commerce::orders::{Order, OrderId, OrderLineId, Payment, queries as orders};
use commerce::payments::operate::operate_due;
use commerce::returns::approve::{approve, reject, withdraw};
use commerce::returns::close::close;
use commerce::returns::queries::{self, ReturnFilter, search};
use commerce::returns::receive::{Arrival, receive};
use commerce::returns::refund::{Settlement, refund, worth};
use commerce::returns::request::{RETURNS_MOST, left, open_for, request};
use commerce::returns::{
    Counted, NewReturn, Return, ReturnError, ReturnId, ReturnNumber, ReturnReason, ReturnState, Wanted, Word,
};
use proptest::prelude::*;

/// An order of two mugs and a bowl that is paid by card and placed.
async fn ordered(shop: &TestShop) -> Order {
    if shop.count("variations").await == 0 {
        shop.sells("MUG", 1_001, 1_000).await;
        shop.sells("BOWL", 2_000, 1_000).await;
    }
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    guest.add("BOWL", 1).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("reviewed");
    guest.save(StepDone::Payment("card".to_owned())).await.expect("chosen");
    let access = guest.place().await.expect("placed");
    orders::by_access_token(shop.db.primary(), &access.hash()).await.expect("read").expect("an order")
}

/// Sends so many pieces of each line, and gives the shipment.
async fn send(shop: &TestShop, ada: &SignedIn, order: &Order, pieces: &[i64]) -> commerce::fulfilment::ShipmentId {
    let parcel = Parcel {
        key: format!("{}-{pieces:?}", order.id),
        location: shop.warehouse().await,
        carrier: "dhl".to_owned(),
        tracking_number: None,
        lines: order.lines.iter().zip(pieces).map(|(line, pieces)| (line.id, *pieces)).collect(),
    };
    ship(shop, ada, order.id, &parcel).await.expect("sent")
}

/// An order of which everything was sent.
async fn sent(shop: &TestShop, ada: &SignedIn) -> Order {
    let order = ordered(shop).await;
    send(shop, ada, &order, &[2, 1]).await;
    order
}

fn wanted(line: OrderLineId, quantity: i64) -> Wanted {
    Wanted { line, quantity, reason: ReturnReason::Damaged, comment: "It has a crack".to_owned() }
}

/// So many pieces of each line.
fn new(order: &Order, key: &str, pieces: &[i64]) -> NewReturn {
    let lines = order.lines.iter().zip(pieces).filter(|(_, pieces)| **pieces != 0);
    NewReturn { key: key.to_owned(), lines: lines.map(|(line, pieces)| wanted(line.id, *pieces)).collect() }
}

fn word(key: &str) -> Word {
    Word { key: key.to_owned(), note: format!("Note of {key}") }
}

async fn arrival(shop: &TestShop, order: &Order, pieces: &[(i64, i64)]) -> Arrival {
    let counted = |(line, (received, resellable)): (&commerce::orders::OrderLine, &(i64, i64))| Counted {
        line: line.id,
        received: *received,
        resellable: *resellable,
    };
    Arrival { location: shop.warehouse().await, counted: order.lines.iter().zip(pieces).map(counted).collect() }
}

async fn read(shop: &TestShop, order: &Order, number: ReturnNumber) -> Return {
    let found = queries::of_order_by_number(shop.db.primary(), order.id, number.number).await;
    found.expect("read").expect("the return")
}

async fn id(shop: &TestShop, order: &Order, number: ReturnNumber) -> ReturnId {
    read(shop, order, number).await.id
}

async fn requested(shop: &TestShop, order: &Order, key: &str, pieces: &[i64]) -> ReturnId {
    let number = request(shop, order.id, &new(order, key, pieces)).await.expect("asked for");
    id(shop, order, number).await
}

async fn approved(shop: &TestShop, ada: &SignedIn, order: &Order, pieces: &[i64]) -> ReturnId {
    let of = requested(shop, order, &format!("{pieces:?}"), pieces).await;
    approve(shop, ada, of, &word("approve")).await.expect("agreed to");
    of
}

async fn state(shop: &TestShop, of: ReturnId) -> ReturnState {
    let order = queries::order_of(shop.db.primary(), of).await.expect("read").expect("an order");
    let all = queries::of_order(shop.db.primary(), order).await.expect("read");
    all.iter().find(|one| one.id == of).expect("the return").state
}

async fn money_left(shop: &TestShop, order: OrderId) -> i64 {
    let order = orders::by_id(shop.db.primary(), order).await.expect("read").expect("the order");
    refundable(shop.db.primary(), &order).await.expect("read").minor()
}

fn whole(deduction: i64) -> Settlement {
    Settlement { method: RefundMethod::Original, deduction }
}

async fn in_stock(shop: &TestShop) -> (i64, i64) {
    (shop.stock("MUG").await.0, shop.stock("BOWL").await.0)
}

both_databases! {
    async fn what_is_sent_back_is_counted_and_paid_for(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = sent(&shop, &ada).await;
        let (mugs, bowl) = (&order.lines[0], &order.lines[1]);
        let before = (in_stock(&shop).await, money_left(&shop, order.id).await);
        let number = request(&shop, order.id, &new(&order, "a", &[2, 1])).await.expect("asked for");
        assert_eq!(number.to_string(), format!("{}-R1", order.number));
        let of = id(&shop, &order, number).await;
        assert_eq!(state(&shop, of).await, ReturnState::Requested);
        for refused in [
            receive(&shop, &ada, of, &arrival(&shop, &order, &[(2, 2)]).await, &word("x")).await,
            refund(&shop, &ada, of, whole(0), &word("x")).await,
            close(&shop, &ada, of, &word("x")).await,
        ] {
            assert!(matches!(refused, Err(ReturnError::WrongState)), "{refused:?}");
        }
        approve(&shop, &ada, of, &word("approve")).await.expect("agreed to");
        assert!(matches!(withdraw(&shop, of, "w").await, Err(ReturnError::WrongState)), "staff have answered");

        for pieces in [[(3, 0), (0, 0)], [(1, 2), (0, 0)], [(-1, 0), (0, 0)], [(1, -1), (0, 0)], [(0, 0), (2, 2)]] {
            let refused = receive(&shop, &ada, of, &arrival(&shop, &order, &pieces).await, &word("x")).await;
            assert!(matches!(refused, Err(ReturnError::TooMuch)), "{pieces:?}: {refused:?}");
        }
        let nowhere = Arrival { location: LocationId::new(shop.clock.now()), counted: Vec::new() };
        assert!(matches!(receive(&shop, &ada, of, &nowhere, &word("x")).await, Err(ReturnError::NoLocation)));
        assert_eq!((in_stock(&shop).await, state(&shop, of).await), (before.0, ReturnState::Approved));

        receive(&shop, &ada, of, &arrival(&shop, &order, &[(2, 1), (0, 0)]).await, &word("receive")).await.expect("counted");
        assert_eq!(in_stock(&shop).await, (before.0.0 + 1, before.0.1), "one mug is broken, and the bowl is not there");
        let text = "SELECT COUNT(*) AS n FROM stock_movements WHERE reason = 'returned' AND reference = $1
                    AND delta_on_hand = 1 AND actor = $2";
        let actor = format!("staff:{}", ada.user);
        assert_eq!(shop.number(text, [of.into(), actor.into()]).await, 1);
        shop.assert_ledger_agrees().await;
        let one = read(&shop, &order, number).await;
        let (pieces, cost) = worth(shop.db.primary(), &order, &one).await.expect("read");
        assert_eq!((pieces, cost.minor()), (vec![(mugs.id, 2)], mugs.total.amounts.gross));

        for deduction in [cost.minor(), cost.minor() + 1, -1, i64::MIN, i64::MAX] {
            let refused = refund(&shop, &ada, of, whole(deduction), &word("x")).await;
            assert!(matches!(refused, Err(ReturnError::Amount)), "{deduction}: {refused:?}");
        }
        refund(&shop, &ada, of, whole(100), &word("refund")).await.expect("paid back");
        assert_eq!(money_left(&shop, order.id).await, before.1 - cost.minor() + 100);
        operate_due(&shop).await.expect("operated");
        let paid = orders::by_id(shop.db.primary(), order.id).await.expect("read").expect("the order").payment;
        assert_eq!(paid, Payment::PartlyRefunded);
        let refused = close(&shop, &ada, of, &word("x")).await;
        assert!(matches!(refused, Err(ReturnError::WrongState)), "it has ended");

        let one = read(&shop, &order, number).await;
        let steps: Vec<_> = one.steps.iter().map(|step| (step.state, step.by_staff, step.note.as_str())).collect();
        let expected = [
            (ReturnState::Requested, false, ""),
            (ReturnState::Approved, true, "Note of approve"),
            (ReturnState::Received, true, "Note of receive"),
            (ReturnState::Refunded, true, "Note of refund"),
        ];
        assert_eq!(steps, expected);
        for (kind, action) in [("ReturnRequested", ""), ("ReturnApproved", "return-approved"),
                               ("ReturnReceived", "return-received"), ("ReturnRefunded", "order-refunded")] {
            assert_eq!(shop.reported(kind).await.len(), 1, "{kind}");
            let logged = shop.number("SELECT COUNT(*) AS n FROM audit_log WHERE action = $1", [action.into()]).await;
            assert_eq!(logged, i64::from(!action.is_empty()), "{action}");
        }
        assert!(!shop.reported("ReturnRequested").await[0].to_string().contains("crack"), "words stay in the shop");
        let left = left(&shop, shop.db.primary(), order.id, false).await.expect("read");
        assert_eq!(left.into_iter().collect::<Vec<_>>(), [(bowl.id, 1)], "the bowl never came: it can be asked for again");
    }

    async fn nobody_asks_for_more_than_they_got(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = ordered(&shop).await;
        let other = ordered(&shop).await;
        let refused = request(&shop, order.id, &new(&order, "a", &[1, 0])).await;
        assert!(matches!(refused, Err(ReturnError::TooMuch)), "nothing was sent");
        send(&shop, &ada, &order, &[1, 0]).await;
        for pieces in [[2, 0], [0, 1], [1, 1], [-1, 0], [i64::MAX, 0]] {
            let refused = request(&shop, order.id, &new(&order, "a", &pieces)).await;
            assert!(matches!(refused, Err(ReturnError::TooMuch)), "{pieces:?}: {refused:?}");
        }
        let refused = request(&shop, order.id, &new(&order, "a", &[0, 0])).await;
        assert!(matches!(refused, Err(ReturnError::Nothing)));
        let of_other = request(&shop, order.id, &new(&other, "a", &[1, 0])).await;
        assert!(matches!(of_other, Err(ReturnError::TooMuch)), "a line of another order");
        let line = order.lines[0].id;
        let twice = NewReturn { key: "a".to_owned(), lines: vec![wanted(line, 1), wanted(line, 1)] };
        assert!(matches!(request(&shop, order.id, &twice).await, Err(ReturnError::TooMuch)));
        assert_eq!(shop.count("returns").await, 0);

        let first = requested(&shop, &order, "a", &[1, 0]).await;
        let refused = request(&shop, order.id, &new(&order, "b", &[1, 0])).await;
        assert!(matches!(refused, Err(ReturnError::TooMuch)), "it is in another return");
        reject(&shop, &ada, first, &word("reject")).await.expect("refused");
        let second = requested(&shop, &order, "b", &[1, 0]).await;
        withdraw(&shop, second, "w").await.expect("taken back");
        let third = requested(&shop, &order, "c", &[1, 0]).await;
        approve(&shop, &ada, third, &word("approve")).await.expect("agreed to");
        close(&shop, &ada, third, &word("close")).await.expect("it never came");
        assert_eq!(in_stock(&shop).await.0, 999, "nothing came");
        for n in 4..=RETURNS_MOST {
            let of = requested(&shop, &order, &n.to_string(), &[1, 0]).await;
            withdraw(&shop, of, "w").await.expect("taken back");
        }
        let refused = request(&shop, order.id, &new(&order, "z", &[1, 0])).await;
        assert!(matches!(refused, Err(ReturnError::TooMany)), "{refused:?}");
        open_for(&shop, &ada, order.id, &new(&order, "z", &[1, 0]), "").await.expect("staff may");
    }

    async fn the_window_is_for_customers(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = ordered(&shop).await;
        let first = send(&shop, &ada, &order, &[1, 1]).await;
        deliver(&shop, &ada, first).await.expect("it has come");
        shop.wait_minutes(30 * 24 * 60);
        requested(&shop, &order, "in time", &[0, 1]).await;
        let second = send(&shop, &ada, &order, &[1, 0]).await;
        shop.wait_minutes(1);
        let refused = request(&shop, order.id, &new(&order, "a", &[2, 0])).await;
        assert!(matches!(refused, Err(ReturnError::TooMuch)), "the first mug came 30 days ago: {refused:?}");
        deliver(&shop, &ada, second).await.expect("it has come");
        requested(&shop, &order, "b", &[1, 0]).await;
        let refused = request(&shop, order.id, &new(&order, "c", &[1, 0])).await;
        assert!(matches!(refused, Err(ReturnError::TooMuch)));
        let number = open_for(&shop, &ada, order.id, &new(&order, "d", &[1, 0]), "As agreed").await.expect("opened");
        let one = read(&shop, &order, number).await;
        assert_eq!((one.state, one.steps[1].note.as_str()), (ReturnState::Approved, "As agreed"));
        assert!(one.steps.iter().all(|step| step.by_staff));
        let more = open_for(&shop, &ada, order.id, &new(&order, "e", &[1, 0]), "").await;
        assert!(matches!(more, Err(ReturnError::TooMuch)), "not more than was sent");
        assert_eq!(shop.reported("ReturnRequested").await[2]["by_staff"], true);
    }

    async fn two_at_once_do_it_once(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = sent(&shop, &ada).await;
        let same = new(&order, "same", &[1, 0]);
        let both = tokio::join!(request(&shop, order.id, &same), request(&shop, order.id, &same));
        assert_eq!(both.0.expect("asked for"), both.1.expect("the same"));
        assert_eq!(shop.count("returns").await, 1);
        // Two windows of a browser, for the one that is left.
        let (one, two) = (new(&order, "one", &[1, 0]), new(&order, "two", &[1, 0]));
        let both = tokio::join!(request(&shop, order.id, &one), request(&shop, order.id, &two));
        let outcomes = [both.0, both.1];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(ReturnError::TooMuch))), "{outcomes:?}");

        let of = id(&shop, &order, ReturnNumber { order: order.number, number: 1 }).await;
        let agreed = word("approve");
        let both = tokio::join!(approve(&shop, &ada, of, &agreed), withdraw(&shop, of, "w"));
        assert!(both.0.is_ok() != both.1.is_ok(), "one of them was first: {both:?}");
        let of = approved(&shop, &ada, &order, &[0, 1]).await;
        approve(&shop, &ada, of, &word("approve")).await.expect("a second click");
        let refused = approve(&shop, &ada, of, &word("another")).await;
        assert!(matches!(refused, Err(ReturnError::WrongState)), "what they said was not kept");

        let before = in_stock(&shop).await.1;
        let (all, none) = (arrival(&shop, &order, &[(0, 0), (1, 1)]).await, arrival(&shop, &order, &[]).await);
        let all = Arrival { counted: all.counted[1..].to_vec(), ..all };
        let (first, second) = (word("first"), word("second"));
        let both = tokio::join!(
            receive(&shop, &ada, of, &all, &first),
            receive(&shop, &ada, of, &all, &first),
            receive(&shop, &ada, of, &all, &second),
        );
        let outcomes = [both.0, both.1, both.2];
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(won == 1 || won == 2, "one form, sent once or twice: {outcomes:?}");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(ReturnError::WrongState))), "{outcomes:?}");
        assert_eq!(in_stock(&shop).await.1, before + 1, "put back once");
        assert!(matches!(receive(&shop, &ada, of, &none, &word("third")).await, Err(ReturnError::WrongState)));

        let money = money_left(&shop, order.id).await;
        let both = tokio::join!(
            refund(&shop, &ada, of, whole(0), &first),
            refund(&shop, &ada, of, whole(0), &first),
            refund(&shop, &ada, of, whole(1), &second),
            close(&shop, &ada, of, &second),
        );
        let paid = [both.0.is_ok(), both.1.is_ok(), both.2.is_ok(), both.3.is_ok()];
        assert!(matches!(paid, [true, true, false, false] | [false, false, true, false] | [false, false, false, true]), "{paid:?}");
        let spent = money - money_left(&shop, order.id).await;
        let cost = order.lines[1].total.amounts.gross;
        let expected = if paid[3] { 0 } else { cost - i64::from(paid[2]) };
        assert_eq!(spent, expected, "paid back once");
        shop.assert_all_is_well().await;
    }

    async fn nothing_is_paid_back_twice(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = sent(&shop, &ada).await;
        let mugs = &order.lines[0];
        // One of them was paid back on the phone.
        let by_line = Refund {
            key: "phone".to_owned(),
            amount: None,
            lines: vec![(mugs.id, 1)],
            method: RefundMethod::Original,
            reason: "broken".to_owned(),
        };
        commerce::orders::refund::refund(&shop, &ada, order.id, &by_line).await.expect("decided");
        let of = approved(&shop, &ada, &order, &[2, 0]).await;
        let all = arrival(&shop, &order, &[(2, 2)]).await;
        receive(&shop, &ada, of, &all, &word("receive")).await.expect("counted");
        let before = money_left(&shop, order.id).await;
        let gross = mugs.total.amounts.gross;
        let credit = Settlement { method: RefundMethod::StoreCredit, deduction: 0 };
        assert!(matches!(refund(&shop, &ada, of, credit, &word("x")).await, Err(ReturnError::NoAccount)));
        assert_eq!((state(&shop, of).await, money_left(&shop, order.id).await), (ReturnState::Received, before));
        refund(&shop, &ada, of, whole(0), &word("refund")).await.expect("paid back");
        assert_eq!(before - money_left(&shop, order.id).await, gross - gross / 2, "the other one");

        // Of an order that was paid back in full nothing is left, whatever comes.
        let order = sent(&shop, &ada).await;
        let of = approved(&shop, &ada, &order, &[2, 1]).await;
        let all = arrival(&shop, &order, &[(2, 2), (1, 1)]).await;
        receive(&shop, &ada, of, &all, &word("receive")).await.expect("counted");
        let everything = Refund {
            key: "all".to_owned(),
            amount: Some(commerce::money::Money::new(money_left(&shop, order.id).await, order.currency)),
            lines: Vec::new(),
            ..by_line
        };
        commerce::orders::refund::refund(&shop, &ada, order.id, &everything).await.expect("decided");
        let refused = refund(&shop, &ada, of, whole(0), &word("x")).await;
        assert!(matches!(refused, Err(ReturnError::Amount)), "{refused:?}");
        close(&shop, &ada, of, &word("close")).await.expect("ended without money");
        let left = left(&shop, shop.db.primary(), order.id, true).await.expect("read");
        assert!(left.is_empty(), "what came is not with the customer any more");
    }

    async fn store_credit_is_there_at_once(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = sent(&shop, &ada).await;
        shop.execute("UPDATE orders SET user_id = $2 WHERE id = $1", [order.id.into(), ada.user.into()]).await;
        let of = approved(&shop, &ada, &order, &[0, 1]).await;
        let came = arrival(&shop, &order, &[(0, 0), (1, 0)]).await;
        let came = Arrival { counted: came.counted[1..].to_vec(), ..came };
        receive(&shop, &ada, of, &came, &word("receive")).await.expect("counted");
        let credit = Settlement { method: RefundMethod::StoreCredit, deduction: 500 };
        for _ in 0..2 {
            refund(&shop, &ada, of, credit, &word("refund")).await.expect("given");
        }
        let given = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM store_credit_entries";
        assert_eq!(shop.number(given, []).await, order.lines[1].total.amounts.gross - 500);
    }

    async fn returns_are_worked_on_by_staff(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let eve = shop.member("eve@example.org").await;
        let order = sent(&shop, &ada).await;
        let of = requested(&shop, &order, "a", &[1, 0]).await;
        let all = arrival(&shop, &order, &[(1, 1)]).await;
        for refused in [
            approve(&shop, &eve, of, &word("x")).await,
            reject(&shop, &eve, of, &word("x")).await,
            receive(&shop, &eve, of, &all, &word("x")).await,
            refund(&shop, &eve, of, whole(0), &word("x")).await,
            close(&shop, &eve, of, &word("x")).await,
            open_for(&shop, &eve, order.id, &new(&order, "b", &[1, 0]), "").await.map(drop),
            search(&shop, &eve, ReturnFilter::default()).await.map(drop),
            queries::any(&shop, &eve, ReturnNumber { order: order.number, number: 1 }).await.map(drop),
        ] {
            assert!(matches!(refused, Err(ReturnError::NotAllowed)), "{refused:?}");
        }
        assert_eq!(state(&shop, of).await, ReturnState::Requested);
        let unknown = ReturnId::new(shop.clock.now());
        assert!(matches!(approve(&shop, &ada, unknown, &word("x")).await, Err(ReturnError::NotFound)));
    }

    async fn staff_find_returns_page_by_page(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let order = sent(&shop, &ada).await;
        let mut numbers = Vec::new();
        for n in 0..51 {
            shop.wait_seconds(1);
            let new = new(&order, &n.to_string(), &[1, 0]);
            let number = open_for(&shop, &ada, order.id, &new, "").await.expect("opened");
            let of = id(&shop, &order, number).await;
            close(&shop, &ada, of, &word("close")).await.expect("closed");
            numbers.push(number);
        }
        let (found, more) = search(&shop, &ada, ReturnFilter::default()).await.expect("found");
        assert_eq!((found.len(), more, found[0].number, found[0].pieces), (50, true, numbers[50], 1));
        assert_eq!((found[0].email.as_str(), found[0].state), ("ada@example.org", ReturnState::Closed));
        let next = ReturnFilter { before: Some(found[49].id), ..ReturnFilter::default() };
        let (rest, more) = search(&shop, &ada, next).await.expect("found");
        assert_eq!((rest.len(), more, rest[0].number), (1, false, numbers[0]));
        for (state, count) in [(ReturnState::Closed, 50), (ReturnState::Requested, 0)] {
            let filter = ReturnFilter { state: Some(state), before: None };
            assert_eq!(search(&shop, &ada, filter).await.expect("found").0.len(), count, "{state:?}");
        }
    }

    async fn whatever_is_done_with_returns_adds_up(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        // Enough for as many histories as are asked for.
        shop.sells("MUG", 1_001, 1_000_000).await;
        shop.sells("BOWL", 2_000, 1_000_000).await;
        let step = (0_u8..7, 0_usize..4, 0_i64..4, 0_i64..4);
        check(10, &proptest::collection::vec(step, 1..14), |steps| history(shop.clone(), ada.clone(), steps));
    }
}

/// Does these things with an order of its own, right or wrong, and looks whether pieces and money add up after each.
async fn history(
    shop: TestShop,
    ada: SignedIn,
    steps: Vec<(u8, usize, i64, i64)>,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let order = sent(&shop, &ada).await;
    let (stock, money) = (in_stock(&shop).await, money_left(&shop, order.id).await);
    for (at, (what, which, first, second)) in steps.into_iter().enumerate() {
        let key = at.to_string();
        let word = word(&key);
        let all = queries::of_order(shop.db.primary(), order.id).await.expect("read");
        let of = all.get(which).map(|one| one.id);
        let outcome = match (what, of) {
            (0 | 1, _) | (_, None) => request(&shop, order.id, &new(&order, &key, &[first, second])).await.map(drop),
            (2, Some(of)) => approve(&shop, &ada, of, &word).await,
            (3, Some(of)) => withdraw(&shop, of, &key).await,
            (4, Some(of)) => {
                let named: Vec<_> = all[which].lines.iter().map(|line| line.line).collect();
                let mut came = arrival(&shop, &order, &[(first, second), (second, first)]).await;
                came.counted.retain(|one| named.contains(&one.line));
                receive(&shop, &ada, of, &came, &word).await
            }
            (5, Some(of)) => refund(&shop, &ada, of, whole(first), &word).await,
            (_, Some(of)) => close(&shop, &ada, of, &word).await,
        };
        if let Err(ReturnError::Db(error)) = outcome {
            panic!("{error}");
        }
        let all = queries::of_order(shop.db.primary(), order.id).await.expect("read");
        for line in &order.lines {
            let taken: i64 = all
                .iter()
                .flat_map(|one| one.lines.iter().filter(|of| of.line == line.id).map(|of| of.taken(one.state)))
                .sum();
            prop_assert!(taken <= i64::from(line.quantity), "{taken} of {}", line.quantity);
        }
        let back = |index: usize| -> i64 {
            let lines = all.iter().flat_map(|one| &one.lines).filter(|of| of.line == order.lines[index].id);
            lines.filter_map(|of| of.resellable).sum()
        };
        prop_assert_eq!(in_stock(&shop).await, (stock.0 + back(0), stock.1 + back(1)));
        let text = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM refunds WHERE order_id = $1";
        let refunded = shop.number(text, [order.id.into()]).await;
        prop_assert_eq!(money_left(&shop, order.id).await, money - refunded);
        prop_assert!(refunded <= order.lines.iter().map(|line| line.total.amounts.gross).sum::<i64>());
        prop_assert_eq!(all.iter().any(|one| one.state == ReturnState::Refunded), refunded > 0);
    }
    shop.assert_ledger_agrees().await;
    Ok(())
}
