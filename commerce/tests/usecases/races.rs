//! Two at the same moment, with the moment held still: one transaction is
//! left open while the other one runs into it.

use crate::harness::{Goods, Guest, TestShop};
use chrono::{DateTime, TimeDelta, Utc};
use commerce::cart::{CartId, purge};
use commerce::catalog::projection;
use commerce::checkout::place_order::Agreement;
use commerce::checkout::{CheckoutError, Step};
use commerce::clock::Clock;
use commerce::db::sql;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use std::collections::BTreeSet;
use std::time::Duration;

/// Long enough to run into a lock.
const MEANWHILE: Duration = Duration::from_millis(300);

async fn execute(tx: &DatabaseTransaction, text: &str, values: impl IntoIterator<Item = Value>) {
    tx.execute_raw(sql(tx, text, values)).await.expect("the statement runs");
}

/// Gives the claims of a cart to another one: what taking over and claiming anew come to.
async fn take_over(tx: &DatabaseTransaction, from: CartId, to: CartId, until: DateTime<Utc>) {
    let text = "UPDATE claims SET cart_id = $2, expires_at = $3 WHERE cart_id = $1";
    execute(tx, text, [from.into(), to.into(), until.into()]).await;
}

/// Two guests who both want the last two, the first of them at the review.
async fn two_for_the_last_two(shop: &TestShop) -> (Guest, Agreement, CartId) {
    shop.sells("MUG", 1_290, 2).await;
    let (mut first, mut second) = (shop.guest(), shop.guest());
    first.add("MUG", 2).await.expect("added");
    second.add("MUG", 2).await.expect("added");
    first.checkout_to(Step::Review).await.expect("reviewed");
    let agreement = first.agreement().await;
    let second = second.cart().await.expect("a cart").id;
    (first, agreement, second)
}

async fn placing_loses_to(shop: TestShop, minutes_until: i64) {
    let (first, agreement, second) = two_for_the_last_two(&shop).await;
    shop.wait_minutes(minutes_until);
    let tx = shop.db.begin().await.expect("a transaction");
    take_over(&tx, agreement.cart, second, shop.clock.now() + TimeDelta::minutes(10)).await;
    let placing = tokio::spawn(async move { first.place_as(agreement).await });
    tokio::time::sleep(MEANWHILE).await;
    tx.commit().await.expect("committed");
    let outcome = placing.await.expect("no panic");
    assert!(matches!(outcome, Err(CheckoutError::Short(_))), "{outcome:?}");
    assert_eq!(shop.count("orders").await, 0);
    shop.assert_all_is_well().await;
}

both_databases! {
    async fn an_expired_hold_that_is_just_being_taken_over_is_not_sold(shop: TestShop) {
        placing_loses_to(shop, 11).await;
    }

    async fn a_hold_that_has_expired_by_another_replicas_clock_is_not_sold(shop: TestShop) {
        placing_loses_to(shop, 9).await;
    }

    async fn a_hold_that_is_just_being_taken_over_is_not_extended(shop: TestShop) {
        let (first, agreement, second) = two_for_the_last_two(&shop).await;
        shop.wait_minutes(11);
        let tx = shop.db.begin().await.expect("a transaction");
        take_over(&tx, agreement.cart, second, shop.clock.now() + TimeDelta::minutes(10)).await;
        let going_on = tokio::spawn(async move { first.do_step(Step::Address).await });
        tokio::time::sleep(MEANWHILE).await;
        tx.commit().await.expect("committed");
        let outcome = going_on.await.expect("no panic");
        assert!(matches!(outcome, Err(CheckoutError::Short(_))), "{outcome:?}");
        shop.assert_all_is_well().await;
    }

    async fn a_hold_that_is_just_being_extended_is_not_taken_over(shop: TestShop) {
        let (first, agreement, _) = two_for_the_last_two(&shop).await;
        shop.wait_minutes(9);
        // The other replica's clock is two minutes ahead: to it the hold has expired.
        let mut fast = shop.guest();
        fast.add_unchecked("MUG", 2).await;
        let ahead = shop.through(|parts| parts.clock = Clock::manual()).await;
        ahead.clock.advance(shop.clock.now() - ahead.clock.now() + TimeDelta::minutes(2));
        let tx = shop.db.begin().await.expect("a transaction");
        let until = shop.clock.now() + TimeDelta::minutes(10);
        execute(&tx, "UPDATE claims SET expires_at = $2 WHERE cart_id = $1", [agreement.cart.into(), until.into()])
            .await;
        let taking = tokio::spawn({
            let fast = fast.at(&ahead);
            async move { fast.start().await }
        });
        tokio::time::sleep(MEANWHILE).await;
        tx.commit().await.expect("committed");
        let outcome = taking.await.expect("no panic");
        assert!(matches!(outcome, Err(CheckoutError::Short(_))), "{outcome:?}");
        first.place_as(agreement).await.expect("placed");
        shop.assert_all_is_well().await;
    }

    async fn a_listing_shows_what_both_have_taken(shop: TestShop) {
        let cup = Goods::varied(&shop, "CUP", 900, &[("Size", &["S", "M"])])
            .variation("CUP-S", &["S"], 0, 4)
            .variation("CUP-M", &["M"], 0, 4);
        let product = shop.add_goods(vec![cup]).await[0];
        let mut guest = shop.guest();
        guest.add("CUP-M", 4).await.expect("added");
        let (small, _) = shop.variation("CUP-S").await;
        let tx = shop.db.begin().await.expect("a transaction");
        execute(&tx, "UPDATE stock SET reserved = 4 WHERE variation_id = $1", [small.into()]).await;
        projection::refresh(&tx, &BTreeSet::from([product])).await.expect("refreshed");
        let starting = tokio::spawn(async move { guest.start().await });
        tokio::time::sleep(MEANWHILE).await;
        tx.commit().await.expect("committed");
        starting.await.expect("no panic").expect("started");
        assert_eq!(shop.number("SELECT MAX(available) AS n FROM product_listings", []).await, 0);
    }

    async fn a_cart_that_is_just_being_used_again_is_not_forgotten(shop: TestShop) {
        shop.sells("MUG", 1_290, 2).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        shop.wait_minutes(31 * 24 * 60);
        let tx = shop.db.begin().await.expect("a transaction");
        execute(&tx, "UPDATE carts SET updated_at = $1", [shop.clock.now().into()]).await;
        let purging = {
            let shop = shop.clone();
            tokio::spawn(async move { purge::purge(&shop).await })
        };
        tokio::time::sleep(MEANWHILE).await;
        tx.commit().await.expect("committed");
        assert_eq!(purging.await.expect("no panic").expect("purged"), 0);
        assert_eq!(guest.lines().await.len(), 1);
    }
}
