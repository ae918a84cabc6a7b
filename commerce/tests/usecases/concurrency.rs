//! Many at once: nothing is sold twice, and nothing is ordered twice.

use crate::harness::{Goods, Guest, TestShop};
use commerce::cart::CartError;
use commerce::checkout::{CheckoutError, Step};
use commerce::inventory::Receipt;
use commerce::inventory::create_location::create_warehouse;
use commerce::inventory::receive::receive;
use commerce::inventory::release_expired::release_expired;

/// Shops to the end; `false` where there was nothing left to buy.
async fn buy(mut guest: Guest, sku: &'static str) -> bool {
    match guest.add(sku, 1).await {
        Ok(()) => {}
        Err(CartError::NotEnough { .. }) => return false,
        Err(error) => panic!("{error}"),
    }
    let outcome = async {
        guest.checkout_to(Step::Review).await?;
        guest.place().await
    };
    match outcome.await {
        Ok(_) => true,
        Err(CheckoutError::Short(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

both_databases! {
    async fn two_hundred_checkouts_of_ten_pieces_sell_ten(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let tasks: Vec<_> = (0..200).map(|_| tokio::spawn(buy(shop.guest(), "MUG"))).collect();
        let mut sold = 0;
        for task in tasks {
            sold += usize::from(task.await.expect("no panic"));
        }
        assert_eq!(sold, 10);
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM orders WHERE lifecycle = 'placed'", []).await, 10);
        assert_eq!(shop.stock("MUG").await, (10, 10));
        shop.assert_all_is_well().await;
        assert_eq!(
            shop.number("SELECT available AS n FROM product_listings LIMIT 1", []).await,
            0,
            "listed as sold out"
        );
    }

    async fn all_start_at_once_and_some_come_too_late(shop: TestShop) {
        // Everybody has it in the cart before anybody presses checkout, and old holds are in the way.
        shop.sells("MUG", 1_290, 10).await;
        let mut late = Vec::new();
        for _ in 0..5 {
            let mut guest = shop.guest();
            guest.add("MUG", 2).await.expect("added");
            late.push(guest);
        }
        let mut guests = Vec::new();
        for _ in 0..100 {
            let mut guest = shop.guest();
            guest.add("MUG", 1).await.expect("added");
            guests.push(guest);
        }
        for guest in &late {
            guest.checkout_to(Step::Review).await.expect("holds two");
        }
        shop.wait_minutes(10);
        let tasks: Vec<_> = guests
            .into_iter()
            .map(|guest| {
                tokio::spawn(async move {
                    match guest.checkout_to(Step::Review).await {
                        Ok(()) => guest.place().await.map(|_| 1),
                        Err(CheckoutError::Short(_)) => Ok(0),
                        Err(error) => Err(error),
                    }
                })
            })
            .chain(late.into_iter().map(|guest| {
                tokio::spawn(async move {
                    match guest.place().await {
                        Ok(_) => Ok(2),
                        Err(CheckoutError::Short(_)) => Ok(0),
                        Err(error) => Err(error),
                    }
                })
            }))
            .collect();
        let mut sold = 0;
        for task in tasks {
            sold += task.await.expect("no panic").expect("placed or too late");
        }
        assert!((9..=10).contains(&sold), "{sold} were sold: one may be left where the last two wanted two");
        assert_eq!(shop.number("SELECT CAST(SUM(quantity) AS BIGINT) AS n FROM order_lines", []).await, sold);
        shop.assert_all_is_well().await;
    }

    async fn the_same_form_fifty_times_at_once_makes_one_order(shop: TestShop) {
        shop.sells("MUG", 1_290, 1_000).await;
        let mut guest = shop.guest();
        guest.add("MUG", 3).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let agreement = guest.agreement().await;
        let replica = shop.through(|_| {}).await;
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let guest = guest.at(if number % 2 == 0 { &shop } else { &replica });
                tokio::spawn(async move { guest.place_as(agreement).await.expect("placed") })
            })
            .collect();
        let mut tokens = Vec::new();
        for task in tasks {
            tokens.push(task.await.expect("no panic"));
        }
        assert_eq!(tokens.len(), 50);
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        for (table, rows) in [("orders", 1), ("order_lines", 1), ("payment_attempts", 1), ("claims", 1)] {
            assert_eq!(shop.count(table).await, rows, "{table}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderPlaced'", []).await, 1);
        assert_eq!(shop.stock("MUG").await, (1_000, 3));
        shop.assert_all_is_well().await;
    }

    async fn carts_that_cross_do_not_wait_for_each_other_in_a_circle(shop: TestShop) {
        // Two warehouses whose priority is against the order of their rows, several variations of
        // one product, carts in opposite orders, and changes in between.
        let skus = ["CUP-S", "CUP-M", "CUP-L"];
        let mut cup = Goods::varied(&shop, "CUP", 900, &[("Size", &["S", "M", "L"])]);
        for (sku, size) in skus.iter().zip(["S", "M", "L"]) {
            cup = cup.variation(sku, &[size], 0, 30);
        }
        shop.add_goods(vec![cup]).await;
        let first = create_warehouse(shop.db.primary(), "First", -1, shop.clock.now()).await.expect("opened");
        let mut receipts = Vec::new();
        for sku in skus {
            receipts.push(Receipt { variation: shop.variation(sku).await.0, quantity: 30 });
        }
        receive(shop.db.primary(), first, receipts, "test", shop.clock.now()).await.expect("received");
        let tasks: Vec<_> = (0..24)
            .map(|number| {
                let (mut guest, shop) = (shop.guest(), shop.clone());
                tokio::spawn(async move {
                    let mut order = skus;
                    order.rotate_left(number % 3);
                    if number % 2 == 0 {
                        order.reverse();
                    }
                    for sku in order {
                        guest.add(sku, 2).await.expect("added");
                    }
                    guest.start().await.expect("there is enough for all");
                    guest.set(order[0], 1).await.expect("fewer");
                    guest.do_step(Step::Address).await.expect("done");
                    guest.remove(order[1]).await.expect("removed");
                    release_expired(&shop).await.expect("swept");
                    guest.checkout_to(Step::Review).await.expect("reviewed");
                    match number % 3 {
                        0 => guest.clear().await.expect("changed their mind"),
                        _ => guest.place().await.map(|_| ()).expect("placed"),
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(shop.count("orders").await, 16);
        let claimed = shop.number("SELECT CAST(SUM(quantity) AS BIGINT) AS n FROM claims", []).await;
        assert_eq!(claimed, 16 * 3, "one of the first, two of the last");
        shop.assert_all_is_well().await;
    }

    async fn the_last_pieces_of_several_variations_are_listed_as_gone(shop: TestShop) {
        let cup = Goods::varied(&shop, "CUP", 900, &[("Size", &["S", "M", "L"])])
            .variation("CUP-S", &["S"], 0, 4)
            .variation("CUP-M", &["M"], 0, 4)
            .variation("CUP-L", &["L"], 0, 4);
        shop.add_goods(vec![cup]).await;
        let skus = ["CUP-S", "CUP-M", "CUP-L"];
        let tasks: Vec<_> = (0..30).map(|number| tokio::spawn(buy(shop.guest(), skus[number % 3]))).collect();
        let mut sold = 0;
        for task in tasks {
            sold += usize::from(task.await.expect("no panic"));
        }
        assert_eq!(sold, 12);
        let listed = "SELECT CAST(SUM(available) AS BIGINT) AS n FROM product_listings";
        assert_eq!(shop.number(listed, []).await, 0, "whoever came last has seen what the others took");
        shop.assert_all_is_well().await;
    }
}
