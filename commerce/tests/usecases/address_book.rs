//! The addresses that people keep, and the mails they want.

use crate::harness::TestShop;
use commerce::accounts::address_book::save::{add, change};
use commerce::accounts::address_book::{ADDRESSES_MOST, AddressError, Entry, Saved, queries, remove::remove};
use commerce::accounts::{SignedIn, Topic, change_name, preferences};

fn entry(street: &str) -> Entry {
    let mut address = crate::harness::contact().delivery;
    address.line1 = street.to_owned();
    Entry { label: String::new(), address, default_delivery: false, default_billing: false }
}

async fn book(shop: &TestShop, who: &SignedIn) -> Vec<Saved> {
    queries::of_user(shop.db.primary(), who.user).await.expect("read")
}

/// The streets of the defaults for delivery and for invoices.
async fn defaults(shop: &TestShop, who: &SignedIn) -> (Vec<String>, Vec<String>) {
    let book = book(shop, who).await;
    let streets = |wanted: fn(&Entry) -> bool| {
        book.iter().filter(|saved| wanted(&saved.entry)).map(|saved| saved.entry.address.line1.clone()).collect()
    };
    (streets(|entry| entry.default_delivery), streets(|entry| entry.default_billing))
}

both_databases! {
    async fn addresses_are_kept_changed_and_deleted(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        let home = add(&shop, ada.user, &entry("Torstraße 1")).await.expect("kept");
        let one = (vec!["Torstraße 1".to_owned()], vec!["Torstraße 1".to_owned()]);
        assert_eq!(defaults(&shop, &ada).await, one, "the first is the default for everything");
        let work = Entry { label: "Work".to_owned(), default_billing: true, ..entry("Torstraße 2") };
        let work_id = add(&shop, ada.user, &work).await.expect("kept");
        assert_eq!(defaults(&shop, &ada).await, (vec!["Torstraße 1".to_owned()], vec!["Torstraße 2".to_owned()]));
        let moved = Entry { default_delivery: true, ..entry("Torstraße 3") };
        change(&shop, ada.user, work_id, &moved).await.expect("changed");
        assert_eq!(defaults(&shop, &ada).await, (vec!["Torstraße 3".to_owned()], vec![]));
        assert_eq!(book(&shop, &ada).await[0].entry, moved, "the default comes first");
        remove(&shop, ada.user, home).await.expect("deleted");
        remove(&shop, ada.user, home).await.expect("gone already");
        assert_eq!(book(&shop, &ada).await.len(), 1);
    }

    async fn a_form_sent_twice_keeps_one_address(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (shop, user) = (shop.clone(), ada.user);
                tokio::spawn(async move { add(&shop, user, &entry("Torstraße 1")).await.expect("kept") })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        for task in tasks {
            ids.insert(task.await.expect("ran"));
        }
        assert_eq!((ids.len(), book(&shop, &ada).await.len()), (1, 1));
    }

    async fn nobody_reaches_the_address_of_somebody_else(shop: TestShop) {
        let (ada, eve) = (shop.member("ada@example.org").await, shop.member("eve@example.org").await);
        let id = add(&shop, ada.user, &entry("Torstraße 1")).await.expect("kept");
        assert!(queries::one(shop.db.primary(), eve.user, id).await.expect("read").is_none());
        let refused = change(&shop, eve.user, id, &entry("Elsewhere 5")).await;
        assert!(matches!(refused, Err(AddressError::Unknown)), "{refused:?}");
        remove(&shop, eve.user, id).await.expect("nothing to do");
        assert_eq!(book(&shop, &ada).await[0].entry.address.line1, "Torstraße 1");
        assert!(book(&shop, &eve).await.is_empty());
    }

    async fn a_book_has_an_end(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        for number in 0..ADDRESSES_MOST {
            add(&shop, ada.user, &entry(&format!("Torstraße {number}"))).await.expect("kept");
        }
        let refused = add(&shop, ada.user, &entry("One too many 1")).await;
        assert!(matches!(refused, Err(AddressError::TooMany)), "{refused:?}");
        add(&shop, ada.user, &entry("Torstraße 7")).await.expect("that is there already");
    }

    async fn mails_are_only_for_who_asked(shop: TestShop) {
        let (ada, eve) = (shop.member("ada@example.org").await, shop.member("eve@example.org").await);
        let wanted = async |who: &SignedIn| preferences::wanted(shop.db.primary(), who.user).await.expect("read");
        assert!(wanted(&ada).await.is_empty());
        preferences::choose(&shop, ada.user, &[Topic::News]).await.expect("kept");
        assert_eq!(wanted(&ada).await, [Topic::News]);
        assert!(wanted(&eve).await.is_empty());
        preferences::choose(&shop, ada.user, &[]).await.expect("kept");
        assert!(wanted(&ada).await.is_empty());
    }

    async fn a_name_can_be_another(shop: TestShop) {
        let ada = shop.member("ada@example.org").await;
        change_name::change_name(&shop, &ada, "Ada King").await.expect("changed");
        let contact = commerce::accounts::queries::contact(shop.db.primary(), ada.user).await.expect("read");
        assert_eq!(contact, Some(("ada@example.org".to_owned(), "Ada King".to_owned())));
    }
}
