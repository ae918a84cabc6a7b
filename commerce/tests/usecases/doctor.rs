//! The doctor finds nothing in a busy shop, and everything that is broken by hand; it repairs what it may.

use crate::harness::{Answer, TestShop};
use crate::order_edits::change;
use crate::store_credit::{give, reviewed};
use commerce::accounts::SignedIn;
use commerce::checkout::Step;
use commerce::checkout::save_step::StepDone;
use commerce::doctor::{Checked, NAMED, examine, is_sound};
use commerce::events::dispatch::dispatch_due;
use commerce::fulfilment::ship::{Parcel, deliver, ship};
use commerce::inventory::release_expired::release_expired;
use commerce::invoices::issue::issue;
use commerce::money::{Currency, Money};
use commerce::orders::cancel::{OrderError, cancel_for};
use commerce::orders::refund::{Refund, RefundMethod, refund, refundable};
use commerce::orders::{OrderId, queries};
use commerce::payments::operate::operate_due;
use commerce::payments::record::{Source, record};
use commerce::payments::settle::settle_due;
use commerce::payments::{Action, Fact, OperationId, Outcome, PaymentAttemptId, pay};
use commerce::returns::receive::{Arrival, receive};
use commerce::returns::refund::{Settlement, refund as refund_return};
use commerce::returns::request::open_for;
use commerce::returns::{Counted, NewReturn, ReturnReason, Wanted, Word, queries as returns};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

impl TestShop {
    /// What the doctor finds: the names of the checks, and how much each has found.
    async fn found(&self, repair: bool) -> Vec<(&'static str, usize)> {
        let checked = examine(self, repair).await.expect("examined");
        checked.iter().filter(|check| check.wrong > 0).map(|check| (check.check, check.wrong)).collect()
    }

    /// Fails where the doctor finds anything.
    pub async fn assert_sound(&self) {
        let checked = examine(self, false).await.expect("examined");
        let wrong: Vec<&Checked> = checked.iter().filter(|check| check.wrong > 0).collect();
        assert!(is_sound(&checked), "{wrong:#?}");
    }

    /// Fails where anything is wrong once what happens by itself has happened.
    pub async fn assert_all_is_well(&self) {
        release_expired(self).await.expect("swept");
        self.deliver_events().await;
        self.assert_sound().await;
        self.assert_ledger_agrees().await;
    }

    async fn deliver_events(&self) {
        while dispatch_due(self).await.expect("dispatched") > 0 {}
    }

    /// Runs a statement on rows that their constraints would not let be so.
    async fn force(&self, constraint: (&str, &str), text: &str) {
        let db = self.db.primary();
        if self.is_postgres() {
            let (table, name) = constraint;
            let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {name}");
            db.execute_unprepared(&drop).await.expect("dropped");
            self.execute(text, []).await;
        } else {
            db.execute_unprepared("PRAGMA ignore_check_constraints = ON").await.expect("let be");
            self.execute(text, []).await;
            db.execute_unprepared("PRAGMA ignore_check_constraints = OFF").await.expect("enforced");
        }
    }
}

/// The orders of a shop in which much has happened.
struct Busy {
    ada: SignedIn,
    /// To be paid by transfer, and not paid.
    transfer: OrderId,
    /// Paid by card; a part went back for a mug.
    paid: OrderId,
    /// Paid by card; one of two mugs was sent and has come.
    sent: OrderId,
    /// Waits at the test gateway.
    waiting: OrderId,
}

async fn order(shop: &TestShop, method: &str) -> OrderId {
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    guest.add("BOWL", 1).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("reviewed");
    guest.save(StepDone::Payment(method.to_owned())).await.expect("chosen");
    let access = guest.place().await.expect("placed");
    queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read").expect("an order").id
}

async fn busy(shop: &TestShop) -> Busy {
    shop.sells("MUG", 1_001, 40).await;
    shop.sells("BOWL", 2_000, 8).await;
    let ada = shop.admin("ada@example.org").await;
    let (transfer, paid, sent) =
        (order(shop, "bank_transfer").await, order(shop, "card").await, order(shop, "card").await);
    let given_up = order(shop, "card").await;
    cancel_for(shop, &ada, given_up, true, true).await.expect("cancelled");
    let mug = queries::by_id(shop.db.primary(), paid).await.expect("read").expect("the order").lines[0].id;
    let back = Refund {
        key: "a".to_owned(),
        amount: None,
        lines: vec![(mug, 1)],
        method: RefundMethod::Original,
        reason: "broken".to_owned(),
    };
    refund(shop, &ada, paid, &back).await.expect("decided");
    shop.execute("UPDATE orders SET user_id = $2 WHERE id = $1", [paid.into(), ada.user.into()]).await;
    let euro = Some(Money::new(100, Currency::EUR));
    let credit =
        Refund { key: "b".to_owned(), amount: euro, lines: Vec::new(), method: RefundMethod::StoreCredit, ..back };
    refund(shop, &ada, paid, &credit).await.expect("given");
    let mug = queries::by_id(shop.db.primary(), sent).await.expect("read").expect("the order").lines[0].id;
    let parcel = Parcel {
        key: "a".to_owned(),
        location: shop.warehouse().await,
        carrier: "dhl".to_owned(),
        tracking_number: None,
        lines: vec![(mug, 1)],
    };
    let parcel = ship(shop, &ada, sent, &parcel).await.expect("sent");
    deliver(shop, &ada, parcel).await.expect("it has come");
    issue(shop, sent).await.expect("issued").expect("placed");
    let waiting = order(shop, "test").await;
    let mut guest = shop.guest();
    guest.add("MUG", 1).await.expect("added");
    guest.start().await.expect("held");
    operate_due(shop).await.expect("operated");
    shop.deliver_events().await;
    Busy { ada, transfer, paid, sent, waiting }
}

#[derive(FromQueryResult)]
struct Asked {
    id: OperationId,
    attempt_id: PaymentAttemptId,
}

/// What a gateway is to be asked for, and about which attempt.
async fn asked(shop: &TestShop) -> (OperationId, PaymentAttemptId) {
    let text = "SELECT id, attempt_id FROM payment_operations WHERE due_at IS NOT NULL";
    let asked = shop.rows::<Asked>(text, []).await.remove(0);
    (asked.id, asked.attempt_id)
}

/// What a gateway says of a refund that it was asked for.
fn answer(operation: OperationId, outcome: Outcome, minor: i64) -> Fact {
    Fact {
        name: operation.to_string(),
        action: Action::Refund,
        outcome,
        amount: Money::new(minor, Currency::EUR),
        reference: None,
        operation: Some(operation),
        reason: None,
    }
}

/// Breaks something that the doctor names by these checks and leaves as it is.
async fn is_left(shop: &TestShop, names: &[&str], text: &str, values: impl IntoIterator<Item = Value>) {
    assert_eq!(shop.execute(text, values).await, 1, "{text}");
    stays(shop, names).await;
}

async fn stays(shop: &TestShop, names: &[&str]) {
    let found: Vec<_> = shop.found(false).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, names);
    let left: Vec<_> = shop.found(true).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, names, "it is not the doctor's to repair");
}

/// Breaks something that the doctor names by these checks and repairs.
async fn is_mended(shop: &TestShop, names: &[&str], text: &str, values: impl IntoIterator<Item = Value>) {
    assert!(shop.execute(text, values).await > 0, "{text}");
    mends(shop, names).await;
}

async fn mends(shop: &TestShop, names: &[&str]) {
    let found: Vec<_> = shop.found(false).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, names);
    assert_eq!(shop.found(true).await, [], "after {names:?} was repaired");
    assert_eq!(shop.found(false).await, [], "and it stays so");
}

both_databases! {
    async fn a_busy_shop_is_sound(shop: TestShop) {
        let busy = busy(&shop).await;
        shop.assert_sound().await;
        for _ in 0..20 {
            shop.wait_minutes(10);
            release_expired(&shop).await.expect("swept");
            settle_due(&shop).await.expect("settled");
            operate_due(&shop).await.expect("operated");
            shop.deliver_events().await;
            shop.assert_sound().await;
        }
        cancel_for(&shop, &busy.ada, busy.transfer, false, true).await.expect("lost");
        shop.deliver_events().await;
        shop.assert_sound().await;
    }

    async fn what_staff_change_is_sound(shop: TestShop) {
        let busy = busy(&shop).await;
        let dearer = order(&shop, "card").await;
        issue(&shop, dearer).await.expect("issued").expect("placed");
        change(&shop, &busy.ada, dearer, &[3, 1]).await;
        shop.world().card.will([Answer::Decline]);
        assert!(pay::pay(&shop, dearer, None).await.is_err());
        let looked_at = "SELECT COUNT(*) AS n FROM orders WHERE lifecycle = 'placed' AND check_at IS NOT NULL";
        assert_eq!((shop.number(looked_at, []).await, shop.count("cancelled_invoices").await), (1, 1));
        shop.deliver_events().await;
        shop.assert_sound().await;
        // Paid with store credit, and the rest at a gateway that has not agreed yet.
        let eve = shop.member("eve@example.org").await;
        give(&shop, &busy.ada, &eve, 10_000).await;
        let cart = reviewed(&shop, &eve, StepDone::Credit(None)).await;
        let access = cart.place().await.expect("placed");
        let covered = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read");
        let covered = covered.expect("an order").id;
        change(&shop, &busy.ada, covered, &[4]).await;
        pay::change_method(&shop, covered, None, "test").await.expect("changed");
        shop.deliver_events().await;
        shop.assert_sound().await;
        let spent = "UPDATE store_credit_entries SET order_id = NULL WHERE kind = 'spent'";
        is_left(&shop, &["store-credit-of-orders"], spent, []).await;
    }

    async fn counters_follow_the_ledger_and_the_claims(shop: TestShop) {
        busy(&shop).await;
        let mug = shop.variation("MUG").await.0;
        let before = shop.stock("MUG").await;
        let of_mug = [Value::from(mug)];
        is_mended(&shop, &["stock"], "UPDATE stock SET on_hand = on_hand + 3 WHERE variation_id = $1", of_mug.clone()).await;
        is_mended(&shop, &["stock"], "UPDATE stock SET reserved = reserved - 1 WHERE variation_id = $1", of_mug.clone())
            .await;
        assert_eq!(shop.stock("MUG").await, before);
        let lost = "DELETE FROM stock_movements WHERE id = (
            SELECT id FROM stock_movements WHERE reason = 'reserved' ORDER BY id LIMIT 1)";
        is_mended(&shop, &["stock"], lost, []).await;
        is_mended(&shop, &["stock"], "DELETE FROM claims WHERE cart_id IS NOT NULL", []).await;
        assert_eq!(shop.stock("MUG").await, (before.0, before.1 - 1));
        let more = "UPDATE stock SET reserved = on_hand + 1 WHERE variation_id = (
            SELECT id FROM variations WHERE sku = 'MUG')";
        shop.force(("stock", "ck_stock_reserved"), more).await;
        mends(&shop, &["stock", "stock-bounds", "listings"]).await;
        shop.deliver_events().await;
    }

    async fn more_claims_than_stock_are_for_people_to_count(shop: TestShop) {
        busy(&shop).await;
        is_left(&shop, &["stock"], "UPDATE stock_movements SET delta_on_hand = 1 WHERE reason = 'received'
            AND stock_id = (SELECT s.id FROM stock s JOIN variations v ON v.id = s.variation_id WHERE v.sku = 'MUG')", [])
            .await;
    }

    async fn claims_that_nobody_needs_are_released(shop: TestShop) {
        let busy = busy(&shop).await;
        let before = shop.stock("MUG").await;
        shop.wait_minutes(11);
        shop.execute("UPDATE orders SET check_at = $1 WHERE check_at IS NOT NULL", [shop.clock.now().into()]).await;
        mends(&shop, &["expired-holds"]).await;
        assert_eq!(shop.stock("MUG").await, (before.0, before.1 - 1));
        let text = "UPDATE orders SET lifecycle = 'cancelled', cancelled_at = placed_at WHERE id = $1";
        shop.execute(text, [busy.transfer.into()]).await;
        let names = shop.found(false).await;
        assert_eq!(names, [("claims-of-cancelled", 1), ("announced", 1)]);
        assert_eq!(shop.found(true).await, [("announced", 1)]);
        assert_eq!(shop.stock("MUG").await, (before.0, before.1 - 3));
        shop.assert_ledger_agrees().await;
    }

    async fn listings_are_made_true(shop: TestShop) {
        busy(&shop).await;
        for change in ["price_from = price_from - 1", "price_to = price_to + 1", "name = 'OTHER'", "available = 0"] {
            let text = format!("UPDATE product_listings SET {change} WHERE name = 'MUG'");
            is_mended(&shop, &["listings"], &text, []).await;
        }
        shop.execute("UPDATE product_listings SET sold = 7 WHERE name = 'MUG'", []).await;
        let one = |scope: &str| {
            format!("scope_id = (SELECT id FROM categories WHERE slug = '{scope}') AND name = 'MUG'")
        };
        is_mended(&shop, &["listings-complete"], &format!("DELETE FROM product_listings WHERE {}", one("kitchen")), [])
            .await;
        let moved = format!(
            "UPDATE product_listings SET scope_id = (SELECT id FROM categories WHERE slug = 'garden') WHERE {}",
            one("mugs")
        );
        is_mended(&shop, &["listings-complete"], &moved, []).await;
        let less = format!("UPDATE product_listings SET sold = 2 WHERE {}", one("kitchen"));
        is_mended(&shop, &["listings-complete"], &less, []).await;
        assert_eq!(shop.number("SELECT MIN(sold) AS n FROM product_listings WHERE name = 'MUG'", []).await, 7);
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM product_listings WHERE name = 'MUG'", []).await, 3);
        shop.execute("DELETE FROM product_listings", []).await;
        mends(&shop, &["listings-complete"]).await;
        shop.assert_listings_are_right().await;
    }

    async fn what_orders_hold_and_come_to_is_left_to_people(shop: TestShop) {
        let busy = busy(&shop).await;
        let transfer = [Value::from(busy.transfer)];
        let add = |sign: &str| format!("UPDATE orders SET total = total {sign} 1, net = net {sign} 1 WHERE id = $1");
        is_left(&shop, &["totals"], &add("+"), transfer.clone()).await;
        shop.execute(&add("-"), transfer.clone()).await;
        let of = |quantity: i32| {
            format!("UPDATE order_lines SET quantity = {quantity} WHERE order_id = $1 AND sku = 'BOWL'")
        };
        is_left(&shop, &["claims-of-orders"], &of(2), transfer.clone()).await;
        shop.execute(&of(1), transfer.clone()).await;
        let of_product = |sku: &str| {
            format!(
                "UPDATE order_lines SET product_id = (SELECT v.product_id FROM variations v WHERE v.sku = '{sku}')
                 WHERE order_id = $1 AND sku = 'BOWL'"
            )
        };
        is_left(&shop, &["sold"], &of_product("MUG"), transfer.clone()).await;
        shop.execute(&of_product("BOWL"), transfer.clone()).await;
        let sent = |quantity: i64| format!("UPDATE shipment_lines SET quantity = {quantity}");
        is_left(&shop, &["claims-of-orders", "shipped"], &sent(3), []).await;
        shop.execute(&sent(1), []).await;
        let of_order = |order: OrderId| [Value::from(order)];
        let others = "UPDATE shipments SET order_id = $1";
        shop.execute(others, of_order(busy.paid)).await;
        let found = shop.found(false).await;
        assert!(found.contains(&("shipped", 1)), "{found:?}");
        shop.execute(others, of_order(busy.sent)).await;
        shop.execute("DROP INDEX uq_orders_cart_id", []).await;
        let cart = "UPDATE orders SET cart_id = (SELECT cart_id FROM orders WHERE id = $2) WHERE id = $1";
        is_left(&shop, &["one-order-per-cart"], cart, [busy.transfer.into(), busy.paid.into()]).await;
        shop.execute("UPDATE orders SET cart_id = NULL WHERE id = $1", transfer.clone()).await;
        let invoice = "INSERT INTO invoices (order_id, number, issued_at) VALUES ($1, $2, $3)";
        let now = Value::from(shop.clock.now());
        is_left(&shop, &["invoices"], invoice, [busy.waiting.into(), 2.into(), now.clone()]).await;
        shop.execute("DELETE FROM invoices WHERE number = 2", []).await;
        is_left(&shop, &["invoices"], invoice, [busy.paid.into(), 3.into(), now.clone()]).await;
        let cancelled = "INSERT INTO cancelled_invoices (number, order_id, content, issued_at, cancelled_at)
                         VALUES ($1, $2, '{}', $3, $3)";
        shop.execute(cancelled, [2.into(), busy.sent.into(), now.clone()]).await;
        shop.assert_sound().await;
        is_left(&shop, &["invoices"], cancelled, [3.into(), busy.sent.into(), now]).await;
        shop.execute("DELETE FROM cancelled_invoices", []).await;
        shop.execute("DELETE FROM invoices WHERE number = 3", []).await;
        let event = "DELETE FROM events WHERE aggregate_id = $1 AND kind = 'OrderPlaced'";
        is_left(&shop, &["announced"], event, transfer).await;
    }

    async fn states_that_cannot_be_are_named(shop: TestShop) {
        let busy = busy(&shop).await;
        let text = "UPDATE orders SET placed_at = NULL WHERE id = $1";
        is_left(&shop, &["states"], text, [busy.transfer.into()]).await;
        let checked = examine(&shop, false).await.expect("examined");
        let states = checked.iter().find(|check| check.check == "states").expect("a check");
        assert_eq!((states.wrong, states.findings.len(), states.findings[0].id), (1, 1, busy.transfer.0));
        let text = "UPDATE orders SET placed_at = created_at WHERE id = $1";
        shop.execute(text, [busy.transfer.into()]).await;
        let (looked_at, now) = ("UPDATE orders SET check_at = $1 WHERE lifecycle = 'cancelled'", shop.clock.now());
        is_left(&shop, &["states"], looked_at, [now.into()]).await;
        shop.execute("UPDATE orders SET check_at = NULL WHERE lifecycle = 'cancelled'", []).await;
        let unseen = "UPDATE orders SET check_at = NULL WHERE id = $1";
        is_left(&shop, &["states"], unseen, [busy.waiting.into()]).await;
        shop.execute("UPDATE orders SET check_at = pay_by WHERE id = $1", [busy.waiting.into()]).await;
        let text = "UPDATE orders SET fulfilment = 'delivered' WHERE id = $1";
        is_mended(&shop, &["fulfilment"], text, [busy.sent.into()]).await;
        is_mended(&shop, &["fulfilment"], text, [busy.transfer.into()]).await;
        shop.execute(text, [busy.waiting.into()]).await;
        mends(&shop, &["fulfilment", "states"]).await;
    }

    async fn payments_follow_the_ledger_and_money_is_left_to_people(shop: TestShop) {
        let busy = busy(&shop).await;
        is_mended(&shop, &["payment-state"], "UPDATE orders SET payment = 'paid' WHERE id = $1", [busy.paid.into()]).await;
        is_mended(&shop, &["payment-state"], "UPDATE orders SET payment = 'voided' WHERE id = $1", [busy.transfer.into()])
            .await;
        let currency = |code: &str| format!("UPDATE payment_attempts SET currency = '{code}' WHERE order_id = $1");
        is_left(&shop, &["currencies"], &currency("USD"), [busy.paid.into()]).await;
        shop.execute(&currency("EUR"), [busy.paid.into()]).await;
        let credit = |amount: &str| format!("UPDATE orders SET store_credit = {amount} WHERE id = $1");
        is_left(&shop, &["store-credit-of-orders"], &credit("-1"), [busy.transfer.into()]).await;
        shop.execute(&credit("0"), [busy.transfer.into()]).await;
        let names = ["store-credit", "store-credit-of-orders"];
        is_left(&shop, &names, "UPDATE store_credit_entries SET amount = -amount", []).await;
        shop.execute("UPDATE store_credit_entries SET amount = -amount", []).await;
        let given = |amount: i64| format!("UPDATE refunds SET amount = {amount} WHERE method = 'store_credit'");
        is_left(&shop, &["store-credit-of-orders"], &given(101), []).await;
        shop.execute(&given(100), []).await;
        is_left(&shop, &["refunded-pieces"], "UPDATE refund_lines SET quantity = 3", []).await;
        shop.execute("UPDATE refund_lines SET quantity = 1", []).await;
        is_left(&shop, &["refunds", "store-credit-of-orders"], &given(1_000_000), []).await;
        shop.execute(&given(100), []).await;
        let agreed = "UPDATE orders SET lifecycle = 'awaiting_payment', placed_at = NULL, pay_by = $2, check_at = $2
                      WHERE id = $1";
        let later = shop.clock.now() + chrono::TimeDelta::minutes(5);
        is_left(&shop, &["states", "invoices", "agreed"], agreed, [busy.sent.into(), later.into()]).await;
    }

    async fn what_nobody_agreed_to_is_not_placed(shop: TestShop) {
        let busy = busy(&shop).await;
        let transfer = [Value::from(busy.transfer)];
        shop.execute("UPDATE orders SET payment_method = 'test' WHERE id = $1", transfer.clone()).await;
        // Placed before another way was chosen for it.
        shop.assert_sound().await;
        let text = "UPDATE payment_attempts SET gateway = 'test' WHERE order_id = $1";
        is_left(&shop, &["agreed"], text, transfer).await;
    }

    async fn balances_follow_their_entries(shop: TestShop) {
        busy(&shop).await;
        is_mended(&shop, &["store-credit"], "UPDATE store_credit_balances SET balance = balance + 7", []).await;
        is_mended(&shop, &["store-credit"], "DELETE FROM store_credit_balances", []).await;
        assert_eq!(shop.number("SELECT balance AS n FROM store_credit_balances", []).await, 100);
    }

    async fn refunds_that_a_gateway_refuses_are_named(shop: TestShop) {
        let busy = busy(&shop).await;
        let back = Refund {
            key: "c".to_owned(),
            amount: Some(Money::new(500, Currency::EUR)),
            lines: Vec::new(),
            method: RefundMethod::Original,
            reason: "late".to_owned(),
        };
        refund(&shop, &busy.ada, busy.sent, &back).await.expect("decided");
        shop.deliver_events().await;
        shop.assert_sound().await;
        let refused = "UPDATE payment_operations SET due_at = NULL WHERE due_at IS NOT NULL";
        is_left(&shop, &["refunds-given"], refused, []).await;
    }

    async fn what_a_gateway_refuses_is_decided_anew(shop: TestShop) {
        let busy = busy(&shop).await;
        let mug = queries::by_id(shop.db.primary(), busy.sent).await.expect("read").expect("the order").lines[0].clone();
        let all = |key: &str| Refund {
            key: key.to_owned(),
            amount: None,
            lines: vec![(mug.id, mug.quantity)],
            method: RefundMethod::Original,
            reason: "late".to_owned(),
        };
        // Refused, and sent back by the bank, which knows nothing of what had asked for it.
        for (key, told) in [("c", &[Outcome::Failed][..]), ("d", &[Outcome::Succeeded, Outcome::Failed])] {
            refund(&shop, &busy.ada, busy.sent, &all(key)).await.expect("decided");
            assert!(matches!(refund(&shop, &busy.ada, busy.sent, &all("x")).await, Err(OrderError::TooMuch)));
            let (asked, attempt) = asked(&shop).await;
            for (number, outcome) in told.iter().enumerate() {
                let operation = (number == 0).then_some(asked);
                let told = Fact { operation, ..answer(asked, *outcome, mug.total.amounts.gross) };
                assert!(record(&shop, attempt, &[told], Source::Webhook).await.expect("recorded"));
            }
            shop.deliver_events().await;
            shop.assert_sound().await;
        }
        let order = queries::by_id(shop.db.primary(), busy.sent).await.expect("read").expect("the order");
        let before = refundable(shop.db.primary(), &order).await.expect("read").minor();
        refund(&shop, &busy.ada, busy.sent, &all("e")).await.expect("decided anew");
        operate_due(&shop).await.expect("operated");
        let after = refundable(shop.db.primary(), &order).await.expect("read").minor();
        assert_eq!(before - after, mug.total.amounts.gross);
        assert!(matches!(refund(&shop, &busy.ada, busy.sent, &all("x")).await, Err(OrderError::TooMuch)));
        shop.deliver_events().await;
        shop.assert_sound().await;
    }

    async fn what_comes_back_was_sent(shop: TestShop) {
        let busy = busy(&shop).await;
        let mug = queries::by_id(shop.db.primary(), busy.sent).await.expect("read").expect("the order").lines[0].id;
        let wanted = Wanted { line: mug, quantity: 1, reason: ReturnReason::Damaged, comment: String::new() };
        let new = NewReturn { key: "a".to_owned(), lines: vec![wanted] };
        open_for(&shop, &busy.ada, busy.sent, &new, "").await.expect("opened");
        let of = returns::of_order(shop.db.primary(), busy.sent).await.expect("read")[0].id;
        let word = |key: &str| Word { key: key.to_owned(), note: String::new() };
        let counted = vec![Counted { line: mug, received: 1, resellable: 1 }];
        let arrival = Arrival { location: shop.warehouse().await, counted };
        receive(&shop, &busy.ada, of, &arrival, &word("receive")).await.expect("counted");
        let all = Settlement { method: RefundMethod::Original, deduction: 0 };
        refund_return(&shop, &busy.ada, of, all, &word("refund")).await.expect("decided");
        operate_due(&shop).await.expect("operated");
        shop.deliver_events().await;
        shop.assert_sound().await;
        let come = |pieces: i64| format!("UPDATE return_lines SET quantity = {pieces}, received = {pieces}");
        is_left(&shop, &["returned-pieces"], &come(2), []).await;
        shop.execute(&come(1), []).await;
        shop.force(("return_lines", "ck_return_lines_resellable"), "UPDATE return_lines SET resellable = 2").await;
        stays(&shop, &["returned-pieces"]).await;
        shop.execute("UPDATE return_lines SET resellable = 1", []).await;
        is_left(&shop, &["returns-refunded"], "UPDATE returns SET refund_id = NULL", []).await;
    }

    async fn money_that_nobody_gives_back_is_named(shop: TestShop) {
        let busy = busy(&shop).await;
        cancel_for(&shop, &busy.ada, busy.paid, true, true).await.expect("cancelled");
        shop.deliver_events().await;
        shop.assert_sound().await;
        is_left(&shop, &["money-kept"], "DELETE FROM payment_operations WHERE due_at IS NOT NULL", []).await;
    }

    async fn what_is_due_for_long_is_named(shop: TestShop) {
        let busy = busy(&shop).await;
        let ago = Value::from(shop.clock.now() - chrono::TimeDelta::minutes(11));
        let text = "UPDATE orders SET check_at = $2 WHERE id = $1";
        is_left(&shop, &["awaiting-payment"], text, [busy.waiting.into(), ago.clone()]).await;
        let long_ago = Value::from(shop.clock.now() - chrono::TimeDelta::minutes(131));
        let text = "UPDATE orders SET check_at = $2, pay_by = $3 WHERE id = $1";
        is_left(&shop, &["awaiting-payment"], text, [busy.waiting.into(), shop.clock.now().into(), long_ago]).await;
        let soon = Value::from(shop.clock.now() + chrono::TimeDelta::minutes(9));
        shop.execute("UPDATE orders SET pay_by = $2 WHERE id = $1", [busy.waiting.into(), soon.clone()]).await;
        cancel_for(&shop, &busy.ada, busy.paid, true, true).await.expect("cancelled");
        shop.deliver_events().await;
        let text = "UPDATE payment_operations SET due_at = $1, tries = 1 WHERE due_at IS NOT NULL";
        is_left(&shop, &["operations"], text, [ago.clone()]).await;
        let text = "UPDATE payment_operations SET due_at = $1, tries = 9 WHERE due_at IS NOT NULL";
        is_left(&shop, &["operations"], text, [soon]).await;
        // A gateway that says that it works on it may take its time.
        let (asked, attempt) = asked(&shop).await;
        let told = answer(asked, Outcome::Pending, 100);
        assert!(record(&shop, attempt, &[told], Source::Request).await.expect("recorded"));
        shop.deliver_events().await;
        shop.assert_sound().await;
        let since = Value::from(shop.clock.now() - chrono::TimeDelta::days(15));
        is_left(&shop, &["operations"], "UPDATE payment_events SET created_at = $1 WHERE outcome = 'pending'", [since]).await;
        operate_due(&shop).await.expect("not due");
        let text = "UPDATE payment_operations SET due_at = $1, tries = 0 WHERE due_at IS NOT NULL";
        shop.execute(text, [shop.clock.now().into()]).await;
        operate_due(&shop).await.expect("operated");
        shop.deliver_events().await;
        let text = "INSERT INTO webhook_events (id, gateway, event_id, kind, body, received_at, due_at, tries, outcome)
                    VALUES ($1, 'test', 'e', 'k', '{}', $2, $2, 0, 'waiting')";
        is_left(&shop, &["webhooks"], text, [busy.paid.into(), ago]).await;
    }

    async fn lost_deliveries_are_made_and_others_are_not(shop: TestShop) {
        let busy = busy(&shop).await;
        let last = "event_id = (SELECT id FROM events WHERE aggregate_id = $1 ORDER BY id LIMIT 1)";
        let transfer = [Value::from(busy.transfer)];
        let lost = format!("DELETE FROM event_deliveries WHERE handler = 'second' AND {last}");
        let count = shop.world().second.handled().len();
        is_mended(&shop, &["deliveries"], &lost, transfer.clone()).await;
        shop.deliver_events().await;
        let handled = shop.world().second.handled();
        assert_eq!((handled.len(), handled[count].aggregate), (count + 1, busy.transfer.0));
        let dead = format!("UPDATE event_deliveries SET state = 'dead' WHERE handler = 'first' AND {last}");
        is_left(&shop, &["dead-letters"], &dead, transfer.clone()).await;
        let ago = shop.clock.now() - chrono::TimeDelta::minutes(11);
        let text = format!("UPDATE event_deliveries SET state = 'pending', due_at = $2 WHERE handler = 'first' AND {last}");
        is_left(&shop, &["outbox"], &text, [busy.transfer.into(), ago.into()]).await;
        // Who waits for a server tries again and again, and is never late.
        shop.execute("UPDATE events SET occurred_at = $2 WHERE aggregate_id = $1", [busy.transfer.into(), ago.into()]).await;
        let text = format!(
            "UPDATE event_deliveries SET due_at = $2, error = 'not now: nobody there' WHERE handler = 'first' AND {last}"
        );
        is_left(&shop, &["outbox"], &text, [busy.transfer.into(), shop.clock.now().into()]).await;
        shop.deliver_events().await;
        shop.assert_sound().await;
        // A handler gets nothing from before it was there.
        shop.execute("DELETE FROM event_deliveries WHERE handler = 'second'", []).await;
        shop.assert_sound().await;
    }

    async fn the_first_are_named_and_the_rest_counted(shop: TestShop) {
        busy(&shop).await;
        for number in 0..30 {
            let text = "INSERT INTO webhook_events (id, gateway, event_id, kind, body, received_at, due_at, tries, outcome)
                        VALUES ($1, 'test', $2, 'k', '{}', $3, $3, 0, 'waiting')";
            let ago = shop.clock.now() - chrono::TimeDelta::minutes(11);
            let id = uuid::Uuid::from_u128(number);
            shop.execute(text, [id.into(), format!("e{number}").into(), ago.into()]).await;
        }
        let checked = examine(&shop, false).await.expect("examined");
        let webhooks = checked.iter().find(|check| check.check == "webhooks").expect("a check");
        assert_eq!((webhooks.wrong, webhooks.findings.len()), (30, NAMED));
        assert_eq!(webhooks.findings[0].what, "test e0: k");
    }
}
