//! Payments at a gateway that hosts its pages: whatever it tells, how often and in which order, the order's payment is
//! what has happened, and no money stays that should not.

use crate::harness::{Answer, Guest, TestShop};
use crate::order_edits::{change, parcel};
use crate::order_work::ordered;
use commerce::cart::Holder;
use commerce::checkout::change_cart::change_cart;
use commerce::checkout::place_order::{Placed, place_order};
use commerce::checkout::save_step::StepDone;
use commerce::checkout::{CheckoutError, Step};
use commerce::doctor::examine;
use commerce::fulfilment::ship::ship;
use commerce::orders::cancel::{self, OrderError};
use commerce::orders::{Lifecycle, Order, OrderId, Payment, queries};
use commerce::payments::record::{Source, record};
use commerce::payments::test_gateway::Scenario;
use commerce::payments::webhook::{ReceiveError, act_on_due, purge, receive, replay};
use commerce::payments::{Action, Fact, Outcome, TestGateway, WebhookError, ledger, operate, pay, settle};
use commerce::settings::{self, Settings};
use std::collections::BTreeMap;

/// An order that waits for its payment at the test gateway.
struct Waiting {
    shop: TestShop,
    guest: Guest,
    placed: Placed,
    order: OrderId,
}

impl Waiting {
    async fn new(shop: &TestShop) -> Self {
        if shop.count("variations").await == 0 {
            shop.sells("MUG", 1_290, 10).await;
        }
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        guest.save(StepDone::Payment("test".to_owned())).await.expect("chosen");
        let agreement = guest.agreement().await;
        let placed = place_order(shop, guest.token(), agreement).await.expect("placed");
        let order = queries::by_access_token(shop.db.primary(), &placed.access.hash()).await.expect("read");
        let order = order.expect("an order").id;
        Self { shop: shop.clone(), guest, placed, order }
    }

    fn gateway(&self) -> &TestGateway {
        self.shop.test_gateway.as_ref().expect("on offer")
    }

    fn reference(&self) -> String {
        reference(self.placed.pay_at.as_deref().expect("a page to pay at"))
    }

    /// The shopper lets something happen on the gateway's page, and comes back if they are sent.
    async fn play(&self, scenario: Scenario) {
        self.play_at(&self.reference(), scenario).await;
    }

    async fn play_at(&self, reference: &str, scenario: Scenario) {
        let back = self.gateway().play(reference, scenario).await.expect("played").expect("a payment");
        if back.contains("/return?") {
            self.come_back(&back).await;
        }
    }

    async fn come_back(&self, address: &str) {
        let (_, query) = address.split_once('?').expect("parameters");
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let parameters: BTreeMap<_, _> = query.split('&').filter_map(pair).collect();
        let attempt = parameters["attempt"].parse().expect("an attempt");
        assert!(pay::is_return(&self.shop, attempt, &parameters["signature"]));
        let order = pay::returned(&self.shop, "test", attempt, &parameters).await.expect("asked");
        assert_eq!(order, Some(self.order));
    }

    async fn order(&self) -> Order {
        queries::by_id(self.shop.db.primary(), self.order).await.expect("read").expect("the order")
    }

    async fn is(&self, lifecycle: Lifecycle, payment: Payment) {
        let order = self.order().await;
        assert_eq!((order.lifecycle, order.payment), (lifecycle, payment));
    }

    /// What the gateway's own books say it has kept, in minor units.
    async fn charged(&self) -> i64 {
        let text = "SELECT CAST(COALESCE(SUM(captured - refunded), 0) AS BIGINT) AS n FROM test_payments";
        self.shop.number(text, []).await
    }

    /// Lets everything happen that happens by itself within an hour.
    async fn settle(&self) {
        for _ in 0..60 {
            self.shop.wait_seconds(61);
            self.gateway().send_due(&self.shop).await.expect("sent");
            act_on_due(&self.shop).await.expect("acted");
            settle::settle_due(&self.shop).await.expect("settled");
            operate::operate_due(&self.shop).await.expect("operated");
        }
    }

    async fn placed_events(&self) -> i64 {
        self.shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderPlaced'", []).await
    }
}

fn reference(address: &str) -> String {
    address.rsplit('/').next().unwrap_or_default().to_owned()
}

both_databases! {
    async fn whatever_happens_on_the_page_is_known_in_the_end(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        for scenario in Scenario::ALL {
            let waiting = Waiting::new(&shop).await;
            waiting.is(Lifecycle::AwaitingPayment, Payment::None).await;
            let before = waiting.charged().await;
            waiting.play(scenario).await;
            match scenario {
                Scenario::Success | Scenario::WebhookFirst | Scenario::WebhookNever => {
                    waiting.is(Lifecycle::Placed, Payment::Paid).await;
                }
                _ => waiting.is(Lifecycle::AwaitingPayment, Payment::None).await,
            }
            if scenario == Scenario::ThreeDSecure {
                waiting.play(scenario).await;
            }
            waiting.settle().await;
            let order = waiting.order().await;
            let kept = waiting.charged().await - before;
            match scenario {
                Scenario::Decline | Scenario::InsufficientFunds => {
                    waiting.is(Lifecycle::Cancelled, Payment::Voided).await;
                    assert_eq!(kept, 0, "{scenario:?}");
                }
                _ => {
                    waiting.is(Lifecycle::Placed, Payment::Paid).await;
                    assert_eq!(kept, order.total.gross, "{scenario:?}");
                }
            }
        }
        assert_eq!(shop.stock("MUG").await, (100, 12), "two pieces for each order that stands");
        let placed = shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderPlaced'", []).await;
        assert_eq!(placed, 6);
        let failed = shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'PaymentFailed'", []).await;
        assert_eq!(failed, 2);
    }

    async fn a_shopper_who_never_comes_back_has_an_order_all_the_same(shop: TestShop) {
        for scenario in [Scenario::Success, Scenario::WebhookNever] {
            let waiting = Waiting::new(&shop).await;
            waiting.gateway().play(&waiting.reference(), scenario).await.expect("played");
            waiting.is(Lifecycle::AwaitingPayment, Payment::None).await;
            waiting.settle().await;
            waiting.is(Lifecycle::Placed, Payment::Paid).await;
        }
    }

    async fn a_changed_order_is_paid_at_what_it_comes_to_whenever_that_is_taken(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        for when_shipped in [false, true] {
            let settings = Settings { capture_when_shipped: when_shipped, ..Settings::default() };
            settings::queries::save(shop.db.primary(), &settings, shop.clock.now()).await.expect("kept");
            shop.refresh().await.expect("read");
            for pieces in [1, 3] {
                let waiting = Waiting::new(&shop).await;
                let before = waiting.charged().await;
                waiting.play(Scenario::Success).await;
                waiting.settle().await;
                let paid = if when_shipped { Payment::Authorised } else { Payment::Paid };
                waiting.is(Lifecycle::Placed, paid).await;
                let order = change(&shop, &ada, waiting.order, &[pieces]).await;
                let owed = pay::owed(shop.db.primary(), &order).await.expect("read");
                assert_eq!(owed.minor(), if pieces == 3 { 1_290 } else { 0 }, "{when_shipped}");
                if pieces == 3 {
                    let all = parcel(&shop, waiting.order).await;
                    assert!(matches!(ship(&shop, &ada, waiting.order, &all).await, Err(OrderError::Unpaid)));
                    let page = pay::pay(&shop, waiting.order, None).await.expect("asked").expect("a page to pay at");
                    assert_eq!(pay::pay(&shop, waiting.order, None).await.expect("asked"), Some(page.clone()), "clicked twice");
                    // Who pays and never comes back has paid all the same.
                    waiting.gateway().play(&reference(&page), Scenario::WebhookNever).await.expect("played");
                }
                waiting.settle().await;
                waiting.is(Lifecycle::Placed, paid).await;
                let all = parcel(&shop, waiting.order).await;
                ship(&shop, &ada, waiting.order, &all).await.expect("sent");
                waiting.settle().await;
                assert_eq!(waiting.charged().await - before, order.total.gross, "{when_shipped} {pieces}");
                waiting.is(Lifecycle::Placed, Payment::Paid).await;
            }
        }
        shop.assert_ledger_agrees().await;
    }

    async fn who_does_nothing_loses_what_was_held_and_pays_nothing(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        assert_eq!(shop.stock("MUG").await, (10, 2));
        waiting.settle().await;
        waiting.is(Lifecycle::Cancelled, Payment::Voided).await;
        assert_eq!(shop.stock("MUG").await, (10, 0));
        // The gateway's page is still open somewhere.
        waiting.play(Scenario::Success).await;
        assert_eq!(waiting.charged().await, 0, "what was ended can't be paid");
        waiting.settle().await;
        waiting.is(Lifecycle::Cancelled, Payment::Voided).await;
    }

    async fn money_that_comes_too_late_goes_back(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        waiting.gateway().play(&waiting.reference(), Scenario::Success).await.expect("played");
        // Nobody hears of it, and the order is given up by its shopper.
        cancel::cancel_own(&shop, waiting.order).await.expect("cancelled");
        waiting.is(Lifecycle::Cancelled, Payment::None).await;
        assert!(waiting.charged().await > 0);
        waiting.settle().await;
        assert_eq!(waiting.charged().await, 0);
        waiting.is(Lifecycle::Cancelled, Payment::Refunded).await;
        assert_eq!(waiting.placed_events().await, 0);
    }

    async fn paying_twice_gives_the_second_payment_back(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        waiting.play(Scenario::Decline).await;
        shop.wait_seconds(1);
        let again = pay::pay(&shop, waiting.order, None).await.expect("asked").expect("another page");
        assert_ne!(reference(&again), waiting.reference(), "a gateway answers the same to the same key");
        // Both pages are open, and both are paid before the first is ended.
        waiting.play_at(&reference(&again), Scenario::Success).await;
        waiting.play(Scenario::Success).await;
        let total = waiting.order().await.total.gross;
        assert_eq!(waiting.charged().await, 2 * total);
        waiting.settle().await;
        assert_eq!(waiting.charged().await, total);
        waiting.is(Lifecycle::Placed, Payment::Paid).await;
        assert_eq!(waiting.placed_events().await, 1);
    }

    async fn what_may_have_been_taken_before_it_could_be_let_go_is_found_out(shop: TestShop) {
        let settings = Settings { capture_when_shipped: true, ..Settings::default() };
        settings::queries::save(shop.db.primary(), &settings, shop.clock.now()).await.expect("saved");
        shop.refresh().await.expect("read anew");
        shop.world().card.will([Answer::Unavailable]);
        let order = ordered(&shop, "card").await;
        let attempt = ledger::attempts(shop.db.primary(), order).await.expect("read").remove(0);
        let set_aside = Fact {
            name: "hold".to_owned(),
            action: Action::Authorise,
            outcome: Outcome::Succeeded,
            amount: attempt.amount,
            reference: None,
            operation: None,
            reason: None,
        };
        record(&shop, attempt.id, &[set_aside], Source::Webhook).await.expect("recorded");
        cancel::cancel_own(&shop, order).await.expect("cancelled");
        let states = async || {
            let attempts = ledger::attempts(shop.db.primary(), order).await.expect("read");
            let failed = attempts[0].entries.iter().filter(|of| of.entry.outcome == Outcome::Failed).count();
            (failed, attempts[0].state.under_way.len(), attempts[0].state.balance.voided)
        };
        shop.world().card.will_refuse(1);
        shop.world().card.will_be_dark(1);
        operate::operate_due(&shop).await.expect("operated");
        assert_eq!(states().await, (0, 1, false), "nobody knows why it was refused: it is asked for again");
        shop.wait_seconds(121);
        operate::operate_due(&shop).await.expect("operated");
        assert_eq!(states().await, (0, 0, true));
        shop.assert_all_is_well().await;
    }

    async fn a_paid_order_that_is_cancelled_gives_everything_back_once(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        waiting.play(Scenario::Success).await;
        let both = tokio::join!(cancel::cancel_own(&shop, waiting.order), cancel::cancel_own(&shop, waiting.order));
        both.0.and(both.1).expect("cancelled, and cancelled already");
        assert_eq!(shop.stock("MUG").await, (10, 0));
        let (one, two) = tokio::join!(operate::operate_due(&shop), operate::operate_due(&shop));
        one.and(two).expect("operated");
        waiting.settle().await;
        waiting.is(Lifecycle::Cancelled, Payment::Refunded).await;
        assert_eq!(waiting.charged().await, 0);
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'RefundIssued'", []).await, 1);
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM events WHERE kind = 'OrderCancelled'", []).await, 1);
        shop.assert_all_is_well().await;
    }

    async fn another_way_to_pay_ends_the_first(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        let wrong = pay::change_method(&shop, waiting.order, None, "barter").await;
        assert!(matches!(wrong, Err(CheckoutError::UnknownChoice)));
        pay::change_method(&shop, waiting.order, None, "bank_transfer").await.expect("changed");
        waiting.is(Lifecycle::Placed, Payment::None).await;
        assert_eq!(waiting.placed_events().await, 1);
        operate::operate_due(&shop).await.expect("operated");
        waiting.play(Scenario::Success).await;
        assert_eq!(waiting.charged().await, 0, "its page was ended");
        assert!(matches!(
            pay::change_method(&shop, waiting.order, None, "test").await,
            Err(CheckoutError::NotStarted)
        ));
    }

    async fn a_cart_can_be_changed_instead_of_paying(shop: TestShop) {
        let mut waiting = Waiting::new(&shop).await;
        let holder = Holder::Guest(Some(waiting.guest.token().clone()));
        let token = change_cart(&shop, waiting.order, &holder).await.expect("reopened");
        waiting.is(Lifecycle::Cancelled, Payment::None).await;
        assert_eq!(shop.stock("MUG").await, (10, 0));
        waiting.guest = Guest::with(shop.clone(), token.clone());
        assert_eq!(waiting.guest.lines().await, [("MUG".to_owned(), 2)]);
        let again = change_cart(&shop, waiting.order, &Holder::Guest(Some(token))).await;
        assert!(matches!(again, Err(OrderError::WrongState)));
        assert_eq!(waiting.guest.lines().await, [("MUG".to_owned(), 2)], "once");
    }

    async fn what_is_not_signed_changes_nothing(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        waiting.gateway().play(&waiting.reference(), Scenario::WebhookFirst).await.expect("played");
        let body = shop.rows::<Body>("SELECT body FROM test_webhooks", []).await.remove(0).body;
        let now = shop.clock.now();
        let signed = waiting.gateway().sign(&body, now);
        let send = async |body: &str, signature: Option<String>| {
            let header = |name: &str| (name == "emporion-test-signature").then(|| signature.clone()).flatten();
            receive(&shop, "test", &header, body.as_bytes()).await
        };
        let old = waiting.gateway().sign(&body, now - chrono::TimeDelta::seconds(301));
        let others = [
            None,
            Some(String::new()),
            Some("t=1,v1=00".to_owned()),
            Some(signed.replace("v1=", "v0=")),
            Some(old),
            Some(waiting.gateway().sign("{}", now)),
        ];
        for signature in others {
            let refused = send(&body, signature.clone()).await;
            assert!(matches!(refused, Err(ReceiveError::Webhook(WebhookError::Signature))), "{signature:?}");
        }
        for index in 0..body.len() {
            let mut bytes = body.clone().into_bytes();
            bytes[index] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                let refused = send(&changed, Some(signed.clone())).await;
                assert!(matches!(refused, Err(ReceiveError::Webhook(WebhookError::Signature))), "{index}");
            }
        }
        assert!(matches!(
            receive(&shop, "nobody", &|_| None, b"").await,
            Err(ReceiveError::Webhook(WebhookError::Unknown))
        ));
        waiting.is(Lifecycle::AwaitingPayment, Payment::None).await;
        assert_eq!(shop.count("webhook_events").await, 0);
        for _ in 0..3 {
            send(&body, Some(signed.clone())).await.expect("taken, once");
        }
        waiting.is(Lifecycle::Placed, Payment::Paid).await;
        assert_eq!(shop.count("webhook_events").await, 1);
        assert_eq!(waiting.placed_events().await, 1);
    }

    async fn a_payment_that_nobody_knows_is_kept(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        waiting.gateway().play(&waiting.reference(), Scenario::Success).await.expect("played");
        let body = shop.rows::<Body>("SELECT body FROM test_webhooks", []).await.remove(0).body;
        let attempt = shop.number("SELECT COUNT(*) AS n FROM payment_attempts", []).await;
        assert_eq!(attempt, 1);
        let other = commerce::payments::PaymentAttemptId::new(shop.clock.now()).to_string();
        let value: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let body = body.replace(value["attempt"].as_str().expect("an attempt"), &other);
        let signature = waiting.gateway().sign(&body, shop.clock.now());
        let header = |name: &str| (name == "emporion-test-signature").then(|| signature.clone());
        receive(&shop, "test", &header, body.as_bytes()).await.expect("taken");
        for _ in 0..20 {
            shop.wait_minutes(400);
            act_on_due(&shop).await.expect("acted");
        }
        let kept = "SELECT COUNT(*) AS n FROM webhook_events WHERE outcome = 'unmatched' AND due_at IS NULL";
        assert_eq!(shop.number(kept, []).await, 1);
        let named = replay::unused(shop.db.primary()).await.expect("read");
        assert_eq!(named.iter().map(|one| one.outcome.as_str()).collect::<Vec<_>>(), ["unmatched"]);
    }

    async fn what_nobody_could_use_is_named_and_tried_again(shop: TestShop) {
        let waiting = Waiting::new(&shop).await;
        waiting.gateway().play(&waiting.reference(), Scenario::WebhookFirst).await.expect("played");
        let body = shop.rows::<Body>("SELECT body FROM test_webhooks", []).await.remove(0).body;
        for (gateway, body) in [("test", "{"), ("gone", "{}")] {
            let text = "INSERT INTO webhook_events
                        (id, gateway, event_id, kind, body, received_at, due_at, tries, outcome)
                        VALUES ($1, $2, 'e', 'k', $3, $4, $4, 0, 'waiting')";
            let now = shop.clock.now();
            let id = commerce::payments::WebhookId::new(now);
            shop.execute(text, [id.into(), gateway.into(), body.into(), now.into()]).await;
        }
        let outcomes = async || {
            let unused = replay::unused(shop.db.primary()).await.expect("read");
            unused.into_iter().map(|one| one.outcome).collect::<Vec<_>>()
        };
        let named = async || {
            let checked = examine(&shop, false).await.expect("examined");
            checked.iter().find(|check| check.check == "webhooks-used").expect("a check").wrong
        };
        let act = async || {
            let acted = act_on_due(&shop).await.expect("acted");
            shop.wait_minutes(400);
            acted
        };
        for _ in 0..7 {
            assert_eq!(act().await, 2);
        }
        assert_eq!((outcomes().await.len(), named().await), (0, 0), "another replica may read them");
        act().await;
        assert_eq!((outcomes().await, named().await), (vec!["waiting".to_owned(); 2], 2));
        act().await;
        act().await;
        assert_eq!((outcomes().await, named().await), (vec!["unreadable".to_owned(); 2], 2));
        assert_eq!(act().await, 0, "not for ever");
        shop.execute("UPDATE webhook_events SET body = $1 WHERE gateway = 'test'", [body.into()]).await;
        for tried in [2, 0] {
            assert_eq!(replay::replay_from_command_line(&shop).await.expect("tried again"), tried);
        }
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM audit_log WHERE action = 'webhooks-replayed'", []).await, 1);
        assert_eq!(act().await, 2);
        waiting.is(Lifecycle::Placed, Payment::Paid).await;
        assert_eq!((outcomes().await.len(), named().await), (0, 0));
        // Names and addresses are in it.
        shop.wait_minutes(85 * 24 * 60);
        assert_eq!(purge::purge(&shop).await.expect("purged"), 0);
        shop.wait_minutes(5 * 24 * 60);
        assert_eq!(purge::purge(&shop).await.expect("purged"), 1);
        assert_eq!(shop.count("webhook_events").await, 1, "what waits is kept");
    }
}

#[derive(sea_orm::FromQueryResult)]
struct Body {
    body: String,
}
