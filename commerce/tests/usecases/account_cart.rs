//! The cart of an account: the same on every device, and what a guest had comes along.

use crate::harness::{Guest, TestShop};
use commerce::accounts::{Device, Password, Registration, UserId, VerificationId, link_token, register, verify_email};
use commerce::cart::add_line::{Addition, add_line};
use commerce::cart::merge::{Lowered, merge};
use commerce::cart::{Cart, Holder, account_token, purge, queries};
use commerce::checkout::Step;
use commerce::orders;
use sea_orm::FromQueryResult;

/// Somebody whose address is confirmed.
async fn member(shop: &TestShop, email: &str) -> UserId {
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    let registration = Registration { name: "Ada".to_owned(), email: email.to_owned(), password: password.clone() };
    register::register(shop, &registration).await.expect("registered");
    #[derive(FromQueryResult)]
    struct Mailed {
        id: VerificationId,
        user_id: UserId,
    }
    let text = "SELECT t.id, t.user_id FROM verification_tokens t JOIN users u ON u.id = t.user_id WHERE u.email = $1";
    let mailed = shop.rows::<Mailed>(text, [email.into()]).await.pop().expect("a link");
    let link = link_token(shop, mailed.id);
    verify_email::verify_email(shop, &link, &password, &Device::default()).await.expect("confirmed");
    mailed.user_id
}

async fn add(shop: &TestShop, user: UserId, sku: &str, quantity: i32) {
    let (variation, product_slug) = shop.variation(sku).await;
    shop.clock.advance(chrono::TimeDelta::microseconds(1));
    let addition = Addition { variation, product_slug, quantity };
    add_line(shop, &Holder::Account(user), &addition).await.expect("added");
}

async fn cart(shop: &TestShop, user: UserId) -> Option<Cart> {
    let token = account_token(shop, user).hash();
    queries::by_token(shop.db.primary(), &token).await.expect("the statement runs")
}

async fn quantities(shop: &TestShop, user: UserId) -> Vec<(String, i32)> {
    let lines = cart(shop, user).await.map(|cart| cart.lines).unwrap_or_default();
    lines.into_iter().map(|line| (line.sku, line.quantity)).collect()
}

fn as_owned(lines: &[(&str, i32)]) -> Vec<(String, i32)> {
    lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity)).collect()
}

async fn merged(shop: &TestShop, guest: &Guest, user: UserId) -> Option<Vec<Lowered>> {
    let outcome = merge(shop, guest.token(), user).await.expect("merged");
    shop.assert_stock_is_sound().await;
    outcome
}

both_databases! {
    async fn every_device_has_the_same_cart(shop: TestShop) {
        shop.sells("MUG", 1_290, 50).await;
        let (ada, eve) = (member(&shop, "ada@example.org").await, member(&shop, "eve@example.org").await);
        let devices = (0..8).map(|_| {
            let shop = shop.clone();
            tokio::spawn(async move { add(&shop, ada, "MUG", 1).await })
        });
        for device in devices.collect::<Vec<_>>() {
            device.await.expect("added");
        }
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 8)]), "made once, however many begin");
        assert!(cart(&shop, eve).await.is_none());
        shop.wait_minutes(40 * 24 * 60);
        purge::purge(&shop).await.expect("purged");
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 8)]), "it waits for its owner");
    }

    async fn a_guests_cart_becomes_the_first_of_an_account_with_what_it_holds(shop: TestShop) {
        shop.sells("MUG", 1_290, 5).await;
        let ada = member(&shop, "ada@example.org").await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.start().await.expect("started");
        assert_eq!(merged(&shop, &guest, ada).await, Some(vec![]));
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 2)]));
        assert_eq!(shop.stock("MUG").await, (5, 2), "what was held is held");
        assert_eq!(merged(&shop, &guest, ada).await, None, "once");
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 2)]));
    }

    async fn quantities_are_summed_and_clamped_and_nothing_is_lost(shop: TestShop) {
        for (sku, stock) in [("MUG", 5), ("BOWL", 200), ("CUP", 3), ("JUG", 9)] {
            shop.sells(sku, 1_290, stock).await;
        }
        let ada = member(&shop, "ada@example.org").await;
        for (sku, quantity) in [("MUG", 3), ("BOWL", 60), ("JUG", 1)] {
            add(&shop, ada, sku, quantity).await;
        }
        let mut guest = shop.guest();
        for (sku, quantity) in [("MUG", 4), ("BOWL", 70), ("CUP", 2)] {
            guest.add(sku, quantity).await.expect("added");
        }
        guest.start().await.expect("started");
        assert_eq!(shop.stock("MUG").await, (5, 4));
        let mut lowered = merged(&shop, &guest, ada).await.expect("there was something");
        lowered.sort_by_key(|line| line.wanted);
        let expected = [("MUG", 7), ("BOWL", 130)];
        let wanted: Vec<_> = lowered.iter().map(|line| (line.variation, line.wanted)).collect();
        let mut known = Vec::new();
        for (sku, wanted) in expected {
            known.push((shop.variation(sku).await.0, wanted));
        }
        assert_eq!(wanted, known, "and the shopper can be told");
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 5), ("BOWL", 100), ("JUG", 1), ("CUP", 2)]));
        assert_eq!(shop.stock("MUG").await, (5, 0), "the guest holds nothing any more");
        let left = queries::by_token(shop.db.primary(), &guest.token().hash()).await.expect("read");
        assert!(left.is_none(), "the guest's token opens nothing any more");
    }

    async fn what_is_sold_out_stays_as_a_line_that_says_so(shop: TestShop) {
        shop.sells("MUG", 1_290, 2).await;
        shop.sells("BOWL", 1_290, 2).await;
        let ada = member(&shop, "ada@example.org").await;
        add(&shop, ada, "BOWL", 1).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        let mut faster = shop.guest();
        faster.add("MUG", 2).await.expect("added");
        faster.start().await.expect("held");
        let lowered = merged(&shop, &guest, ada).await.expect("there was something");
        assert_eq!(lowered.len(), 1);
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("BOWL", 1), ("MUG", 1)]));
        assert!(!cart(&shop, ada).await.expect("a cart").can_check_out());
    }

    async fn two_sign_ins_at_once_merge_once(shop: TestShop) {
        shop.sells("MUG", 1_290, 50).await;
        let ada = member(&shop, "ada@example.org").await;
        add(&shop, ada, "MUG", 1).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        let sign_in = || {
            let (shop, guest) = (shop.clone(), guest.clone());
            tokio::spawn(async move { merge(&shop, guest.token(), ada).await.expect("merged").is_some() })
        };
        let (one, other) = (sign_in(), sign_in());
        assert!(one.await.expect("ran") != other.await.expect("ran"), "one of them finds it");
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 3)]));
    }

    async fn an_order_belongs_to_who_placed_it(shop: TestShop) {
        shop.sells("MUG", 1_290, 50).await;
        let (ada, eve) = (member(&shop, "ada@example.org").await, member(&shop, "eve@example.org").await);
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        merged(&shop, &guest, ada).await.expect("there was something");
        let signed_in = guest.with_token(account_token(&shop, ada));
        signed_in.start().await.expect("started");
        for step in [Step::Address, Step::Delivery, Step::Payment] {
            signed_in.do_step(step).await.expect("done");
        }
        signed_in.place().await.expect("placed");
        let db = shop.db.primary();
        let (orders, more) = orders::queries::of_user(db, ada, None).await.expect("read");
        assert_eq!((orders.len(), more), (1, false));
        assert!(orders::queries::of_user(db, ada, Some(orders[0].id)).await.expect("read").0.is_empty());
        assert!(orders::queries::of_user(db, eve, None).await.expect("read").0.is_empty());
        add(&shop, ada, "MUG", 2).await;
        assert_eq!(quantities(&shop, ada).await, as_owned(&[("MUG", 2)]), "a new cart begins");
    }
}
