//! Orders whose payment is declined, not answered, or cut off: they wait, and are finished once.

use crate::harness::{Answer, Guest, TestShop};
use crate::store_credit::reviewed;
use commerce::checkout::save_step::StepDone;
use commerce::checkout::{CheckoutError, PAY_BY_MINUTES, Step};
use commerce::orders::{Lifecycle, queries};
use commerce::payments::ledger::kept;
use commerce::payments::pay::{change_method, pay};
use commerce::payments::settle::settle_due;
use commerce::token::Token;
use sea_orm::FromQueryResult;
use std::collections::HashSet;

#[derive(Debug, PartialEq, FromQueryResult)]
struct Stored {
    lifecycle: String,
    placed: bool,
    awaits: bool,
    reference: Option<String>,
}

async fn stored(shop: &TestShop) -> Vec<Stored> {
    let text = "SELECT o.lifecycle, o.placed_at IS NOT NULL AS placed, o.pay_by IS NOT NULL AS awaits,
                       (SELECT MAX(a.reference) FROM payment_attempts a WHERE a.order_id = o.id) AS reference
                FROM orders o ORDER BY o.created_at, o.id";
    shop.rows(text, []).await
}

async fn assert_one_placed(shop: &TestShop) {
    let orders = stored(shop).await;
    assert_eq!(orders.len(), 1, "one order");
    assert!(orders[0].placed && !orders[0].awaits && orders[0].reference.is_some(), "{orders:?}");
    assert_eq!(orders[0].lifecycle, Lifecycle::Placed.code());
    assert_eq!(shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderPlaced'", []).await, 1);
    shop.assert_stock_is_sound().await;
}

async fn assert_one_waits(shop: &TestShop) {
    let orders = stored(shop).await;
    assert_eq!(orders.len(), 1, "one order");
    assert!(!orders[0].placed && orders[0].awaits && orders[0].reference.is_none(), "{orders:?}");
    assert_eq!(orders[0].lifecycle, Lifecycle::AwaitingPayment.code());
    assert_eq!(shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderPlaced'", []).await, 0);
    shop.assert_stock_is_sound().await;
}

/// A guest at the review page, about to pay by card.
async fn paying(shop: &TestShop) -> Guest {
    shop.sells("MUG", 1_290, 10).await;
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    guest.checkout_by_card().await.expect("reviewed");
    guest
}

both_databases! {
    async fn a_declined_payment_leaves_the_order_waiting(shop: TestShop) {
        let guest = paying(&shop).await;
        let agreement = guest.agreement().await;
        shop.world().card.will([Answer::Decline, Answer::Decline]);
        assert!(matches!(guest.place_as(agreement).await, Err(CheckoutError::PaymentDeclined)));
        assert_one_waits(&shop).await;
        assert_eq!(shop.stock("MUG").await, (10, 2), "its stock stays claimed");
        assert!(matches!(guest.place_as(agreement).await, Err(CheckoutError::PaymentDeclined)));
        assert_one_waits(&shop).await;
        guest.place_as(agreement).await.expect("the third time it works");
        assert_one_placed(&shop).await;
        let requests = shop.world().card.requests();
        assert_eq!(requests.len(), 3);
        let keys: HashSet<_> = requests.iter().map(|request| request.attempt).collect();
        assert_eq!(keys.len(), 3, "a gateway would answer the same to the same key");
        assert!(requests.iter().all(|request| request.amount.minor() == agreement.total));
    }

    async fn an_order_that_nobody_answered_for_is_finished_later(shop: TestShop) {
        let guest = paying(&shop).await;
        shop.world().card.will([Answer::Unavailable, Answer::Unavailable]);
        let access = guest.place().await.expect("the order stands meanwhile");
        assert_one_waits(&shop).await;
        assert_eq!(settle_due(&shop).await.expect("run"), 0, "the request that placed it is left alone for a minute");
        shop.wait_seconds(61);
        assert_eq!(settle_due(&shop).await.expect("run"), 1);
        assert_one_waits(&shop).await;
        assert_eq!(settle_due(&shop).await.expect("run"), 0, "others have their turn");
        shop.wait_seconds(61);
        assert_eq!(settle_due(&shop).await.expect("run"), 1);
        assert_one_placed(&shop).await;
        let requests = shop.world().card.requests();
        assert!(requests.iter().all(|request| request.attempt == requests[0].attempt), "charged once by its key");
        assert_eq!(settle_due(&shop).await.expect("run"), 0);
        let order = commerce::orders::queries::by_access_token(shop.db.read(), &access.hash()).await.expect("read");
        assert_eq!(order.map(|order| order.lifecycle), Some(Lifecycle::Placed));
    }

    async fn what_may_be_paid_is_not_given_up_while_its_gateway_is_silent(shop: TestShop) {
        let (card, pay_by) = (&shop.world().card, PAY_BY_MINUTES * 60);
        let sweep = async |seconds| {
            shop.wait_seconds(seconds);
            assert_eq!(settle_due(&shop).await.expect("run"), 1);
        };
        card.will([Answer::Unavailable; 3]);
        let guest = paying(&shop).await;
        let access = guest.place().await.expect("the order stands meanwhile");
        for seconds in [pay_by, 3_600] {
            sweep(seconds).await;
            assert_one_waits(&shop).await;
        }
        // Past its time nobody begins to pay, whom the next sweep would end.
        let order = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read");
        let order = order.expect("the order").id;
        assert_eq!(pay(&shop, order, None).await.expect("not asked"), None);
        let late = change_method(&shop, order, None, "test").await;
        assert!(matches!(late, Err(CheckoutError::NotStarted)), "{late:?}");
        assert_eq!((card.requests().len(), shop.count("payment_attempts").await), (3, 1));
        sweep(3_600).await;
        assert_one_placed(&shop).await;
        // One that stays silent keeps its order waiting for two hours.
        card.will([Answer::Unavailable; 4]);
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.checkout_by_card().await.expect("reviewed");
        guest.place().await.expect("the order stands meanwhile");
        for (seconds, lifecycle) in [
            (pay_by, Lifecycle::AwaitingPayment),
            (7_199, Lifecycle::AwaitingPayment),
            (3_600, Lifecycle::Cancelled),
        ] {
            sweep(seconds).await;
            assert_eq!(stored(&shop).await[1].lifecycle, lifecycle.code(), "after {seconds} s more");
        }
        assert_eq!(shop.stock("MUG").await, (10, 2), "what nobody has paid is for sale again");
        // Where nobody was on a page to pay, nobody has.
        card.will_need_a_page();
        card.will([Answer::Unavailable; 2]);
        guest.add("MUG", 1).await.expect("added");
        guest.checkout_by_card().await.expect("reviewed");
        guest.place().await.expect("the order stands meanwhile");
        sweep(pay_by).await;
        assert_eq!(stored(&shop).await[2].lifecycle, Lifecycle::Cancelled.code());
        shop.assert_all_is_well().await;
    }

    async fn what_another_attempt_has_replaced_is_not_asked_for_again(shop: TestShop) {
        let eve = shop.member("eve@example.org").await;
        let of = |access: Token| {
            let db = shop.db.primary();
            async move { queries::by_access_token(db, &access.hash()).await.expect("read").expect("the order").id }
        };
        let (card, silent) = (&shop.world().card, [Answer::Unavailable, Answer::Unavailable]);
        // Whoever has the link pays with nothing that is kept for its owner.
        card.will(silent);
        let cart = reviewed(&shop, &eve, StepDone::Payment("card".to_owned())).await;
        let order = of(cart.place().await.expect("the order stands")).await;
        shop.wait_seconds(1);
        assert_eq!(pay(&shop, order, None).await.expect("it goes on waiting"), None);
        shop.wait_seconds(61);
        settle_due(&shop).await.expect("settled");
        let asked: Vec<_> = card.requests().iter().map(|request| request.attempt).collect();
        assert_eq!((asked.len(), asked[2]), (3, asked[1]), "{asked:?}");
        assert_eq!(kept(shop.db.primary(), order).await.expect("read"), card.requests()[0].amount.minor(), "once");
        // Somebody is on the page of another gateway.
        card.will(silent);
        let cart = reviewed(&shop, &eve, StepDone::Payment("card".to_owned())).await;
        let order = of(cart.place().await.expect("the order stands")).await;
        shop.wait_seconds(1);
        change_method(&shop, order, None, "test").await.expect("changed");
        let page = pay(&shop, order, None).await.expect("asked").expect("a page");
        shop.wait_seconds(61);
        settle_due(&shop).await.expect("settled");
        assert_eq!((card.requests().len(), shop.count("payment_attempts").await), (4, 4));
        assert_eq!(pay(&shop, order, None).await.expect("asked").expect("a page"), page, "they go on there");
    }

    async fn a_crash_between_placing_and_finalising_is_repaired(shop: TestShop) {
        let guest = paying(&shop).await;
        let agreement = guest.agreement().await;
        shop.world().card.will([Answer::Crash]);
        let crashed = guest.clone();
        assert!(tokio::spawn(async move { crashed.place_as(agreement).await }).await.is_err(), "it panicked");
        assert_one_waits(&shop).await;
        shop.wait_seconds(61);
        assert_eq!(settle_due(&shop).await.expect("run"), 1);
        assert_one_placed(&shop).await;
        let access: Token = guest.place_as(agreement).await.expect("the shopper comes back to it");
        assert!(
            commerce::orders::queries::by_access_token(shop.db.read(), &access.hash()).await.expect("read").is_some()
        );
        assert_one_placed(&shop).await;
        shop.assert_all_is_well().await;
    }

    async fn a_connection_cut_while_paying_is_repaired_by_the_same_form(shop: TestShop) {
        let guest = paying(&shop).await;
        let agreement = guest.agreement().await;
        shop.world().card.will([Answer::Hang]);
        let cut = tokio::time::timeout(std::time::Duration::from_millis(700), guest.place_as(agreement)).await;
        assert!(cut.is_err(), "the request was dropped");
        assert_one_waits(&shop).await;
        guest.place_as(agreement).await.expect("placed");
        assert_one_placed(&shop).await;
        shop.assert_all_is_well().await;
    }

    async fn a_request_cut_anywhere_leaves_nothing_half_done(shop: TestShop) {
        // Drops the request after ever more polls, then sends the form again.
        shop.sells("MUG", 1_290, 100).await;
        for polls in 1..40 {
            let mut guest = shop.guest();
            guest.add("MUG", 1).await.expect("added");
            guest.checkout_to(Step::Review).await.expect("reviewed");
            let agreement = guest.agreement().await;
            {
                let mut request = std::pin::pin!(guest.place_as(agreement));
                let mut left = polls;
                std::future::poll_fn(|context| {
                    left -= 1;
                    match request.as_mut().poll(context) {
                        std::task::Poll::Pending if left > 0 => std::task::Poll::Pending,
                        _ => std::task::Poll::Ready(()),
                    }
                })
                .await;
            }
            guest.place_as(agreement).await.unwrap_or_else(|error| panic!("after {polls} polls: {error}"));
        }
        assert_eq!(shop.count("orders").await, 39);
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderPlaced'", []).await, 39);
        assert_eq!(shop.stock("MUG").await, (100, 39));
        shop.assert_all_is_well().await;
    }

    async fn finishing_twice_at_once_places_once(shop: TestShop) {
        let guest = paying(&shop).await;
        shop.world().card.will([Answer::Unavailable]);
        let agreement = guest.agreement().await;
        guest.place_as(agreement).await.expect("waits");
        shop.wait_seconds(61);
        let other = shop.through(|_| {}).await;
        let (first, second, third) = tokio::join!(settle_due(&shop), settle_due(&other), guest.place_as(agreement));
        first.expect("run");
        second.expect("run");
        third.expect("placed");
        assert_one_placed(&shop).await;
        shop.assert_all_is_well().await;
    }
}
