//! Invoices and packing slips: as pages and as files, for who may see the order.

use crate::harness::{Answer, Kind, Server, databases};
use crate::workers::buy;
use commerce::accounts::{Device, Password, Registration, create_admin, sign_in};
use commerce::fulfilment::insert_shipment::{NewShipment, insert_shipment};
use commerce::fulfilment::{ShipmentLine, queries};
use commerce::inventory::LocationId;
use commerce::money::Money;
use commerce::orders::link::{View, link};
use commerce::orders::{Order, queries as orders};
use commerce::payments::record::{Source, record};
use commerce::payments::{Action, Fact, Outcome, ledger};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sea_orm::ConnectionTrait;

async fn page(server: &Server, path: &str, cookie: &str) -> Answer {
    server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await
}

fn text_of(answer: &Answer, name: &str) -> String {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/pdf"));
    assert_eq!(answer.header("content-disposition"), format!("inline; filename=\"{name}.pdf\""));
    assert_eq!(answer.header("cache-control"), "private, no-store");
    pdf_extract::extract_text_from_mem(&answer.body).expect("a PDF with text")
}

/// Sends everything of an order in one parcel with a label.
async fn send(server: &Server, order: &Order) {
    let shop = &server.shop;
    let file = "labels/test";
    shop.files.put(&Path::from(file), "%PDF a label".into()).await.expect("kept");
    let lines = queries::ordered_by_line(shop.db.primary(), order.id).await.expect("read");
    let row =
        shop.db.primary().query_one_raw(commerce::db::sql(shop.db.primary(), "SELECT id FROM locations", [])).await;
    let location: LocationId = row.expect("read").expect("a location").try_get("", "id").expect("its identifier");
    let new = NewShipment {
        order: order.id,
        location,
        carrier: "dhl".to_owned(),
        service: None,
        tracking_number: Some("JD01460000".to_owned()),
        tracking_url: None,
        label_file: Some(file.to_owned()),
        carrier_reference: None,
        idempotency_key: order.id.to_string(),
        shipped_at: shop.clock.now(),
        lines: lines.into_iter().map(|(line, quantity)| ShipmentLine { line, quantity }).collect(),
    };
    let tx = shop.db.begin().await.expect("begun");
    insert_shipment(&tx, new, shop.clock.now()).await.expect("inserted");
    tx.commit().await.expect("committed");
}

pub async fn staff(server: &Server) -> String {
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    let (name, email) = ("Grace".to_owned(), "grace@example.com".to_owned());
    let registration = Registration { name, email: email.clone(), password: password.clone() };
    create_admin::create_admin(&server.shop, &registration).await.expect("made");
    let signed = sign_in::sign_in(&server.shop, &email, &password, &Device::default()).await.expect("signed in");
    format!("session={}", signed.session().expect("no second factor").as_str())
}

#[tokio::test]
async fn who_may_see_an_order_gets_its_invoice() {
    for kind in databases() {
        let server = Server::start(kind).await;
        crate::fixture::fill(&server.shop).await;
        let token = buy(&server.shop).await;
        let order = orders::by_access_token(server.shop.db.primary(), &token.hash()).await.expect("read").expect("one");
        let total = order.to_pay().to_string();
        let whole = link(&server.shop, order.id, View::Whole);
        let ways = [format!("/checkout/confirmation/{}", token.as_str()), format!("/orders/view/{whole}")];
        for way in &ways {
            let order_page = page(&server, way, "theme=dark").await;
            assert!(order_page.text().contains(&format!("href=\"{way}/invoice\"")), "the order leads to its invoice");
            let shown = page(&server, &format!("{way}/invoice"), "theme=dark").await;
            assert_eq!(shown.status, 200, "{way}");
            let text = shown.text();
            for part in
                ["Invoice INV-000001", "Ada Lovelace", "Emporion GmbH", "DE000000000", &total, "Still to be paid"]
            {
                assert!(text.contains(part), "{part} is not in {text}");
            }
            assert!(text.contains(&format!("href=\"{way}/invoice.pdf\"")), "{text}");
            let file = text_of(&server.get(&format!("{way}/invoice.pdf")).await, "invoice-inv-000001");
            for part in ["Invoice INV-000001", "Ada Lovelace", "Hauptstr. 1", "DE000000000", &total] {
                assert!(file.contains(part), "{part} is not in {file}");
            }
        }
        let masked = link(&server.shop, order.id, View::Masked);
        for path in
            ["/orders/view/AAAA", &format!("/orders/view/{masked}"), "/checkout/confirmation/AAAAAAAAAAAAAAAAAAAAAA"]
        {
            for end in ["invoice", "invoice.pdf"] {
                let answer = page(&server, &format!("{path}/{end}"), "theme=dark").await;
                assert_eq!(answer.status, 404, "{path}/{end}");
                assert!(!answer.text().contains("Lovelace"), "{path}/{end}");
            }
        }
        server.stop().await;
    }
}

/// What a gateway tells of this much of an order.
async fn told(server: &Server, order: &Order, action: Action, minor: i64) {
    let attempts = ledger::attempts(server.shop.db.primary(), order.id).await.expect("read");
    let fact = Fact {
        name: format!("{action:?}"),
        action,
        outcome: Outcome::Succeeded,
        amount: Money::new(minor, order.currency),
        reference: None,
        operation: None,
        reason: None,
    };
    assert!(record(&server.shop, attempts[0].id, &[fact], Source::Webhook).await.expect("recorded"));
}

#[tokio::test]
async fn an_invoice_asks_for_no_money_that_is_not_owed() {
    for kind in databases() {
        let server = Server::start(kind).await;
        crate::fixture::fill(&server.shop).await;
        let db = server.shop.db.primary();
        let mut sheets = Vec::new();
        for action in [Action::Authorise, Action::Capture] {
            let token = buy(&server.shop).await;
            let order = orders::by_access_token(db, &token.hash()).await.expect("read").expect("one");
            // What is set aside is to wait until something is sent.
            db.execute_unprepared("UPDATE payment_attempts SET capture_later = TRUE").await.expect("changed");
            let path = format!("/checkout/confirmation/{}/invoice", token.as_str());
            let before = page(&server, &path, "theme=dark").await;
            assert!(before.text().contains("Please transfer €102.90"), "{}", before.text());
            told(&server, &order, action, order.total.gross).await;
            if action == Action::Capture {
                told(&server, &order, Action::Refund, 1_000).await;
            }
            let number = sheets.len() + 1;
            let file = server.get(&format!("{path}.pdf")).await;
            sheets.push(text_of(&file, &format!("invoice-inv-{number:06}")));
        }
        for (sheet, parts, absent) in [
            (&sheets[0], ["Set aside", "Still to be paid", "€0.00"], "Given back"),
            (&sheets[1], ["Given back", "€10.00", "€0.00"], "Set aside"),
        ] {
            for part in parts {
                assert!(sheet.contains(part), "{part} is not in {sheet}");
            }
            assert!(!sheet.contains(absent) && !sheet.contains("Please transfer"), "{sheet}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn staff_get_what_goes_into_a_parcel_and_onto_it() {
    let server = Server::start(Kind::Sqlite).await;
    crate::fixture::fill(&server.shop).await;
    let token = buy(&server.shop).await;
    let order = orders::by_access_token(server.shop.db.primary(), &token.hash()).await.expect("read").expect("one");
    send(&server, &order).await;
    let cookie = staff(&server).await;
    let below = format!("/admin/orders/{}", order.number);
    let slip = page(&server, &format!("{below}/parcels/1/packing-slip"), &cookie).await;
    assert_eq!(slip.status, 200);
    let article =
        slip.text().split("<article").nth(1).and_then(|rest| rest.split("</article>").next()).expect("a sheet");
    assert!(article.contains("2 of 2") && article.contains("JD01460000") && !article.contains('€'), "{article}");
    let file = page(&server, &format!("{below}/parcels/1/packing-slip.pdf"), &cookie).await;
    let name = format!("packing-slip-{}-1", order.number.to_string().to_lowercase());
    let text = text_of(&file, &name);
    assert!(text.contains("2 of 2") && text.contains("Ada Lovelace") && !text.contains('€'), "{text}");
    let label = page(&server, &format!("{below}/parcels/1/label.pdf"), &cookie).await;
    assert_eq!((label.status.as_u16(), &label.body[..]), (200, b"%PDF a label".as_slice()));
    let invoice = page(&server, &format!("{below}/invoice.pdf"), &cookie).await;
    assert!(text_of(&invoice, "invoice-inv-000001").contains("Invoice INV-000001"));
    for path in ["parcels/2/packing-slip", "parcels/2/packing-slip.pdf", "parcels/2/label.pdf", "parcels/x/label.pdf"] {
        assert_eq!(page(&server, &format!("{below}/{path}"), &cookie).await.status, 404, "{path}");
    }
    assert_eq!(page(&server, "/admin/orders/nonsense/invoice", &cookie).await.status, 404);
    server.stop().await;
}
