//! Money that no gateway has brought goes back by hand: it counts as sent once staff say so, and before nobody does.

use crate::harness::TestShop;
use crate::order_edits::change;
use crate::order_work::ordered;
use commerce::accounts::SignedIn;
use commerce::money::{Currency, Money};
use commerce::orders::cancel::{OrderError, cancel_for};
use commerce::orders::receive_money::{receive_money, withdraw_money};
use commerce::orders::refund::{Refund, RefundMethod, refund, refundable};
use commerce::orders::send_money::{Transfer, send_money, to_send, to_send_of};
use commerce::orders::{Order, OrderId, Payment, queries};
use commerce::payments::operate::operate_due;
use commerce::payments::record::{Source, record};
use commerce::payments::{Action, Fact, OperationId, Outcome, ledger, pay};
use sea_orm::FromQueryResult;

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

async fn order(shop: &TestShop, id: OrderId) -> Order {
    queries::by_id(shop.db.primary(), id).await.expect("read").expect("the order")
}

/// Staff send everything that waits for them; gives how much that was.
pub async fn send_all(shop: &TestShop, who: &SignedIn) -> usize {
    let (open, more) = to_send(shop, who, None).await.expect("read");
    assert!(!more, "a page has room for all of it");
    for transfer in &open {
        let order = queries::by_number(shop.db.primary(), transfer.order).await.expect("read").expect("the order");
        send_money(shop, who, order.id, transfer.operation).await.expect("sent");
    }
    open.len()
}

/// An order to be paid by this method by hand, of which all the money has come.
async fn paid(shop: &TestShop, who: &SignedIn, method: &str) -> Order {
    let id = ordered(shop, method).await;
    let due = order(shop, id).await.due();
    receive_money(shop, who, id, due, "slip").await.expect("noted");
    order(shop, id).await
}

async fn open(shop: &TestShop, id: OrderId) -> Vec<Transfer> {
    to_send_of(shop, id).await.expect("read")
}

async fn kept(shop: &TestShop, id: OrderId) -> i64 {
    ledger::kept(shop.db.primary(), id).await.expect("read")
}

both_databases! {
    async fn it_is_refunded_once_it_was_sent(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let eve = shop.member("eve@example.org").await;
        for method in ["bank_transfer", "cash_on_delivery"] {
            let paid = paid(&shop, &ada, method).await;
            let part = Refund {
                key: "a".to_owned(),
                amount: Some(euros(500)),
                lines: Vec::new(),
                method: RefundMethod::Original,
                reason: "late".to_owned(),
            };
            refund(&shop, &ada, paid.id, &part).await.expect("decided");
            let before = shop.reported("RefundIssued").await.len();
            for _ in 0..2 {
                assert_eq!(operate_due(&shop).await.expect("nobody is asked"), 0);
                shop.wait_minutes(60);
            }
            let asked = open(&shop, paid.id).await;
            assert_eq!(asked.len(), 1);
            assert_eq!((asked[0].order, asked[0].amount, asked[0].gateway.as_str()), (paid.number, euros(500), method));
            assert_eq!((&asked[0].email, asked[0].since), (&paid.email, shop.clock.now() - chrono::TimeDelta::hours(2)));
            assert_eq!((order(&shop, paid.id).await.payment, kept(&shop, paid.id).await), (Payment::Paid, paid.total.gross));
            let left = refundable(shop.db.primary(), &paid).await.expect("read").minor();
            assert_eq!(left, paid.total.gross - 500, "it can't be decided twice");
            shop.assert_all_is_well().await;
            shop.wait_minutes(60 * 24 * 30);
            shop.assert_all_is_well().await;

            let operation = asked[0].operation;
            assert!(matches!(send_money(&shop, &eve, paid.id, operation).await, Err(OrderError::NotAllowed)));
            assert!(matches!(to_send(&shop, &eve, None).await, Err(OrderError::NotAllowed)));
            let none = OperationId::new(shop.clock.now());
            assert!(matches!(send_money(&shop, &ada, paid.id, none).await, Err(OrderError::NotFound)));
            let other = ordered(&shop, method).await;
            assert!(matches!(send_money(&shop, &ada, other, operation).await, Err(OrderError::NotFound)));
            assert_eq!(kept(&shop, paid.id).await, paid.total.gross);
            let both = tokio::join!(
                send_money(&shop, &ada, paid.id, operation),
                send_money(&shop, &ada, paid.id, operation)
            );
            both.0.and(both.1).expect("sent, and sent already");
            send_money(&shop, &ada, paid.id, operation).await.expect("sent already");
            assert_eq!(order(&shop, paid.id).await.payment, Payment::PartlyRefunded);
            assert_eq!(kept(&shop, paid.id).await, paid.total.gross - 500);
            assert_eq!(shop.reported("RefundIssued").await.len(), before + 1);
            assert_eq!(open(&shop, paid.id).await, []);
            cancel_for(&shop, &ada, other, true, true).await.expect("cancelled");
            shop.assert_all_is_well().await;
        }
        let noted = "SELECT COUNT(*) AS n FROM audit_log WHERE action = 'refund-sent'";
        assert_eq!(shop.number(noted, []).await, 2, "once, like the money");
        let by_staff = "SELECT COUNT(*) AS n FROM payment_events WHERE action = 'refund' AND source = 'staff'";
        assert_eq!(shop.number(by_staff, []).await, 2);
    }

    async fn what_was_paid_for_an_order_that_is_given_up_waits_to_be_sent(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let paid = paid(&shop, &ada, "bank_transfer").await;
        cancel_for(&shop, &ada, paid.id, true, true).await.expect("cancelled");
        operate_due(&shop).await.expect("operated");
        let amounts: Vec<_> = open(&shop, paid.id).await.iter().map(|transfer| transfer.amount).collect();
        assert_eq!((amounts, kept(&shop, paid.id).await), (vec![euros(paid.total.gross)], paid.total.gross));
        shop.assert_all_is_well().await;
        assert_eq!(send_all(&shop, &ada).await, 1);
        assert_eq!((order(&shop, paid.id).await.payment, kept(&shop, paid.id).await), (Payment::Refunded, 0));
        assert_eq!(send_all(&shop, &ada).await, 0);
        shop.assert_all_is_well().await;
    }

    async fn what_was_noted_by_mistake_is_taken_back(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let eve = shop.member("eve@example.org").await;
        let id = ordered(&shop, "bank_transfer").await;
        let due = order(&shop, id).await.due();
        let ten_times = euros(due.minor() * 10);
        receive_money(&shop, &ada, id, ten_times, "slip").await.expect("noted");
        assert_eq!(order(&shop, id).await.payment, Payment::Paid);
        let too_much = open(&shop, id).await.remove(0);
        assert_eq!(too_much.amount, euros(due.minor() * 9));
        let (fact, other) = (format!("{id}:slip"), ordered(&shop, "bank_transfer").await);
        assert!(matches!(withdraw_money(&shop, &eve, id, &fact).await, Err(OrderError::NotAllowed)));
        assert!(matches!(withdraw_money(&shop, &ada, id, "slip").await, Err(OrderError::NotFound)));
        assert!(matches!(withdraw_money(&shop, &ada, other, &fact).await, Err(OrderError::NotFound)));
        let both = tokio::join!(withdraw_money(&shop, &ada, id, &fact), withdraw_money(&shop, &ada, id, &fact));
        both.0.and(both.1).expect("taken back, and taken back already");
        assert_eq!((order(&shop, id).await.payment, kept(&shop, id).await), (Payment::None, 0));
        assert_eq!(open(&shop, id).await, [], "nothing came that could go back");
        let stale = send_money(&shop, &ada, id, too_much.operation).await;
        assert!(matches!(stale, Err(OrderError::TooMuch)), "from a page of before: {stale:?}");
        assert_eq!(kept(&shop, id).await, 0);
        let late = receive_money(&shop, &ada, id, due, "slip").await;
        assert!(matches!(late, Err(OrderError::WrongState)), "the form was sent again: {late:?}");
        assert_eq!(order(&shop, id).await.payment, Payment::None);
        receive_money(&shop, &ada, id, due, "other slip").await.expect("noted");
        assert_eq!((order(&shop, id).await.payment, kept(&shop, id).await), (Payment::Paid, due.minor()));
        assert_eq!(shop.reported("PaymentWithdrawn").await.len(), 1);
        let noted = "SELECT COUNT(*) AS n FROM audit_log WHERE action = 'payment-withdrawn'";
        assert_eq!(shop.number(noted, []).await, 1);
        shop.assert_all_is_well().await;
        // Also where the order was given up meanwhile.
        cancel_for(&shop, &ada, id, true, true).await.expect("cancelled");
        assert_eq!(open(&shop, id).await[0].amount, due);
        withdraw_money(&shop, &ada, id, &format!("{id}:other slip")).await.expect("taken back");
        assert_eq!((open(&shop, id).await, kept(&shop, id).await), (vec![], 0));
        shop.assert_all_is_well().await;
    }

    async fn what_went_back_is_not_taken_for_a_mistake(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let paid = paid(&shop, &ada, "bank_transfer").await;
        let cent = Refund {
            key: "a".to_owned(),
            amount: Some(euros(1)),
            lines: Vec::new(),
            method: RefundMethod::Original,
            reason: "late".to_owned(),
        };
        refund(&shop, &ada, paid.id, &cent).await.expect("decided");
        let fact = format!("{}:slip", paid.id);
        for _ in 0..2 {
            let refused = withdraw_money(&shop, &ada, paid.id, &fact).await;
            assert!(matches!(refused, Err(OrderError::TooMuch)), "{refused:?}");
            send_all(&shop, &ada).await;
        }
        assert_eq!(kept(&shop, paid.id).await, paid.total.gross - 1);
        let by_card = ordered(&shop, "card").await;
        let attempts = ledger::attempts(shop.db.primary(), by_card).await.expect("read");
        for recorded in &attempts[0].entries {
            let refused = withdraw_money(&shop, &ada, by_card, &recorded.entry.fact).await;
            assert!(matches!(refused, Err(OrderError::NotFound)), "its gateway has told it: {refused:?}");
        }
        shop.assert_all_is_well().await;
    }

    async fn what_a_gateway_gave_back_too_much_keeps_nobody_from_taking_a_note_back(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let attempt = ledger::attempts(shop.db.primary(), id).await.expect("read")[0].id;
        let by_themselves = Fact {
            name: "twice".to_owned(),
            action: Action::Refund,
            outcome: Outcome::Succeeded,
            amount: euros(5_000),
            reference: None,
            operation: None,
            reason: None,
        };
        record(&shop, attempt, &[by_themselves], Source::Webhook).await.expect("recorded");
        change(&shop, &ada, id, &[3, 1]).await;
        let before = kept(&shop, id).await;
        assert!(before < 0, "{before}");
        receive_money(&shop, &ada, id, euros(1_001), "slip").await.expect("noted");
        withdraw_money(&shop, &ada, id, &format!("{id}:slip")).await.expect("taken back");
        assert_eq!(kept(&shop, id).await, before);
    }

    async fn what_is_too_much_for_a_while_only_is_not_sent(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let paid = paid(&shop, &ada, "bank_transfer").await;
        change(&shop, &ada, paid.id, &[1, 1]).await;
        let less = open(&shop, paid.id).await;
        assert_eq!(less.iter().map(|transfer| transfer.amount).collect::<Vec<_>>(), [euros(1_001)]);
        shop.wait_seconds(1);
        receive_money(&shop, &ada, paid.id, euros(5), "more").await.expect("noted");
        let both = open(&shop, paid.id).await;
        assert_eq!((both[0].operation, both[1].amount, both.len()), (less[0].operation, euros(5), 2), "one may be under way");
        withdraw_money(&shop, &ada, paid.id, &format!("{}:more", paid.id)).await.expect("taken back");
        assert_eq!(open(&shop, paid.id).await, less);
        change(&shop, &ada, paid.id, &[2, 1]).await;
        assert_eq!(open(&shop, paid.id).await, [], "it costs again what was paid");
        assert_eq!((order(&shop, paid.id).await.payment, kept(&shop, paid.id).await), (Payment::Paid, paid.total.gross));
        shop.assert_all_is_well().await;
        // Somebody had made it already, and notes that late.
        for _ in 0..2 {
            send_money(&shop, &ada, paid.id, less[0].operation).await.expect("sent");
        }
        let now = order(&shop, paid.id).await;
        assert_eq!((now.payment, kept(&shop, paid.id).await), (Payment::PartlyPaid, paid.total.gross - 1_001));
        assert_eq!(pay::owed(shop.db.primary(), &now).await.expect("read"), euros(1_001), "it is missing again");
        shop.assert_all_is_well().await;
    }

    async fn what_a_gateway_has_brought_is_not_for_staff_to_send(shop: TestShop) {
        #[derive(FromQueryResult)]
        struct Asked {
            id: OperationId,
        }
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        change(&shop, &ada, id, &[1, 1]).await;
        assert_eq!(open(&shop, id).await, []);
        let asked: Vec<Asked> = shop.rows("SELECT id FROM payment_operations WHERE due_at IS NOT NULL", []).await;
        assert!(matches!(send_money(&shop, &ada, id, asked[0].id).await, Err(OrderError::WrongState)));
        assert_eq!(operate_due(&shop).await.expect("operated"), 1);
    }

    async fn staff_see_what_is_to_be_sent_page_by_page(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let paid = paid(&shop, &ada, "bank_transfer").await;
        for number in 0..52 {
            let cent = Refund {
                key: number.to_string(),
                amount: Some(euros(1)),
                lines: Vec::new(),
                method: RefundMethod::Original,
                reason: "late".to_owned(),
            };
            refund(&shop, &ada, paid.id, &cent).await.expect("decided");
            shop.wait_seconds(1);
        }
        let (first, more) = to_send(&shop, &ada, None).await.expect("read");
        assert_eq!((first.len(), more), (50, true));
        assert!(first.is_sorted_by_key(|transfer| transfer.since), "the oldest first");
        let (rest, more) = to_send(&shop, &ada, Some(first[49].operation)).await.expect("read");
        assert_eq!((rest.len(), more), (2, false));
        assert!(rest[0].since > first[49].since);
    }
}
