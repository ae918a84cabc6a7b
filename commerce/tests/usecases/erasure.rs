//! What the shop knows about somebody: handed out, forgotten, and kept as long as bookkeeping must.

use crate::harness::{Guest, TestShop, contact, password};
use commerce::accounts::address_book::{Entry, save};
use commerce::accounts::{AccountError, Role, SignedIn, Topic, UserId, change_email, erase, export, preferences};
use commerce::cart::drafts::{self, Draft};
use commerce::cart::{account_token, merge};
use commerce::checkout::Step;
use commerce::forms::Fields;
use commerce::money::{Currency, Money};
use commerce::notifications::{Mail, purge, send_mail::send_mail};
use commerce::orders::{Order, anonymise, link, queries};
use commerce::store_credit::{Adjustment, adjust::adjust};
use sea_orm::FromQueryResult;

/// What is searched for: a word that is in nobody else's records.
const MARK: &str = "zuse";

async fn placed(shop: &TestShop, guest: &Guest) -> Order {
    // What is ordered at the same time is in no order.
    shop.wait_seconds(1);
    let contact = marked_contact();
    guest.start().await.expect("started");
    guest.save(commerce::checkout::save_step::StepDone::Address(Box::new(contact))).await.expect("saved");
    for step in [Step::Delivery, Step::Payment] {
        guest.do_step(step).await.expect("done");
    }
    let token = guest.place().await.expect("placed");
    queries::by_access_token(shop.db.primary(), &token.hash()).await.expect("read").expect("the order")
}

fn marked_contact() -> commerce::checkout::Contact {
    let mut contact = contact();
    contact.email = "konrad.zuse@example.org".to_owned();
    contact.phone = "0800 ZUSE".to_owned();
    contact.delivery.name = "Konrad Zuse".to_owned();
    contact.delivery.line1 = "Zusestraße 3".to_owned();
    contact
}

/// Somebody of whom there is something in every table.
async fn known_everywhere(shop: &TestShop) -> (SignedIn, Guest, Vec<Order>) {
    shop.sells("MUG", 1_290, 50).await;
    let mut zuse = shop.member("Konrad.Zuse@example.org").await;
    shop.execute("UPDATE users SET name = 'Konrad Zuse' WHERE id = $1", [zuse.user.into()]).await;
    zuse.name = "Konrad Zuse".to_owned();
    let entry = Entry {
        label: "Zuse KG".to_owned(),
        address: marked_contact().delivery,
        default_delivery: true,
        default_billing: true,
    };
    save::add(shop, zuse.user, &entry).await.expect("kept");
    preferences::choose(shop, zuse.user, &[Topic::News]).await.expect("kept");
    let staff = SignedIn { user: UserId::new(shop.clock.now()), role: Role::Admin, ..zuse.clone() };
    let gift = Adjustment { amount: Money::new(500, Currency::EUR), reason: "Sorry, Mr Zuse".to_owned() };
    adjust(shop, &staff, zuse.user, &gift, "x").await.expect("given");
    change_email::request(shop, &zuse, "zuse.neu@example.org", Some(&password())).await.expect("asked");

    let mut guest = shop.guest();
    guest.add("MUG", 1).await.expect("added");
    let as_guest = placed(shop, &guest).await;
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    merge::merge(shop, guest.token(), zuse.user).await.expect("merged");
    let account = guest.with_token(account_token(shop, zuse.user));
    let in_account = placed(shop, &account).await;

    let mut guest = shop.guest();
    guest.add("MUG", 3).await.expect("added");
    merge::merge(shop, guest.token(), zuse.user).await.expect("merged");
    account.start().await.expect("started");
    account.save(commerce::checkout::save_step::StepDone::Address(Box::new(marked_contact()))).await.expect("saved");
    let draft = Draft { fields: Fields::from([("name".to_owned(), "Konrad Zuse".to_owned())]), ..Draft::default() };
    drafts::keep(shop.db.primary(), guest.token(), "x", &draft, shop.clock.now()).await.expect("kept");

    crate::shipments::send_everything(shop).await;
    for order in [&as_guest, &in_account] {
        crate::return_photos::returning(shop, order, "Konrad Zuse saw it break").await;
    }
    shop.execute("UPDATE return_steps SET note = 'Dear Konrad Zuse'", []).await;

    let mail = |recipient: &str| Mail {
        recipient: recipient.to_owned(),
        subject: "For Zuse".to_owned(),
        text: "Dear Konrad Zuse".to_owned(),
        html: "<p>Dear Konrad Zuse".to_owned(),
    };
    #[derive(FromQueryResult)]
    struct Id {
        id: uuid::Uuid,
    }
    let events: Vec<Id> = shop.rows("SELECT id FROM events WHERE aggregate_id = $1", [zuse.user.into()]).await;
    for event in events {
        let former = mail("zuse.frueher@example.org");
        send_mail(shop, &format!("account:{}", event.id), &former).await.expect("sent");
        send_mail(shop, &format!("account:{}:new", event.id), &mail("zuse.neu@example.org")).await.expect("sent");
    }
    for order in [&as_guest, &in_account] {
        send_mail(shop, &format!("order_confirmation:{}", order.id), &mail(&order.email)).await.expect("sent");
        let text = "UPDATE event_deliveries SET error = 'not sent: Konrad.Zuse@example.org' WHERE aggregate_id = $1";
        shop.execute(text, [order.id.into()]).await;
    }
    send_mail(shop, "x", &mail("KONRAD.zuse@example.org")).await.expect("sent");
    (zuse, guest, vec![as_guest, in_account])
}

/// Every table and column in which the mark is found.
async fn found(shop: &TestShop) -> Vec<String> {
    #[derive(FromQueryResult)]
    struct Column {
        owner: String,
        name: String,
    }
    let text = if shop.is_postgres() {
        "SELECT CAST(table_name AS TEXT) AS owner, CAST(column_name AS TEXT) AS name FROM information_schema.columns
         WHERE table_schema = 'public'"
    } else {
        "SELECT t.name AS owner, c.name AS name FROM sqlite_master t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table'"
    };
    let columns: Vec<Column> = shop.rows(text, []).await;
    assert!(columns.len() > 150, "only {} columns were searched", columns.len());
    let mut found = Vec::new();
    for Column { owner, name } in columns {
        let text = format!("SELECT COUNT(*) AS n FROM {owner} WHERE LOWER(CAST(\"{name}\" AS TEXT)) LIKE '%{MARK}%'");
        if shop.number(&text, []).await > 0 {
            found.push(format!("{owner}.{name}"));
        }
    }
    found.sort();
    found
}

async fn deliver(shop: &TestShop) {
    shop.execute("UPDATE orders SET fulfilment = 'delivered'", []).await;
}

both_databases! {
    async fn nothing_is_left_but_what_bookkeeping_keeps(shop: TestShop) {
        let (zuse, guest, orders) = known_everywhere(&shop).await;
        let before = found(&shop).await;
        for place in ["addresses.address", "checkouts.contact", "email_changes.email", "form_drafts.fields",
                      "mails.recipient", "mails.text", "orders.billing_address", "orders.email", "orders.phone",
                      "users.email", "users.name", "event_deliveries.error", "return_lines.comment", "return_steps.note",
                      "store_credit_entries.reason"] {
            assert!(before.iter().any(|found| found == place), "{place} is not in {before:?}");
        }
        let refused = erase::erase(&shop, &zuse, Some(&password()), guest.token.as_ref()).await;
        assert!(matches!(refused, Err(AccountError::OpenOrders(2))), "{refused:?}");
        assert_eq!(found(&shop).await, before, "nothing has changed");
        deliver(&shop).await;
        let wrong = commerce::accounts::Password::new(Some("not the password")).expect("long enough");
        let refused = erase::erase(&shop, &zuse, Some(&wrong), None).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");

        erase::erase(&shop, &zuse, Some(&password()), guest.token.as_ref()).await.expect("erased");
        assert_eq!(found(&shop).await, ["events.data", "orders.billing_address", "orders.delivery_address"]);
        for table in ["users", "sessions", "verification_tokens", "addresses", "mail_preferences", "mails",
                      "store_credit_entries", "store_credit_balances"] {
            assert_eq!(shop.count(table).await, 0, "{table}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM orders WHERE user_id IS NULL", []).await, 2);
        shop.assert_stock_is_sound().await;
        assert_eq!(shop.stock("MUG").await, (50, 3), "what the cart held is free again");
        for order in orders {
            let kept = queries::by_link(shop.db.primary(), order.id).await.expect("read");
            assert!(kept.is_none(), "no link opens it");
            let access = commerce::checkout::place_order::access_token(&shop, order.id).hash();
            assert!(queries::by_access_token(shop.db.primary(), &access).await.expect("read").is_none());
            assert!(link::open(&shop, &link::link(&shop, order.id, link::View::Whole)).is_some());
        }

        assert_eq!(shop.reported("AccountErased").await.len(), 1, "a last mail");
        erase::purge_farewells(&shop).await.expect("too early");
        assert_eq!(shop.reported("AccountErased").await.len(), 1);
        shop.wait_minutes(24 * 60);
        erase::purge_farewells(&shop).await.expect("purged");
        assert_eq!(found(&shop).await, ["orders.billing_address", "orders.delivery_address"]);

        shop.wait_minutes(12 * 366 * 24 * 60);
        assert_eq!(anonymise::anonymise(&shop).await.expect("anonymised"), 2);
        assert_eq!(anonymise::anonymise(&shop).await.expect("nothing to do"), 0);
        assert_eq!(found(&shop).await, Vec::<String>::new());
        assert_eq!(shop.count("order_lines").await, 2, "what was sold stays");
        assert_eq!(shop.number("SELECT COUNT(*) AS n FROM orders WHERE total > 0", []).await, 2);
    }

    async fn of_two_who_erase_at_once_both_are_told_it_is_done(shop: TestShop) {
        let zuse = shop.member("zuse@example.org").await;
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (shop, zuse) = (shop.clone(), zuse.clone());
                tokio::spawn(async move { erase::erase(&shop, &zuse, Some(&password()), None).await })
            })
            .collect();
        for task in tasks {
            let outcome = task.await.expect("ran");
            // Who came when all was over is nobody any more.
            assert!(matches!(outcome, Ok(()) | Err(AccountError::NotSignedIn)), "{outcome:?}");
        }
        assert_eq!(shop.reported("AccountErased").await.len(), 1);
    }

    async fn erasing_somebody_leaves_everybody_else(shop: TestShop) {
        let (zuse, ..) = known_everywhere(&shop).await;
        deliver(&shop).await;
        let ada = shop.member("ada@example.org").await;
        let entry = Entry { label: String::new(), address: contact().delivery, default_delivery: false, default_billing: false };
        save::add(&shop, ada.user, &entry).await.expect("kept");
        erase::erase(&shop, &zuse, Some(&password()), None).await.expect("erased");
        assert!(shop.is_signed_in(&ada).await);
        assert_eq!((shop.count("users").await, shop.count("addresses").await), (1, 1));
        assert!(!shop.reported("UserRegistered").await.is_empty());
    }

    async fn everything_about_somebody_can_be_had(shop: TestShop) {
        let (zuse, _, orders) = known_everywhere(&shop).await;
        let document = export::export(&shop, &zuse).await.expect("read");
        assert_eq!(document["profile"]["email"], "Konrad.Zuse@example.org");
        assert_eq!(document["addresses"][0]["address"]["line1"], "Zusestraße 3");
        assert_eq!(document["mails_wanted"], serde_json::json!(["news"]));
        assert_eq!(document["email_change"]["email"], "zuse.neu@example.org");
        assert_eq!(document["store_credit"]["balances"][0]["minor"], 500);
        assert_eq!(document["store_credit"]["entries"][0]["reason"], "Sorry, Mr Zuse");
        assert_eq!(document["cart"]["lines"][0]["quantity"], 3);
        assert_eq!(document["cart"]["checkout"]["contact"]["email"], "konrad.zuse@example.org");
        let numbers: Vec<_> = document["orders"].as_array().expect("a list").iter().map(|order| &order["number"]).collect();
        assert_eq!(numbers, [&orders[0].number.to_string(), &orders[1].number.to_string()]);
        assert_eq!(document["orders"][1]["phone"], "0800 ZUSE");
        assert_eq!(document["orders"][1]["lines"][0]["sku"], "MUG");
        let returned = &document["orders"][1]["returns"][0];
        assert_eq!(returned["lines"][0]["comment"], "Konrad Zuse saw it break");
        assert_eq!(returned["steps"][0]["note"], "Dear Konrad Zuse");
        assert_eq!(document["sessions"].as_array().map(Vec::len), Some(1));
        assert!(document["mails"].as_array().is_some_and(|mails| mails.len() >= 3), "{}", document["mails"]);
        let text = document.to_string();
        assert!(!text.contains("argon2"), "no secrets");
        let ada = shop.member("ada@example.org").await;
        let hers = export::export(&shop, &ada).await.expect("read").to_string();
        assert!(!hers.to_lowercase().contains(MARK), "{hers}");
    }

    async fn a_permit_is_for_one_session_and_some_minutes(shop: TestShop) {
        let (ada, eve) = (shop.member("ada@example.org").await, shop.member("eve@example.org").await);
        let elsewhere = shop.sign_in("ada@example.org").await;
        let (until, proof) = export::permit(&shop, &ada);
        assert!(export::is_permitted(&shop, &ada, until, &proof));
        assert!(!export::is_permitted(&shop, &eve, until, &proof));
        assert!(!export::is_permitted(&shop, &elsewhere, until, &proof));
        assert!(!export::is_permitted(&shop, &ada, until + 600, &proof));
        assert!(!export::is_permitted(&shop, &ada, until, ""));
        shop.wait_minutes(10);
        assert!(!export::is_permitted(&shop, &ada, until, &proof));
    }

    async fn old_orders_and_old_mails_are_forgotten_by_themselves(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        let old = placed(&shop, &guest).await;
        let mail = Mail { recipient: old.email.clone(), subject: String::new(), text: String::new(), html: String::new() };
        send_mail(&shop, "old", &mail).await.expect("sent");
        shop.wait_minutes(9 * 365 * 24 * 60);
        assert_eq!(anonymise::anonymise(&shop).await.expect("too early"), 0);
        shop.wait_minutes(3 * 365 * 24 * 60);
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        let new = placed(&shop, &guest).await;
        send_mail(&shop, "new", &mail).await.expect("sent");
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("mails").await, 1);
        assert_eq!(anonymise::anonymise(&shop).await.expect("anonymised"), 1);
        let old = queries::by_id(shop.db.primary(), old.id).await.expect("read").expect("kept");
        assert_eq!((old.email.as_str(), old.phone.as_str()), ("", ""));
        assert_eq!(old.delivery_address.lines(), ["Germany"]);
        let new = queries::by_id(shop.db.primary(), new.id).await.expect("read").expect("kept");
        assert_eq!(new.delivery_address.name, "Konrad Zuse");
    }
}
