//! Orders without an account: found again, and taken into one.

use crate::harness::TestShop;
use commerce::checkout::Step;
use commerce::orders::link::{LOOKUP_MINUTES, MAILED_LINK_DAYS, View, link, open};
use commerce::orders::{Order, claim, lookup, queries};

/// Ada, who has no account, buys a mug.
async fn ordered(shop: &TestShop) -> Order {
    // What is ordered at the same time is in no order.
    shop.wait_seconds(1);
    let mut guest = shop.guest();
    guest.add("MUG", 1).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("checked out");
    let token = guest.place().await.expect("placed");
    queries::by_access_token(shop.db.primary(), &token.hash()).await.expect("read").expect("the order")
}

both_databases! {
    async fn a_link_opens_its_order_for_a_while(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let order = ordered(&shop).await;
        let (whole, masked) = (link(&shop, order.id, View::Whole), link(&shop, order.id, View::Masked));
        assert_eq!(open(&shop, &whole), Some((order.id, View::Whole)));
        assert_eq!(open(&shop, &masked), Some((order.id, View::Masked)));
        for place in 0..whole.len() {
            let mut changed = whole.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'Q' } else { b'A' };
            assert_eq!(open(&shop, &String::from_utf8(changed).expect("text")), None, "at {place}");
        }
        for text in ["", "A", &whole[..whole.len() - 4], &"A".repeat(54), &"A".repeat(10_000), "ä"] {
            assert_eq!(open(&shop, text), None, "{text}");
        }
        let other = shop.replica(|parts| parts.secret = b"of another shop".to_vec()).await;
        assert_eq!(open(&other, &whole), None);
        shop.wait_minutes(LOOKUP_MINUTES);
        assert_eq!(open(&shop, &masked), None);
        assert!(open(&shop, &whole).is_some());
        shop.wait_minutes(MAILED_LINK_DAYS * 24 * 60);
        assert_eq!(open(&shop, &whole), None);
    }

    async fn number_and_address_find_an_order_and_a_miss_tells_nothing(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let order = ordered(&shop).await;
        let number = order.number.to_string();
        let found = lookup::look_up(&shop, &number.to_lowercase().replace('-', " "), "ADA@Example.org").await;
        let found = found.expect("looked up").expect("found");
        assert_eq!(open(&shop, &found), Some((order.id, View::Masked)));
        for (number, email) in [
            (number.as_str(), "eve@example.org"),
            ("E-0000-0000", "ada@example.org"),
            ("nonsense", "ada@example.org"),
            ("' OR 1=1 --", "ada@example.org"),
        ] {
            let (statements, found) = shop.statements(lookup::look_up(&shop, number, email)).await;
            assert_eq!((statements, found.expect("looked up")), (1, None), "{number} {email}");
        }
    }

    async fn who_has_confirmed_an_address_takes_its_orders(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let (first, second) = (ordered(&shop).await, ordered(&shop).await);
        let eve = shop.member("eve@example.org").await;
        assert_eq!(claim::claim(&shop, eve.user).await.expect("nothing to take"), 0);
        let ada = shop.member("ADA@example.org").await;
        assert_eq!(claim::claimable(shop.db.primary(), ada.user).await.expect("counted"), 2);
        assert_eq!(claim::claim(&shop, ada.user).await.expect("taken"), 2);
        assert_eq!(claim::claim(&shop, ada.user).await.expect("asked again"), 0);
        let (orders, _) = queries::of_user(shop.db.primary(), ada.user, None).await.expect("read");
        assert_eq!(orders.iter().map(|order| order.id).collect::<Vec<_>>(), [second.id, first.id]);
        // Somebody who gets the address later does not get the orders of the account.
        shop.execute("UPDATE users SET email = 'x@example.org', email_key = 'x@example.org' WHERE id = $1", [ada.user.into()]).await;
        let other = shop.member("ada@example.org").await;
        assert_eq!(claim::claim(&shop, other.user).await.expect("nothing to take"), 0);
        assert!(queries::own_by_number(shop.db.primary(), other.user, first.number).await.expect("read").is_none());
        assert!(queries::own_by_number(shop.db.primary(), ada.user, first.number).await.expect("read").is_some());
        let found = lookup::look_up(&shop, &first.number.to_string(), "ada@example.org").await;
        assert_eq!(found.expect("looked up"), None, "it is in an account");
    }

    async fn an_unconfirmed_address_takes_nothing(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        ordered(&shop).await;
        let ada = shop.member("ada@example.org").await;
        shop.execute("UPDATE users SET email_verified_at = NULL", []).await;
        assert_eq!(claim::claimable(shop.db.primary(), ada.user).await.expect("counted"), 0);
        assert_eq!(claim::claim(&shop, ada.user).await.expect("nothing to take"), 0);
    }

    async fn of_two_who_take_at_once_one_does(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        ordered(&shop).await;
        let ada = shop.member("ada@example.org").await;
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let shop = shop.clone();
                tokio::spawn(async move { claim::claim(&shop, ada.user).await.expect("asked") })
            })
            .collect();
        let mut taken = 0;
        for task in tasks {
            taken += task.await.expect("ran");
        }
        assert_eq!(taken, 1);
    }
}
