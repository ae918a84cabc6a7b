//! A cart becomes an order.

use crate::harness::{Goods, Guest, TestShop};
use commerce::checkout::place_order::Agreement;
use commerce::checkout::{CheckoutError, HOLD_MINUTES, HOLD_MOST_MINUTES, Step};
use commerce::events::{Metadata, caused_by};
use commerce::orders::{Lifecycle, Order, Status, queries};
use commerce::token::Token;
use futures::future::join_all;

async fn order(shop: &TestShop, access: &Token) -> Order {
    let order = queries::by_access_token(shop.db.read(), &access.hash()).await.expect("read");
    order.expect("the token opens the order")
}

/// A guest at the review, with so many mugs.
async fn at_review(shop: &TestShop, mugs: i32) -> (Guest, Agreement) {
    let mut guest = shop.guest();
    guest.add("MUG", mugs).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("reviewed");
    let agreement = guest.agreement().await;
    (guest, agreement)
}

both_databases! {
    async fn orders_that_are_placed_at_the_same_moment_share_a_transaction(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        let mut guests = Vec::new();
        for mugs in 1..=10 {
            guests.push(at_review(&shop, mugs).await);
        }
        let (alone, _) = shop.statements(guests[0].0.place_as(guests[0].1)).await;
        let placing = guests.iter().zip(1..).skip(1).map(|((guest, agreement), number)| {
            let cause = Metadata { correlation_id: Some(format!("request {number}")), ..Metadata::default() };
            caused_by(cause, guest.place_as(*agreement))
        });
        let (statements, placed) = shop.statements(join_all(placing)).await;
        assert!(statements < 9 * alone, "{statements} statements for nine orders");
        for ((access, (guest, agreement)), mugs) in placed.into_iter().zip(&guests[1..]).zip(2..) {
            let order = order(&shop, &access.expect("placed")).await;
            assert_eq!((order.lines.len(), order.lines[0].quantity), (1, mugs), "everybody gets their own");
            assert_eq!(order.total.gross, agreement.total);
            let of_it = "SELECT COUNT(*) AS n FROM events WHERE aggregate_id = $1 AND ";
            let by = format!("{of_it} CAST(metadata AS TEXT) LIKE '%request {mugs}\"%'");
            assert_eq!(shop.number(&by, [order.id.into()]).await, 1, "it is known which request led to which");
            let of_cart = "SELECT COUNT(*) AS n FROM orders WHERE id = $1 AND cart_id = $2";
            assert_eq!(shop.number(of_cart, [order.id.into(), agreement.cart.into()]).await, 1);
            assert!(matches!(guest.start().await, Err(CheckoutError::EmptyCart)));
        }
        assert_eq!(shop.stock("MUG").await, (100, 55));
        shop.assert_all_is_well().await;
    }

    async fn what_is_wrong_with_one_order_is_nobody_elses_business(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        let mut guests = Vec::new();
        for mugs in 1..=7 {
            guests.push(at_review(&shop, mugs).await);
        }
        // One is sent twice, one saw another total, one names somebody else's cart, one has lost its hold.
        guests.push(guests[0].clone());
        guests[1].1.total += 1;
        guests[2].1.cart = guests[3].1.cart;
        let tx = shop.db.begin().await.expect("a transaction");
        commerce::inventory::claims::release_cart(&shop, &tx, guests[4].1.cart).await.expect("released");
        tx.commit().await.expect("committed");
        let outcomes = join_all(guests.iter().map(|(guest, agreement)| guest.place_as(*agreement))).await;
        let (one, again) = (outcomes[0].as_ref().expect("placed"), outcomes[7].as_ref().expect("placed"));
        assert!(one == again, "the same order");
        assert!(matches!(outcomes[1], Err(CheckoutError::TotalChanged)), "{:?}", outcomes[1]);
        assert!(matches!(outcomes[2], Err(CheckoutError::NotStarted)), "{:?}", outcomes[2]);
        for number in [3, 4, 5, 6] {
            let order = order(&shop, outcomes[number].as_ref().expect("placed")).await;
            assert_eq!(order.lines[0].quantity, number as i32 + 1);
        }
        assert_eq!(shop.count("orders").await, 5);
        let pieces: i64 = [1, 2, 3, 4, 5, 6, 7].iter().sum();
        assert_eq!(shop.stock("MUG").await, (100, pieces), "what is not ordered is still held");
        guests[1].1.total -= 1;
        guests[2].1.cart = guests[2].0.cart().await.expect("a cart").id;
        for (guest, agreement) in &guests[1..3] {
            guest.place_as(*agreement).await.expect("their carts are as they were");
        }
        shop.assert_all_is_well().await;
    }

    async fn an_order_copies_what_was_agreed(shop: TestShop) {
        let shirt = Goods::varied(&shop, "SHIRT", 2_000, &[("Colour", &["Red", "Blue"]), ("Size", &["M"])])
            .variation("SHIRT-RED-M", &["Red", "M"], 0, 5)
            .variation("SHIRT-BLUE-M", &["Blue", "M"], 150, 5)
            .with(|product| product.variations[1].tax_class = "reduced".to_owned());
        shop.add_goods(vec![shirt]).await;
        let mut guest = shop.guest();
        guest.add("SHIRT-BLUE-M", 3).await.expect("added");
        guest.add("SHIRT-RED-M", 1).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let checkout = guest.checkout().await.expect("under way");
        let access = guest.place().await.expect("placed");
        let placed = order(&shop, &access).await;
        assert_eq!((placed.lifecycle, placed.status()), (Lifecycle::Placed, Status::Pending));
        assert_eq!(
            placed
                .lines
                .iter()
                .map(|line| (line.sku.as_str(), line.quantity, line.unit_price.minor()))
                .collect::<Vec<_>>(),
            [("SHIRT-BLUE-M", 3, 2_150), ("SHIRT-RED-M", 1, 2_000)]
        );
        assert_eq!(placed.lines[0].options.to_string(), "Blue / M");
        assert_eq!(placed.total, checkout.totals.total);
        assert_eq!(placed.delivery, checkout.totals.delivery);
        assert_eq!(placed.lines.iter().map(|line| line.total).collect::<Vec<_>>(), checkout.totals.lines);
        assert_eq!((placed.email.as_str(), placed.note.as_str()), ("ada@example.org", "Ring twice"));
        assert_eq!((placed.phone.as_str(), &placed.billing_address), ("+49 30 1234567", &placed.delivery_address));
        // What is true of every stored order.
        let wrong = "SELECT COUNT(*) AS n FROM orders o WHERE
            o.net + o.tax <> o.total OR o.delivery_net + o.delivery_tax <> o.delivery_gross
            OR o.total <> o.delivery_gross + (SELECT SUM(l.gross) FROM order_lines l WHERE l.order_id = o.id)
            OR o.tax <> o.delivery_tax + (SELECT SUM(l.tax) FROM order_lines l WHERE l.order_id = o.id)
            OR EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.net + l.tax <> l.gross)
            OR EXISTS (SELECT 1 FROM order_lines l
                       WHERE l.order_id = o.id AND l.unit_price * l.quantity - l.discount <> l.gross)";
        assert_eq!(shop.number(wrong, []).await, 0);
        shop.execute("UPDATE products SET name = 'Rag', slug = 'rag', base_price = 1", []).await;
        shop.execute("UPDATE variations SET sku = 'RAG-' || sku, price_modifier = 0", []).await;
        assert_eq!(order(&shop, &access).await, placed, "the order stays as it was");
        assert_eq!(shop.stock("SHIRT-BLUE-M").await, (5, 3));
        shop.wait_minutes(60);
        commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
        assert_eq!(shop.stock("SHIRT-BLUE-M").await, (5, 3), "what an order has claimed does not expire");
        shop.assert_stock_is_sound().await;
    }

    async fn the_cart_of_an_order_is_not_the_guests_any_more(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let before = guest.token().clone();
        let agreement = guest.agreement().await;
        guest.place().await.expect("placed");
        assert_eq!(guest.cart().await, None);
        assert!(matches!(guest.start().await, Err(CheckoutError::EmptyCart)));
        guest.add("MUG", 1).await.expect("a new cart");
        assert_ne!(guest.token(), &before);
        assert_eq!(guest.lines().await, [("MUG".to_owned(), 1)]);
        assert_eq!(shop.count("carts").await, 2);
        assert!(matches!(guest.place_as(agreement).await, Err(CheckoutError::NotStarted)), "another guest's by now");
    }

    async fn the_same_agreement_again_gives_the_same_order(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let agreement = guest.agreement().await;
        let first = guest.place_as(agreement).await.expect("placed");
        shop.wait_minutes(600);
        assert_eq!(guest.place_as(agreement).await.expect("the same"), first);
        let other_total = Agreement { total: 1, ..agreement };
        assert_eq!(guest.place_as(other_total).await.expect("the cart names the request"), first);
        let replica = shop.through(|_| {}).await;
        assert_eq!(guest.at(&replica).place_as(agreement).await.expect("the same everywhere"), first);
        let mut thief = shop.guest();
        thief.token = Some(Token::random());
        assert!(matches!(thief.place_as(agreement).await, Err(CheckoutError::NotStarted)));
        assert_eq!((shop.count("orders").await, shop.stock("MUG").await), (1, (10, 2)));
        assert_eq!(queries::by_access_token(shop.db.read(), &thief.token().hash()).await.expect("read"), None);
    }

    async fn a_changed_total_is_shown_not_charged(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let agreement = guest.agreement().await;
        let changes = async || {
            let mut counts = Vec::new();
            for table in
                ["orders", "order_lines", "payment_attempts", "payment_events", "events", "stock_movements", "claims"]
            {
                counts.push(shop.count(table).await);
            }
            (counts, guest.cart().await.map(|cart| cart.version))
        };
        for (change, undo) in [
            ("UPDATE products SET base_price = 1291", "UPDATE products SET base_price = 1290"),
            ("UPDATE products SET base_price = 1289", "UPDATE products SET base_price = 1290"),
            ("UPDATE cart_lines SET quantity = 1", "UPDATE cart_lines SET quantity = 2"),
        ] {
            shop.execute(change, []).await;
            let before = changes().await;
            assert!(matches!(guest.place_as(agreement).await, Err(CheckoutError::TotalChanged)), "{change}");
            assert_eq!(changes().await, before, "nothing was written");
            shop.execute(undo, []).await;
        }
        let lowered = Agreement { total: 1, ..agreement };
        assert!(matches!(guest.place_as(lowered).await, Err(CheckoutError::TotalChanged)), "by the client");
        guest.place_as(agreement).await.expect("placed at the total that was seen");
        shop.assert_stock_is_sound().await;
    }

    async fn a_hold_that_expired_is_no_obstacle_while_there_is_stock(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        for (minutes, swept) in [(HOLD_MINUTES + 1, false), (HOLD_MOST_MINUTES * 3, false), (HOLD_MINUTES, true)] {
            let mut guest = shop.guest();
            guest.add("MUG", 1).await.expect("added");
            guest.checkout_to(Step::Review).await.expect("reviewed");
            shop.wait_minutes(minutes);
            if swept {
                commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
            }
            guest.place().await.expect("placed");
        }
        assert_eq!(shop.stock("MUG").await, (3, 3));
        shop.assert_stock_is_sound().await;
    }

    async fn what_somebody_else_took_is_named(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        shop.sells("BOWL", 1_290, 3).await;
        let mut slow = shop.guest();
        slow.add("MUG", 2).await.expect("added");
        slow.add("BOWL", 2).await.expect("added");
        slow.checkout_to(Step::Review).await.expect("reviewed");
        let agreement = slow.agreement().await;
        let mut fast = shop.guest();
        // While the hold stands, nobody gets at it.
        assert!(fast.add("MUG", 2).await.is_err());
        shop.wait_minutes(HOLD_MINUTES);
        fast.add("MUG", 1).await.expect("added");
        commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
        fast.add("MUG", 1).await.expect("added");
        fast.checkout_to(Step::Review).await.expect("reviewed");
        let Err(CheckoutError::Short(short)) = slow.place_as(agreement).await else { panic!("not short") };
        assert_eq!(short.len(), 1);
        assert_eq!((short[0].variation, short[0].available), (shop.variation("MUG").await.0, 1));
        assert_eq!(shop.count("orders").await, 0);
        assert_eq!(slow.lines().await.len(), 2, "the cart is still there");
        fast.place().await.expect("placed");
        slow.set("MUG", 1).await.expect("what is left");
        slow.place().await.expect("placed");
        shop.assert_stock_is_sound().await;
    }

    async fn a_hold_of_others_that_expired_does_not_keep_an_order_back(shop: TestShop) {
        shop.sells("MUG", 1_290, 2).await;
        let mut first = shop.guest();
        first.add("MUG", 2).await.expect("added");
        first.checkout_to(Step::Review).await.expect("reviewed");
        let agreement = first.agreement().await;
        let mut second = shop.guest();
        shop.wait_minutes(HOLD_MINUTES);
        commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
        second.add("MUG", 2).await.expect("added");
        second.start().await.expect("takes over");
        assert!(matches!(first.place_as(agreement).await, Err(CheckoutError::Short(_))), "the other hold stands");
        shop.wait_minutes(HOLD_MINUTES);
        first.place_as(agreement).await.expect("nobody has swept, and nobody needs to");
        assert_eq!(shop.stock("MUG").await, (2, 2));
        shop.assert_stock_is_sound().await;
    }
}
