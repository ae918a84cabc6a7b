//! Ways to pay that gateways keep for people: saved on the gateway's page, offered there again, and forgotten.

use crate::harness::{Guest, TestShop, password};
use commerce::accounts::{SignedIn, erase, export};
use commerce::checkout::place_order::place_order;
use commerce::checkout::save_step::StepDone;
use commerce::orders::{OrderId, cancel::cancel_own};
use commerce::payments::saved::{SavedMethod, forget, keep::keep, queries};
use commerce::payments::test_gateway::{Scenario, TestPayment};
use commerce::payments::{self, PaymentAttemptId, TestGateway, settle};
use sea_orm::FromQueryResult;

fn gateway(shop: &TestShop) -> &TestGateway {
    shop.test_gateway.as_ref().expect("on offer")
}

/// Places an order that is paid at the test gateway; gives its payment as the gateway's page shows it.
async fn at_the_gateway(shop: &TestShop, cart: &Guest) -> TestPayment {
    let placed = place_order(shop, cart.token(), cart.agreement().await).await.expect("placed");
    let page = placed.pay_at.expect("a page to pay at");
    let reference = page.rsplit('/').next().expect("a reference");
    gateway(shop).payment(reference).await.expect("read").expect("a payment")
}

async fn to_pay(shop: &TestShop, who: &SignedIn) -> TestPayment {
    let cart = crate::store_credit::reviewed(shop, who, StepDone::Payment("test".to_owned())).await;
    at_the_gateway(shop, &cart).await
}

/// Pays, has the card remembered or not, and lets the shop find out; gives the order.
async fn pay(shop: &TestShop, payment: &TestPayment, remember: bool) -> OrderId {
    if remember {
        gateway(shop).remember(&payment.reference).await.expect("asked");
    }
    gateway(shop).play(&payment.reference, Scenario::Success).await.expect("played");
    shop.wait_minutes(2);
    settle::settle_due(shop).await.expect("settled");
    notice(shop).await
}

/// What the worker does with what was reported of the last payment.
async fn notice(shop: &TestShop) -> OrderId {
    let paid = shop.reported("PaymentProcessed").await.pop().expect("a payment");
    let (order, attempt): (OrderId, PaymentAttemptId) = (
        serde_json::from_value(paid["order"].clone()).expect("an order"),
        serde_json::from_value(paid["attempt"].clone()).expect("an attempt"),
    );
    keep(shop, order, "test", attempt).await.expect("noted");
    order
}

async fn saved(shop: &TestShop, who: &SignedIn) -> Vec<SavedMethod> {
    queries::of_user(shop.db.primary(), who.user).await.expect("read")
}

#[derive(FromQueryResult)]
struct Made {
    id: OrderId,
}

#[derive(FromQueryResult)]
struct Sealed {
    token: String,
    reference: String,
}

both_databases! {
    async fn a_card_is_saved_once_and_offered_to_its_owner_again(shop: TestShop) {
        let (eve, ada) = (shop.member("eve@example.org").await, shop.member("ada@example.org").await);
        let first = to_pay(&shop, &eve).await;
        assert!(first.can_remember && first.cards.is_empty());
        pay(&shop, &first, false).await;
        assert_eq!(saved(&shop, &eve).await, [], "nobody asked for it");
        assert_eq!(shop.count("payment_customers").await, 0);

        pay(&shop, &to_pay(&shop, &eve).await, true).await;
        let methods = saved(&shop, &eve).await;
        let names: Vec<_> = methods.iter().map(|method| method.label.name()).collect();
        assert_eq!((names.as_slice(), methods[0].gateway.as_str()), (&["Test card •••• 4242".to_owned()][..], "test"));
        assert!(methods[0].label.expires.is_some());
        notice(&shop).await;
        assert_eq!(saved(&shop, &eve).await, methods, "told twice, it is one");
        let text = "SELECT m.token, c.reference FROM saved_payment_methods m
                    JOIN payment_customers c ON c.id = m.customer_id";
        let sealed: Vec<Sealed> = shop.rows(text, []).await;
        assert!(sealed.iter().all(|row| !row.token.contains("card") && !row.reference.contains("customer")), "sealed");

        let again = to_pay(&shop, &eve).await;
        assert_eq!(again.cards, names, "it is offered at the gateway");
        pay(&shop, &again, false).await;
        assert_eq!((saved(&shop, &eve).await, shop.count("payment_customers").await), (methods, 1));
        assert!(to_pay(&shop, &ada).await.cards.is_empty(), "to nobody else");
        assert_eq!(saved(&shop, &ada).await, []);
        let document = export::export(&shop, &eve).await.expect("exported");
        assert_eq!(document["payment_methods"][0]["last_four"], "4242");
    }

    async fn of_guests_nothing_is_kept(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.checkout_to(commerce::checkout::Step::Review).await.expect("reviewed");
        guest.save(StepDone::Payment("test".to_owned())).await.expect("chosen");
        let payment = at_the_gateway(&shop, &guest).await;
        assert!(!payment.can_remember);
        pay(&shop, &payment, true).await;
        assert_eq!((shop.count("payment_customers").await, shop.count("test_cards").await), (0, 0));
    }

    async fn a_link_to_an_order_does_not_pay_with_what_is_kept_for_its_owner(shop: TestShop) {
        let (eve, ada) = (shop.member("eve@example.org").await, shop.member("ada@example.org").await);
        pay(&shop, &to_pay(&shop, &eve).await, true).await;
        shop.wait_seconds(1);
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.checkout_to(commerce::checkout::Step::Review).await.expect("reviewed");
        guest.save(StepDone::Payment("test".to_owned())).await.expect("chosen");
        let agreement = guest.agreement().await;
        at_the_gateway(&shop, &guest).await;
        let order: Vec<Made> = shop.rows("SELECT id FROM orders WHERE user_id IS NULL", []).await;
        let order = order[0].id;
        shop.execute("UPDATE orders SET user_id = $1 WHERE user_id IS NULL", [eve.user.into()]).await;
        let offered = async |payer| {
            shop.wait_seconds(1);
            let page = payments::pay::pay(&shop, order, payer).await.expect("asked").expect("a page");
            let reference = page.rsplit('/').next().expect("a reference").to_owned();
            gateway(&shop).payment(&reference).await.expect("read").expect("a payment").cards
        };
        assert!(offered(None).await.is_empty() && offered(Some(ada.user)).await.is_empty());
        assert_eq!(offered(Some(eve.user)).await.len(), 1, "its owner pays as ever");
        assert!(offered(None).await.is_empty(), "and whoever has the link does not go on there");
        let again = place_order(&shop, guest.token(), agreement).await.expect("the same form again");
        let page = again.pay_at.expect("a page");
        let reference = page.rsplit('/').next().expect("a reference");
        let payment = gateway(&shop).payment(reference).await.expect("read").expect("a payment");
        assert!(payment.cards.is_empty(), "nor does whoever has placed it");
    }

    async fn what_its_owner_removes_is_forgotten_at_the_gateway(shop: TestShop) {
        let (eve, ada) = (shop.member("eve@example.org").await, shop.member("ada@example.org").await);
        pay(&shop, &to_pay(&shop, &eve).await, true).await;
        let method = saved(&shop, &eve).await[0].id;
        assert!(!forget::remove(&shop, ada.user, method).await.expect("asked"), "it is not theirs");
        assert_eq!(saved(&shop, &eve).await.len(), 1);
        assert!(forget::remove(&shop, eve.user, method).await.expect("removed"));
        assert!(!forget::remove(&shop, eve.user, method).await.expect("removed before"));
        assert_eq!((saved(&shop, &eve).await, shop.count("test_cards").await), (vec![], 1));
        // It is asked for until the gateway has done it.
        shop.execute("ALTER TABLE test_cards RENAME TO test_cards_away", []).await;
        forget::forget_due(&shop).await.expect("asked");
        shop.execute("ALTER TABLE test_cards_away RENAME TO test_cards", []).await;
        assert_eq!((shop.count("payment_forgets").await, forget::forget_due(&shop).await.expect("nothing due")), (1, 0));
        shop.wait_minutes(2);
        forget::forget_due(&shop).await.expect("asked again");
        assert_eq!((shop.count("payment_forgets").await, shop.count("test_cards").await), (0, 0));
        assert!(to_pay(&shop, &eve).await.cards.is_empty());
    }

    async fn whoever_is_erased_is_forgotten_everywhere(shop: TestShop) {
        let eve = shop.member("eve@example.org").await;
        let order = pay(&shop, &to_pay(&shop, &eve).await, true).await;
        cancel_own(&shop, order).await.expect("cancelled");
        erase::erase(&shop, &eve, Some(&password()), None).await.expect("erased");
        assert_eq!((shop.count("payment_customers").await, shop.count("saved_payment_methods").await), (0, 0));
        assert_eq!(shop.count("test_cards").await, 1, "not yet");
        forget::forget_due(&shop).await.expect("asked");
        assert_eq!((shop.count("payment_forgets").await, shop.count("test_cards").await), (0, 0));
    }
}
