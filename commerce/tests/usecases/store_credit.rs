//! Store credit: given, taken, spent once, and given back.

use crate::harness::{Answer, Guest, TestShop, check};
use crate::order_edits::{change, propose};
use commerce::accounts::SignedIn;
use commerce::cart::{account_token, merge};
use commerce::checkout::change_cart::change_cart;
use commerce::checkout::place_order::Agreement;
use commerce::checkout::save_step::StepDone;
use commerce::checkout::{CheckoutError, Step};
use commerce::doctor::examine;
use commerce::money::{Currency, Money};
use commerce::orders::cancel::{OrderError, cancel_for, cancel_own};
use commerce::orders::compose::{Composition, EditError};
use commerce::orders::edit::edit;
use commerce::orders::refund::{Refund, RefundMethod, given_back_at_the_end, refund, refundable};
use commerce::orders::{Lifecycle, Order, OrderId, Payment, Status, queries};
use commerce::payments::operate::operate_due;
use commerce::payments::{ledger, pay, settle};
use commerce::store_credit::adjust::{CreditError, adjust};
use commerce::store_credit::{Adjustment, EntryKind, METHOD, queries as credit};
use commerce::token::Token;
use proptest::prelude::*;

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn of(minor: i64) -> Adjustment {
    Adjustment { amount: euros(minor), reason: "Late".to_owned() }
}

/// Staff give somebody store credit, or take it.
pub async fn give(shop: &TestShop, staff: &SignedIn, who: &SignedIn, minor: i64) {
    let key = Token::random();
    adjust(shop, staff, who.user, &of(minor), key.as_str()).await.expect("given");
}

async fn balance(shop: &TestShop, who: &SignedIn) -> i64 {
    let checked = examine(shop, false).await.expect("examined");
    let mut of_credit = checked.iter().filter(|check| check.check.starts_with("store-credit"));
    assert!(of_credit.all(|check| check.wrong == 0), "{checked:#?}");
    let all = credit::balances(shop.db.primary(), who.user).await.expect("read");
    all.iter().filter(|money| money.currency() == Currency::EUR).map(|money| money.minor()).sum()
}

/// Two mugs for 20.00 and delivery, in the cart of an account, at the review; paid as told.
pub async fn reviewed(shop: &TestShop, who: &SignedIn, done: StepDone) -> Guest {
    if shop.count("variations").await == 0 {
        shop.sells("MUG", 1_000, 1_000).await;
    }
    // What is ordered at the same time is in no order.
    shop.wait_seconds(1);
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    merge::merge(shop, guest.token(), who.user).await.expect("merged");
    let account = guest.with_token(account_token(shop, who.user));
    account.checkout_to(Step::Payment).await.expect("begun");
    account.save(done).await.expect("chosen");
    account
}

fn with_card() -> StepDone {
    StepDone::Credit(Some("card".to_owned()))
}

async fn order(shop: &TestShop, access: &Token) -> Order {
    queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read").expect("the order")
}

async fn again(shop: &TestShop, id: OrderId) -> Order {
    queries::by_id(shop.db.primary(), id).await.expect("read").expect("the order")
}

/// What is paid with money, and with store credit.
async fn paid(shop: &TestShop, order: &Order) -> (i64, i64) {
    (ledger::kept(shop.db.primary(), order.id).await.expect("read"), order.store_credit.minor())
}

fn asked(key: &str, amount: i64, method: RefundMethod) -> Refund {
    let (key, reason) = (key.to_owned(), "broken".to_owned());
    Refund { key, amount: Some(euros(amount)), lines: Vec::new(), method, reason }
}

async fn two(shop: &TestShop) -> (SignedIn, SignedIn) {
    (shop.admin("ada@example.org").await, shop.member("eve@example.org").await)
}

both_databases! {
    async fn credit_pays_what_it_can_and_the_rest_is_paid(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 700).await;
        let cart = reviewed(&shop, &eve, with_card()).await;
        let checkout = cart.checkout().await.expect("under way");
        assert_eq!((checkout.credit, checkout.due().minor()), (euros(700), checkout.totals.total.gross - 700));
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        let total = placed.total.gross;
        assert_eq!(shop.world().card.requests()[0].amount, euros(total - 700));
        assert_eq!((placed.lifecycle, placed.payment, placed.status()), (Lifecycle::Placed, Payment::Paid, Status::Processing));
        assert_eq!(paid(&shop, &placed).await, (total - 700, 700));
        assert_eq!(balance(&shop, &eve).await, 0);
        assert_eq!(shop.reported("OrderPlaced").await[0]["total"]["minor"], total, "of everything");
        let spent = shop.reported("StoreCreditSpent").await;
        assert_eq!((spent.len(), &spent[0]["amount"]["minor"]), (1, &serde_json::json!(700)));
        // What is left is used where nobody says so, never.
        give(&shop, &ada, &eve, 700).await;
        let cart = reviewed(&shop, &eve, StepDone::Payment("card".to_owned())).await;
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        assert_eq!(paid(&shop, &placed).await, (total, 0));
        assert_eq!(balance(&shop, &eve).await, 700);
    }

    async fn credit_that_pays_for_everything_needs_no_payment_method(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 10_000).await;
        let cart = reviewed(&shop, &eve, StepDone::Credit(None)).await;
        assert_eq!(cart.checkout().await.expect("under way").next_step(), Step::Review);
        let agreement = cart.agreement().await;
        let access = cart.place_as(agreement).await.expect("placed");
        let placed = order(&shop, &access).await;
        assert_eq!((placed.lifecycle, placed.payment, placed.status()), (Lifecycle::Placed, Payment::Paid, Status::Processing));
        assert_eq!((placed.payment_method.as_str(), placed.due().minor()), (METHOD, 0));
        assert_eq!((shop.count("payment_attempts").await, shop.reported("OrderPlaced").await.len()), (0, 1));
        assert_eq!(cart.place_as(agreement).await.expect("the same"), access);
        assert_eq!(balance(&shop, &eve).await, 10_000 - placed.total.gross, "once");
        commerce::fulfilment::ship::may_ship(&placed).expect("it is paid");
        // Less than everything without another way to pay is not enough.
        give(&shop, &ada, &eve, 101 - balance(&shop, &eve).await).await;
        let cart = reviewed(&shop, &eve, StepDone::Credit(None)).await;
        assert_eq!(cart.checkout().await.expect("under way").next_step(), Step::Payment);
        assert!(matches!(cart.place().await, Err(CheckoutError::StepMissing(Step::Payment))));
        assert_eq!(balance(&shop, &eve).await, 101);
    }

    async fn what_credit_has_paid_and_becomes_dearer_is_paid_another_way(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 2_490).await;
        let cart = reviewed(&shop, &eve, StepDone::Credit(None)).await;
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        let dearer = change(&shop, &ada, placed.id, &[3]).await;
        assert_eq!((dearer.payment, dearer.due().minor()), (Payment::PartlyPaid, 1_000));
        assert_eq!(pay::pay(&shop, placed.id, None).await.expect("no way is chosen"), None);
        assert_eq!(shop.count("payment_attempts").await, 0);
        pay::change_method(&shop, placed.id, None, "card").await.expect("chosen");
        pay::pay(&shop, placed.id, None).await.expect("paid");
        let now = again(&shop, placed.id).await;
        assert_eq!((now.payment, paid(&shop, &now).await), (Payment::Paid, (1_000, 2_490)));
        // No less than credit has paid.
        let set = |composition: &mut Composition| composition.lines[0].quantity = 1;
        let seen = propose(&shop, &ada, placed.id, set).await.expect("kept");
        assert!(matches!(edit(&shop, &ada, placed.id, seen).await, Err(EditError::BelowCredit)));
    }

    async fn what_was_not_seen_is_not_taken(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 700).await;
        let cart = reviewed(&shop, &eve, with_card()).await;
        let agreement = cart.agreement().await;
        for change in [1, -2, -699] {
            give(&shop, &ada, &eve, change).await;
            let refused = cart.place_as(agreement).await;
            assert!(matches!(refused, Err(CheckoutError::CreditChanged)), "{change}: {refused:?}");
        }
        assert_eq!((balance(&shop, &eve).await, shop.count("orders").await), (0, 0));
        give(&shop, &ada, &eve, 700).await;
        for seen in [0, 699, 701, -1, i64::MAX] {
            let refused = cart.place_as(Agreement { credit: seen, ..agreement }).await;
            assert!(matches!(refused, Err(CheckoutError::CreditChanged)), "{seen}: {refused:?}");
        }
        cart.place_as(agreement).await.expect("what was seen");
        assert_eq!(balance(&shop, &eve).await, 0);
    }

    async fn only_ones_own_credit_in_the_currency_of_the_order_counts(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        let dollars = Adjustment { amount: Money::new(10_000, Currency::USD), reason: "Late".to_owned() };
        adjust(&shop, &ada, eve.user, &dollars, "x").await.expect("given");
        let cart = reviewed(&shop, &eve, with_card()).await;
        assert_eq!(cart.checkout().await.expect("under way").credit, euros(0));
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        assert_eq!(placed.store_credit, euros(0));
        give(&shop, &ada, &eve, 10_000).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.checkout_to(Step::Payment).await.expect("begun");
        guest.save(with_card()).await.expect("chosen");
        assert_eq!(guest.checkout().await.expect("under way").credit, euros(0), "a guest has none");
        assert_eq!(balance(&shop, &eve).await, 10_000);
    }

    async fn of_many_who_spend_the_same_credit_at_once_one_does(shop: TestShop) {
        const CARTS: usize = 6;
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 1_000).await;
        shop.sells("MUG", 1_000, 1_000).await;
        let mut orders = Vec::new();
        for _ in 0..CARTS {
            let mut device = shop.guest();
            device.add("MUG", 2).await.expect("added");
            // Another cart of the same account: what one gets by shopping on while an order is being placed.
            let text = "UPDATE carts SET user_id = $1 WHERE token_hash = $2";
            shop.execute(text, [eve.user.into(), device.token().hash().into()]).await;
            device.checkout_to(Step::Payment).await.expect("begun");
            device.save(with_card()).await.expect("chosen");
            let agreement = device.agreement().await;
            assert_eq!(agreement.credit, 1_000);
            orders.push(async move { device.place_as(agreement).await });
        }
        let orders: Vec<_> = orders.into_iter().map(tokio::spawn).collect();
        let mut placed = 0;
        for outcome in orders {
            match outcome.await.expect("no panic") {
                Ok(_) => placed += 1,
                Err(error) => assert!(matches!(error, CheckoutError::CreditChanged), "{error:?}"),
            }
        }
        assert_eq!((placed, shop.count("orders").await, balance(&shop, &eve).await), (1, 1, 0));
        let spent = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM store_credit_entries WHERE kind = 'spent'";
        assert_eq!(shop.number(spent, []).await, -1_000);
        shop.assert_all_is_well().await;
    }

    async fn an_order_that_is_given_up_gives_its_credit_back_once(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 700).await;
        // Given up by its customer.
        let cart = reviewed(&shop, &eve, with_card()).await;
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        assert_eq!(balance(&shop, &eve).await, 0);
        for _ in 0..2 {
            cancel_own(&shop, placed.id).await.expect("cancelled");
        }
        let told = given_back_at_the_end(shop.db.primary(), &again(&shop, placed.id).await).await.expect("read");
        assert_eq!(told, (euros(placed.total.gross - 700), euros(700)));
        operate_due(&shop).await.expect("operated");
        let cancelled = again(&shop, placed.id).await;
        assert_eq!((balance(&shop, &eve).await, cancelled.payment), (700, Payment::Refunded));
        assert_eq!(refundable(shop.db.primary(), &cancelled).await.expect("read"), euros(0));
        // Kept by staff with the money.
        let cart = reviewed(&shop, &eve, with_card()).await;
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        cancel_for(&shop, &ada, placed.id, true, false).await.expect("cancelled");
        assert_eq!((balance(&shop, &eve).await, again(&shop, placed.id).await.payment), (0, Payment::Paid));
        // Declined, and put back into the cart.
        give(&shop, &ada, &eve, 700).await;
        shop.world().card.will([Answer::Decline]);
        let cart = reviewed(&shop, &eve, with_card()).await;
        let agreement = cart.agreement().await;
        assert!(matches!(cart.place_as(agreement).await, Err(CheckoutError::PaymentDeclined)));
        let waits = queries::of_user(shop.db.primary(), eve.user, None).await.expect("read").0[0].id;
        assert_eq!((balance(&shop, &eve).await, again(&shop, waits).await.payment), (0, Payment::PartlyPaid));
        change_cart(&shop, waits, &commerce::cart::Holder::Account(eve.user)).await.expect("changed");
        assert_eq!(balance(&shop, &eve).await, 700);
        // Declined, and paid another way: for what credit has not paid.
        shop.world().card.will([Answer::Decline]);
        cart.clear().await.expect("cleared");
        let cart = reviewed(&shop, &eve, with_card()).await;
        assert!(matches!(cart.place().await, Err(CheckoutError::PaymentDeclined)));
        let waits = queries::of_user(shop.db.primary(), eve.user, None).await.expect("read").0[0].id;
        pay::pay(&shop, waits, None).await.expect("paid");
        let paid_later = again(&shop, waits).await;
        assert_eq!((paid_later.payment, paid(&shop, &paid_later).await), (Payment::Paid, (paid_later.total.gross - 700, 700)));
        // Never paid.
        give(&shop, &ada, &eve, 700).await;
        shop.world().card.will([Answer::Decline]);
        let cart = reviewed(&shop, &eve, with_card()).await;
        assert!(matches!(cart.place().await, Err(CheckoutError::PaymentDeclined)));
        assert_eq!(balance(&shop, &eve).await, 0);
        shop.wait_minutes(60);
        settle::settle_due(&shop).await.expect("swept");
        assert_eq!(balance(&shop, &eve).await, 700);
    }

    async fn refunds_give_money_first_and_then_credit(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 1_000).await;
        let cart = reviewed(&shop, &eve, with_card()).await;
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        let money = placed.total.gross - 1_000;
        let left = async || refundable(shop.db.primary(), &again(&shop, placed.id).await).await.expect("read").minor();
        let give_back = async |key: &str, amount, method| refund(&shop, &ada, placed.id, &asked(key, amount, method)).await;
        assert_eq!(left().await, money + 1_000);
        for method in RefundMethod::ALL {
            assert!(matches!(give_back("x", money + 1_001, method).await, Err(OrderError::TooMuch)));
        }
        give_back("a", money - 100, RefundMethod::Original).await.expect("decided");
        assert_eq!((balance(&shop, &eve).await, left().await), (0, 1_100));
        let both = tokio::join!(
            give_back("b", 300, RefundMethod::Original),
            give_back("b", 300, RefundMethod::Original)
        );
        assert_eq!(both.0.expect("decided"), both.1.expect("the same"));
        assert_eq!((balance(&shop, &eve).await, left().await), (200, 800), "100 of money, 200 of credit");
        operate_due(&shop).await.expect("operated");
        assert_eq!(again(&shop, placed.id).await.payment, Payment::PartlyRefunded);
        assert_eq!(paid(&shop, &placed).await.0, 0);
        assert!(matches!(give_back("c", 801, RefundMethod::StoreCredit).await, Err(OrderError::TooMuch)));
        give_back("c", 800, RefundMethod::StoreCredit).await.expect("decided");
        assert_eq!((balance(&shop, &eve).await, left().await), (1_000, 0));
        assert_eq!(again(&shop, placed.id).await.payment, Payment::Refunded);
        cancel_for(&shop, &ada, placed.id, true, true).await.expect("cancelled");
        operate_due(&shop).await.expect("operated");
        assert_eq!((balance(&shop, &eve).await, left().await), (1_000, 0), "nothing twice");
    }

    async fn as_store_credit_the_money_stays_for_last(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        give(&shop, &ada, &eve, 1_000).await;
        let cart = reviewed(&shop, &eve, with_card()).await;
        let placed = order(&shop, &cart.place().await.expect("placed")).await;
        let money = placed.total.gross - 1_000;
        refund(&shop, &ada, placed.id, &asked("a", 1_100, RefundMethod::StoreCredit)).await.expect("decided");
        operate_due(&shop).await.expect("operated");
        assert_eq!((balance(&shop, &eve).await, paid(&shop, &placed).await.0), (1_100, money), "the money stays");
        cancel_for(&shop, &ada, placed.id, true, true).await.expect("cancelled");
        operate_due(&shop).await.expect("operated");
        assert_eq!((balance(&shop, &eve).await, paid(&shop, &placed).await.0), (1_100, 100), "100 of it became credit");
    }

    async fn whatever_is_given_back_it_is_what_was_paid(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        // Enough for as many cases as are asked for.
        shop.sells("MUG", 1_000, 1_000_000).await;
        let refunds = prop::collection::vec((1_i64..1_500, any::<bool>()), 0..4);
        let (shop, ada, eve) = (&shop, &ada, &eve);
        check(6, &(1_i64..3_500, refunds, any::<bool>()), |(gift, refunds, cancelled)| async move {
            give(shop, ada, eve, gift).await;
            let had = balance(shop, eve).await;
            let cart = reviewed(shop, eve, with_card()).await;
            let placed = order(shop, &cart.place().await.expect("placed")).await;
            let total = placed.total.gross;
            prop_assert_eq!(placed.store_credit.minor(), had.min(total));
            let (captured, spent) = paid(shop, &placed).await;
            prop_assert_eq!(captured + spent, total);
            let mut given = 0;
            for (number, (amount, original)) in refunds.into_iter().enumerate() {
                let method = if original { RefundMethod::Original } else { RefundMethod::StoreCredit };
                let outcome = refund(shop, ada, placed.id, &asked(&number.to_string(), amount, method)).await;
                prop_assert_eq!(outcome.is_ok(), given + amount <= total);
                given += if outcome.is_ok() { amount } else { 0 };
                operate_due(shop).await.expect("operated");
            }
            if cancelled {
                cancel_for(shop, ada, placed.id, true, true).await.expect("cancelled");
                operate_due(shop).await.expect("operated");
                given = total;
            }
            let kept = paid(shop, &again(shop, placed.id).await).await.0;
            let back = (captured - kept) + (balance(shop, eve).await - (had - spent));
            prop_assert_eq!(back, given);
            let left = refundable(shop.db.primary(), &again(shop, placed.id).await).await.expect("read");
            prop_assert_eq!(left.minor(), total - given);
            Ok(())
        });
    }

    async fn staff_give_and_take_once_for_each_request(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        let refused = adjust(&shop, &eve, ada.user, &of(500), "a").await;
        assert!(matches!(refused, Err(CreditError::Forbidden(_))), "{refused:?}");
        assert!(matches!(adjust(&shop, &ada, ada.user, &of(500), "a").await, Err(CreditError::Oneself)));
        let nobody = commerce::accounts::UserId::new(shop.clock.now());
        assert!(matches!(adjust(&shop, &ada, nobody, &of(500), "a").await, Err(CreditError::Unknown)));
        let gift = of(500);
        let both = tokio::join!(
            adjust(&shop, &ada, eve.user, &gift, "a"),
            adjust(&shop, &ada, eve.user, &gift, "a")
        );
        assert!(both.0.is_ok() && both.1.is_ok());
        assert!(matches!(adjust(&shop, &ada, eve.user, &of(501), "a").await, Err(CreditError::KeyReused)));
        assert!(matches!(adjust(&shop, &ada, eve.user, &of(-501), "b").await, Err(CreditError::TooMuch)));
        adjust(&shop, &ada, eve.user, &of(-200), "b").await.expect("taken");
        assert_eq!(balance(&shop, &eve).await, 300);
        let logged = "SELECT COUNT(*) AS n FROM audit_log WHERE action = 'store-credit-adjusted' AND subject_id = $1";
        assert_eq!(shop.number(logged, [eve.user.into()]).await, 2);
        assert_eq!(shop.reported("StoreCreditGranted").await.len(), 1);
        assert_eq!(shop.reported("StoreCreditSpent").await[0]["kind"], "taken");
        let (entries, _) = credit::history(shop.db.primary(), eve.user, None).await.expect("read");
        let mut kinds: Vec<_> = entries.iter().map(|entry| (entry.kind, entry.amount.minor())).collect();
        kinds.sort_by_key(|(_, amount)| *amount);
        assert_eq!(kinds, [(EntryKind::Taken, -200), (EntryKind::Granted, 500)]);
        assert_eq!(entries[0].reason.as_deref(), Some("Late"));
    }

    async fn a_history_is_read_page_by_page(shop: TestShop) {
        let (ada, eve) = two(&shop).await;
        for number in 1..=22 {
            shop.wait_seconds(1);
            give(&shop, &ada, &eve, number).await;
        }
        let (first, more) = credit::history(shop.db.primary(), eve.user, None).await.expect("read");
        assert_eq!((first.len(), more, first[0].amount, first[19].amount), (20, true, euros(22), euros(3)));
        let (rest, more) = credit::history(shop.db.primary(), eve.user, Some(first[19].id)).await.expect("read");
        assert_eq!((rest.iter().map(|entry| entry.amount.minor()).collect::<Vec<_>>(), more), (vec![2, 1], false));
        assert_eq!(credit::history(shop.db.primary(), ada.user, None).await.expect("read").0, []);
    }
}
