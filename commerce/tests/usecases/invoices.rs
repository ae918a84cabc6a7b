//! Invoice numbers: one for each placed order, without gaps, whoever asks at once.

use crate::harness::TestShop;
use crate::shipments::ordered;
use commerce::invoices::{issue::issue, queries};
use commerce::payments::ledger;
use futures::future::join_all;

both_databases! {
    async fn numbers_have_no_gaps(shop: TestShop) {
        shop.sells("MUG", 1_290, 500).await;
        shop.sells("PLATE", 990, 500).await;
        let mut orders = Vec::new();
        for _ in 0..12 {
            orders.push(ordered(&shop).await);
        }
        // Everybody asks three times, and all at once.
        let asked = orders.iter().chain(&orders).chain(&orders).map(|order| issue(&shop, order.id));
        let issued = join_all(asked).await;
        let issued: Vec<_> = issued.into_iter().map(|one| one.expect("issued").expect("placed")).collect();
        for again in [&issued[12..24], &issued[24..]] {
            assert_eq!(again, &issued[..12], "an order has one number");
        }
        let mut numbers: Vec<_> = issued[..12].iter().map(|invoice| invoice.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
        let known = queries::of_order(shop.db.primary(), orders[3].id).await.expect("read");
        assert_eq!(known, Some(issued[3]));
    }

    async fn only_placed_orders_have_an_invoice(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let order = ordered(&shop).await;
        shop.execute("UPDATE orders SET placed_at = NULL WHERE id = $1", [order.id.into()]).await;
        assert_eq!(issue(&shop, order.id).await.expect("asked"), None);
        assert_eq!(shop.count("invoices").await, 0);
        assert_eq!(ledger::kept(shop.db.primary(), order.id).await.expect("read"), 0);
        let found = commerce::orders::queries::by_number(shop.db.primary(), order.number).await.expect("read");
        assert_eq!(found.map(|found| found.id), Some(order.id));
    }

    async fn what_is_paid_follows_from_the_ledger(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PLATE", 990, 10).await;
        let (order, other) = (ordered(&shop).await, ordered(&shop).await);
        for (n, action, outcome, amount) in [
            (1, "authorise", "succeeded", 3_570_i64),
            (2, "capture", "failed", 3_570),
            (3, "capture", "succeeded", 3_000),
            (4, "capture", "succeeded", 570),
            (5, "refund", "pending", 500),
            (6, "refund", "succeeded", 70),
        ] {
            shop.execute(
                "INSERT INTO payment_events (id, attempt_id, gateway, event_id, fact, action, outcome, amount, created_at)
                 SELECT $2, a.id, a.gateway, $3, $3, $4, $5, $6, $7 FROM payment_attempts a WHERE a.order_id = $1",
                [
                    order.id.into(),
                    uuid::Uuid::from_u128(n).into(),
                    format!("event {n}").into(),
                    action.into(),
                    outcome.into(),
                    amount.into(),
                    shop.clock.now().into(),
                ],
            )
            .await;
        }
        assert_eq!(ledger::kept(shop.db.primary(), order.id).await.expect("read"), 3_500);
        assert_eq!(ledger::kept(shop.db.primary(), other.id).await.expect("read"), 0);
    }
}
