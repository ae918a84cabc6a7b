//! What a gateway refuses is asked for again, after a pause each time, as long as it is to be.

use crate::harness::TestShop;
use crate::order_edits::change;
use crate::order_work::ordered;
use commerce::orders::cancel::cancel_for;
use commerce::orders::{OrderId, Payment, queries};
use commerce::payments::ledger;
use commerce::payments::operate::operate_due;

async fn asked(shop: &TestShop) -> usize {
    operate_due(shop).await.expect("operated")
}

async fn kept(shop: &TestShop, id: OrderId) -> i64 {
    ledger::kept(shop.db.primary(), id).await.expect("read")
}

async fn open(shop: &TestShop) -> i64 {
    shop.number("SELECT COUNT(*) AS n FROM payment_operations WHERE due_at IS NOT NULL", []).await
}

both_databases! {
    async fn what_is_refused_is_asked_for_again_after_a_pause(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        cancel_for(&shop, &ada, id, true, true).await.expect("cancelled");
        shop.world().card.will_refuse(2);
        // How long until it is asked for, and how often until it is done.
        for (number, pause) in [0, 60, 60 * 24].into_iter().enumerate() {
            if pause > 0 {
                shop.wait_minutes(pause - 1);
                assert_eq!(asked(&shop).await, 0, "not before its time");
                shop.assert_all_is_well().await;
                shop.wait_minutes(1);
            }
            assert_eq!(asked(&shop).await, 1);
            assert_eq!(asked(&shop).await, 0, "once");
            assert_eq!(shop.reported("PaymentFailed").await.len(), (number + 1).min(2));
        }
        let order = queries::by_id(shop.db.primary(), id).await.expect("read").expect("the order");
        assert_eq!((order.payment, kept(&shop, id).await, open(&shop).await), (Payment::Refunded, 0, 0));
        shop.assert_all_is_well().await;
    }

    async fn what_waits_for_another_try_follows_its_order(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let paid = kept(&shop, id).await;
        change(&shop, &ada, id, &[1, 1]).await;
        shop.world().card.will_refuse(1);
        assert_eq!((asked(&shop).await, open(&shop).await), (1, 1));
        let order = change(&shop, &ada, id, &[2, 1]).await;
        assert_eq!((order.payment, order.total.gross, open(&shop).await), (Payment::Paid, paid, 0));
        shop.wait_minutes(60 * 48);
        assert_eq!((asked(&shop).await, kept(&shop, id).await), (0, paid));
        // Its pause is over.
        change(&shop, &ada, id, &[1, 1]).await;
        assert_eq!((asked(&shop).await, kept(&shop, id).await), (1, paid - 1_001));
        shop.assert_all_is_well().await;
    }
}
