//! What follows from an order.

use crate::fixture::{Fixture, fill};
use crate::harness::{Place, Server, databases};
use commerce::Shop;
use commerce::accounts::{Password, Registration, create_admin};
use commerce::cart::add_line::{Addition, add_line};
use commerce::catalog::{Found, queries};
use commerce::checkout::place_order::{Agreement, place_order};
use commerce::checkout::save_step::{StepDone, save_step};
use commerce::checkout::{parse_contact, queries as checkouts, start};
use commerce::db::sql;
use commerce::events::dispatch::dispatch_due;
use commerce::orders::queries as orders;
use commerce::payments::record::{Source, record};
use commerce::payments::{Action, Fact, Outcome, ledger};
use commerce::token::Token;
use sea_orm::ConnectionTrait;
use server::startup;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// Buys two shirts by transfer; gives the token of the order's page.
pub async fn buy(shop: &Shop) -> Token {
    buy_by(shop, "bank_transfer").await
}

/// Buys two shirts, to be paid as told; gives the token of the order's page.
pub async fn buy_by(shop: &Shop, method: &str) -> Token {
    let product = queries::product(shop.db.read(), "linen-shirt", shop.prices()).await.expect("read");
    let Found::Here(product) = product else { panic!("there is a product") };
    let shirt = Addition { variation: product.variations[0].id, product_slug: product.slug, quantity: 2 };
    let guest = add_line(shop, &commerce::cart::Holder::Guest(None), &shirt).await.expect("added");
    start::start(shop, &guest, [127, 0, 0, 1].into()).await.expect("begun");
    let fields = [
        ("email", "ada@example.com"),
        ("phone", "030 1234567"),
        ("same", "on"),
        ("billing_same", "on"),
        ("name", "Ada Lovelace"),
        ("country", "DE"),
        ("line1", "Hauptstr. 1"),
        ("line2", ""),
        ("city", "Berlin"),
        ("region", ""),
        ("postal_code", "10115"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let contact = parse_contact(&fields).expect("complete");
    let steps = [
        StepDone::Address(Box::new(contact)),
        StepDone::Delivery { method: "standard".to_owned(), note: String::new() },
        StepDone::Payment(method.to_owned()),
    ];
    for step in steps {
        save_step(shop, &guest, &step).await.expect("kept");
    }
    let checkout = checkouts::checkout(shop, &guest).await.expect("read").expect("under way");
    let agreement = Agreement { cart: checkout.cart.id, total: checkout.totals.total.gross, credit: 0 };
    place_order(shop, &guest, agreement).await.expect("placed").access
}

async fn admin(shop: &Shop, email: &str) {
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    let registration = Registration { name: "Grace".to_owned(), email: email.to_owned(), password };
    create_admin::create_admin(shop, &registration).await.expect("made");
}

async fn number(shop: &Shop, text: &str) -> i64 {
    let db = shop.db.primary();
    let row = db.query_one_raw(sql(db, text, [])).await.expect("read").expect("a row");
    row.try_get("", "number").expect("a number")
}

const MAILS: &str = "SELECT COUNT(*) AS number FROM mails";
const OPEN: &str = "SELECT COUNT(*) AS number FROM event_deliveries WHERE state <> 'done'";
const SOLD: &str = "SELECT CAST(MAX(sold) AS BIGINT) AS number FROM product_listings";

#[tokio::test]
async fn an_order_is_confirmed_by_mail_within_a_moment() {
    for kind in databases() {
        let server = Server::start(kind).await;
        let Fixture { product, .. } = fill(&server.shop).await;
        let token = buy(&server.shop).await;
        let started = Instant::now();
        while number(&server.shop, MAILS).await == 0 || number(&server.shop, OPEN).await > 0 {
            assert!(started.elapsed() < Duration::from_secs(10), "{kind:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let db = server.shop.db.primary();
        let mail =
            db.query_one_raw(sql(db, "SELECT recipient, text FROM mails", [])).await.expect("read").expect("one");
        assert_eq!(mail.try_get::<String>("", "recipient").expect("text"), "ada@example.com");
        let text = mail.try_get::<String>("", "text").expect("text");
        let link = text.split_whitespace().find(|word| word.contains("/orders/view/")).expect("a link");
        let path = link.strip_prefix(&server.origin()).expect("to the shop");
        let order = server.get(path).await;
        assert_eq!((order.status.as_u16(), order.header("cache-control")), (200, "private, no-store"));
        assert!(order.text().contains("Hauptstr. 1"));
        assert_eq!(server.get(&format!("/checkout/confirmation/{}", token.as_str())).await.status, 200);
        assert_eq!(number(&server.shop, SOLD).await, 2, "{product}");
        server.stop().await;
    }
}

#[tokio::test]
async fn an_event_delivered_twice_counts_once() {
    for kind in databases() {
        let place = Place::new(kind).await;
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        fill(shop).await;
        buy(shop).await;
        let deliver = async || while dispatch_due(shop).await.expect("delivered") > 0 {};
        deliver().await;
        // As if the process had died after the handlers' work and before the dispatcher's mark.
        let db = shop.db.primary();
        let again = "UPDATE event_deliveries SET state = 'pending' WHERE handler = 'order_confirmation'";
        db.execute_unprepared(again).await.expect("changed");
        deliver().await;
        assert_eq!((number(shop, MAILS).await, number(shop, SOLD).await, number(shop, OPEN).await), (1, 2, 0));
        // As if two workers had the same delivery.
        let event = "SELECT event_id FROM event_deliveries WHERE handler = 'best_sellers'";
        let row = db.query_one_raw(sql(db, event, [])).await.expect("read").expect("one");
        let event: uuid::Uuid = row.try_get("", "event_id").expect("an identifier");
        let tx = shop.db.begin().await.expect("begun");
        assert!(commerce::events::dispatch::settle(&tx, &[event], "best_sellers").await.expect("asked").is_empty());
        tx.rollback().await.expect("rolled back");
        opened.close().await;
    }
}

#[tokio::test]
async fn orders_that_come_together_are_counted_and_confirmed_each_once() {
    for kind in databases() {
        let place = Place::new(kind).await;
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        fill(shop).await;
        for _ in 0..3 {
            buy(shop).await;
        }
        let deliver = async || while dispatch_due(shop).await.expect("delivered") > 0 {};
        deliver().await;
        assert_eq!((number(shop, MAILS).await, number(shop, SOLD).await, number(shop, OPEN).await), (3, 6, 0));
        // As if a process had died between its handlers' work on all of them and the dispatcher's marks, and one more
        // order had come.
        let db = shop.db.primary();
        let again = "UPDATE event_deliveries SET state = 'pending' WHERE handler = 'order_confirmation'";
        db.execute_unprepared(again).await.expect("changed");
        buy(shop).await;
        deliver().await;
        assert_eq!((number(shop, MAILS).await, number(shop, SOLD).await, number(shop, OPEN).await), (4, 8, 0));
        opened.close().await;
    }
}

#[tokio::test]
async fn staff_are_told_what_gateways_refuse_and_let_go() {
    for kind in databases() {
        let place = Place::new(kind).await;
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        fill(shop).await;
        admin(shop, "grace@example.com").await;
        let token = buy(shop).await;
        let db = shop.db.primary();
        let order = orders::by_access_token(db, &token.hash()).await.expect("read").expect("one");
        let attempt = ledger::attempts(db, order.id).await.expect("read")[0].id;
        let tell = async |action, outcome| {
            let told = Fact {
                name: "told".to_owned(),
                action,
                outcome,
                amount: order.due(),
                reference: None,
                operation: None,
                reason: None,
            };
            record(shop, attempt, &[told], Source::Webhook).await.expect("recorded");
            while dispatch_due(shop).await.expect("delivered") > 0 {}
        };
        let told = async |subject: &str| {
            let text = format!(
                "SELECT COUNT(*) AS number FROM mails WHERE recipient = 'grace@example.com' AND subject LIKE '{subject}: {}%'",
                order.number
            );
            number(shop, &text).await
        };
        tell(Action::Authorise, Outcome::Succeeded).await;
        tell(Action::Capture, Outcome::Failed).await;
        tell(Action::Refund, Outcome::Failed).await;
        tell(Action::Authorise, Outcome::Failed).await;
        assert_eq!(told("Authorisation lapsed").await, 0);
        tell(Action::Void, Outcome::Succeeded).await;
        for subject in ["Payment not taken", "Refund refused", "Authorisation lapsed"] {
            assert_eq!(told(subject).await, 1, "{subject}");
        }
        assert_eq!(told("%").await, 3, "and of nothing else");
        opened.close().await;
    }
}

#[tokio::test]
async fn staff_are_told_what_runs_low_because_it_was_bought() {
    for kind in databases() {
        let place = Place::new(kind).await;
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        fill(shop).await;
        admin(shop, "grace@example.com").await;
        let db = shop.db.primary();
        db.execute_unprepared("UPDATE variations SET low_stock_threshold = 48").await.expect("set");
        let deliver = async || while dispatch_due(shop).await.expect("delivered") > 0 {};
        let told = "SELECT COUNT(*) AS number FROM mails WHERE subject LIKE 'Low stock: LINEN-M%'";
        for expected in [0, 1, 1] {
            buy(shop).await;
            deliver().await;
            assert_eq!(number(shop, told).await, expected, "{kind:?}");
        }
        opened.close().await;
    }
}

/// A mail server that takes nothing for this address.
async fn mail_server(unknown: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (lines, mut answers) = connection.into_split();
                let mut lines = BufReader::new(lines).lines();
                let (mut answer, mut in_mail) = (Some("220 here"), false);
                loop {
                    if let Some(answer) = answer {
                        answers.write_all(format!("{answer}\r\n").as_bytes()).await.expect("connected");
                    }
                    let Ok(Some(line)) = lines.next_line().await else { return };
                    answer = match line.to_uppercase() {
                        _ if in_mail && line != "." => None,
                        command if command.starts_with("RCPT") && line.contains(unknown) => {
                            Some("550 nobody of that name")
                        }
                        command if command == "DATA" => Some("354 go on"),
                        _ => Some("250 well"),
                    };
                    in_mail = (in_mail && line != ".") || answer == Some("354 go on");
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn who_gets_no_mail_keeps_nobody_else_from_being_told_of_trouble() {
    for kind in databases() {
        let mails = mail_server("grace@").await;
        let place = Place::new(kind).await.with("SMTP_URL", &format!("smtp://{mails}"));
        let place = place.with("MAIL_FROM", "shop@example.com");
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        fill(shop).await;
        for email in ["ada@example.com", "grace@example.com", "joan@example.com"] {
            admin(shop, email).await;
        }
        let token = buy(shop).await;
        let db = shop.db.primary();
        let order = orders::by_access_token(db, &token.hash()).await.expect("read").expect("one");
        let refused = Fact {
            name: "told".to_owned(),
            action: Action::Refund,
            outcome: Outcome::Failed,
            amount: order.due(),
            reference: None,
            operation: None,
            reason: None,
        };
        let attempt = ledger::attempts(db, order.id).await.expect("read")[0].id;
        record(shop, attempt, &[refused], Source::Webhook).await.expect("recorded");
        while dispatch_due(shop).await.expect("delivered") > 0 {}
        let of = |sent| format!("SELECT COUNT(*) AS number FROM mails WHERE subject LIKE 'Refund refused%' AND {sent}");
        let counts = [number(shop, &of("sent_at IS NOT NULL")).await, number(shop, &of("sent_at IS NULL")).await];
        assert_eq!(counts, [2, 1], "{kind:?}");
        let open = format!("{OPEN} AND handler = 'payment_alerts' AND attempts > 0");
        assert_eq!(number(shop, &open).await, 1, "it is tried again: {kind:?}");
        opened.close().await;
    }
}
