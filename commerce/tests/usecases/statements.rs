//! How many statements pages and forms take, so that it can't creep.
//!
//! SeaORM reports each statement to a callback, but not BEGIN and COMMIT: a
//! form that writes is one transaction, so two are added for it here. Each
//! of them is a round trip to the database.

use crate::harness::TestShop;
use commerce::catalog::{self, Filters, ListingQuery, Page, Scope, Sorting};
use commerce::checkout::Step;

/// BEGIN and COMMIT.
const TRANSACTION: u64 = 2;

async fn at_most<T>(shop: &TestShop, most: u64, extra: u64, what: &str, work: impl Future<Output = T>) -> T {
    let (statements, value) = shop.statements(work).await;
    let statements = statements + extra;
    println!("{what}: {statements} statements on {:?}", shop.db.backend());
    assert!(statements <= most, "{what} took {statements} statements, {most} are allowed");
    assert!(statements > extra, "{what} was not counted");
    value
}

both_databases! {
    async fn pages_take_few_statements(shop: TestShop) {
        for number in 0..30 {
            shop.sells(&format!("MUG-{number}"), 1_290 + number, 10).await;
        }
        let mut guest = shop.guest();
        for number in 0..10 {
            guest.add(&format!("MUG-{number}"), 2).await.expect("added");
        }
        let db = shop.db.read();
        at_most(&shop, 1, 0, "product page", catalog::queries::product(db, "mug-3", shop.prices()))
            .await
            .expect("read");
        at_most(&shop, 2, 0, "unknown product", catalog::queries::product(db, "x", shop.prices())).await.expect("read");
        for sorting in Sorting::ALL {
            let query = ListingQuery {
                scope: Scope::Category(shop.category("kitchen")),
                sorting,
                filters: Filters { price_min: Some(1_295), in_stock: true, ..Filters::default() },
                page: Page::First,
                size: 24,
            };
            at_most(&shop, 1, 0, "listing", catalog::queries::listing(db, &query, shop.prices())).await.expect("read");
        }
        at_most(&shop, 2, 0, "choices", shop.choices(Scope::Shop)).await.expect("read");
        let (again, _) = shop.statements(shop.choices(Scope::Shop)).await;
        assert_eq!(again, 0, "choices are kept in memory");
        let hash = guest.token().hash();
        at_most(&shop, 1, 0, "cart", commerce::cart::queries::by_token(db, &hash)).await.expect("read");
        at_most(&shop, 1, 0, "cart summary", shop.sessions.summary(&shop.db, &hash)).await.expect("read");
        shop.member("ada@example.org").await;
        let session = shop.session("ada@example.org").await;
        let who = commerce::accounts::queries::signed_in(&shop, &session);
        at_most(&shop, 1, 0, "who is signed in, on every page of theirs", who).await.expect("read").expect("ada");
        guest.start().await.expect("started");
        at_most(&shop, 2, 0, "checkout", guest.checkout()).await.expect("under way");
        for step in [Step::Address, Step::Delivery, Step::Payment] {
            guest.do_step(step).await.expect("done");
        }
        let access = guest.place().await.expect("placed");
        let access = access.hash();
        let order = commerce::orders::queries::by_access_token(db, &access);
        at_most(&shop, 3, 0, "order page", order).await.expect("read").expect("the order");
    }

    async fn forms_take_few_statements(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        shop.sells("BOWL", 1_290, 5).await;
        for sku in ["MUG", "BOWL"] {
            shop.variation(sku).await;
        }
        let mut guest = shop.guest();
        at_most(&shop, 5, TRANSACTION, "first add to cart", guest.add("MUG", 1)).await.expect("added");
        at_most(&shop, 5, TRANSACTION, "add to cart", guest.add("BOWL", 1)).await.expect("added");
        at_most(&shop, 5, TRANSACTION, "add more", guest.add("MUG", 2)).await.expect("added");
        at_most(&shop, 6, TRANSACTION, "change a quantity", guest.set("MUG", 2)).await.expect("changed");
        // What holding takes grows with the lines: here two, of which one runs low, which staff are told once.
        at_most(&shop, 20, TRANSACTION, "start checkout, 2 lines", guest.start()).await.expect("started");
        for step in [Step::Address, Step::Delivery, Step::Payment] {
            at_most(&shop, 8, TRANSACTION, &format!("step {}", step.code()), guest.do_step(step)).await.expect("done");
        }
        let agreement = guest.agreement().await;
        // Who pays later is not asked for money: it is one transaction, which takes the hold over as it stands.
        at_most(&shop, 8, 0, "place an order of 2 lines", guest.place_as(agreement)).await.expect("placed");
        at_most(&shop, 4, TRANSACTION, "place it again", guest.place_as(agreement)).await.expect("the same");

        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.add("BOWL", 1).await.expect("added");
        guest.checkout_by_card().await.expect("reviewed");
        let agreement = guest.agreement().await;
        // Two transactions: the order, and its being placed once the gateway agreed.
        at_most(&shop, 38, 2 * TRANSACTION, "place an order of 2 lines by card", guest.place_as(agreement))
            .await
            .expect("placed");
    }
}
