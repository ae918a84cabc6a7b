//! Staff give money back for pieces of lines, by forms alone.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use crate::returns::person;
use crate::workers::buy;
use commerce::db::sql;
use commerce::orders::receive_money::receive_money;
use commerce::orders::refund::refundable;
use commerce::orders::send_money::{send_money, to_send_of};
use commerce::orders::{Order, queries};
use hyper::Method;
use sea_orm::ConnectionTrait;

async fn get(server: &Server, path: &str, cookie: &str) -> String {
    server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await.text().to_owned()
}

async fn send(server: &Server, cookie: &str, form: &str) -> Answer {
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, "/actions/admin/order-refund", &headers, form.to_owned()).await
}

/// The page that a form leads to, which has what was typed.
async fn refused(server: &Server, cookie: &str, form: &str) -> String {
    let answer = send(server, cookie, form).await;
    let location = answer.header("location").to_owned();
    assert!(location.contains("draft="), "{form}: {location}");
    let own = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    get(server, &location, &format!("{cookie}; {own}")).await
}

/// The form that gives money back.
fn refunding(page: &str) -> &str {
    let (_, rest) = page.split_once("action=\"/actions/admin/order-refund\"").expect("the form");
    rest.split_once("</form>").expect("its end").0
}

fn key(page: &str) -> &str {
    let (_, rest) = refunding(page).split_once("name=\"key\" value=\"").expect("a key");
    rest.split('"').next().expect("its end")
}

async fn left(server: &Server, order: &Order) -> i64 {
    refundable(server.shop.db.primary(), order).await.expect("read").minor()
}

#[tokio::test]
async fn staff_give_money_back_for_pieces() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let token = buy(&server.shop).await;
    let db = server.shop.db.primary();
    let order = queries::by_access_token(db, &token.hash()).await.expect("read").expect("one");
    let (grace, cookie) = person(&server, "grace@example.com").await;
    receive_money(&server.shop, &grace, order.id, order.to_pay(), "paid").await.expect("noted");
    let (path, line) = (format!("/admin/orders/{}", order.number), order.lines[0].id);
    let total = left(&server, &order).await;

    let page = get(&server, &path, &cookie).await;
    assert!(refunding(&page).contains("Pieces of Linen Shirt M, at most 2"), "{page}");
    let first = format!("number={}&method=original&key={}", order.number, key(&page));
    let page = refused(&server, &cookie, &format!("{first}&quantity-{line}=&refund_amount=")).await;
    for part in ["Enter how many pieces of what, or an amount above zero", "Enter why, in a few words"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let page = refused(&server, &cookie, &format!("{first}&quantity-{line}=3&reason=A+scratch")).await;
    for part in ["no more than there are", "value=\"3\"", "value=\"A scratch\""] {
        assert!(refunding(&page).contains(part), "{part} is not in {page}");
    }
    // A second click comes from the page as it was.
    for _ in 0..2 {
        let one = format!("{first}&quantity-{line}=1&refund_amount=&reason=A+scratch");
        send(&server, &cookie, &one).await.assert_sends_to(&format!("{path}?done=refund-to-send"));
    }
    assert_eq!(total - left(&server, &order).await, 4_900);

    let page = get(&server, &path, &cookie).await;
    assert!(refunding(&page).contains("Pieces of Linen Shirt M, at most 1"), "{page}");
    assert!(page.contains("Refund decided") && page.contains(", by grace@example.com"), "{page}");
    let second = format!("number={}&method=original&key={}&reason=Late", order.number, key(&page));
    let page = refused(&server, &cookie, &format!("{second}&quantity-{line}=2")).await;
    assert!(refunding(&page).contains("no more than there are"), "{page}");
    let page = refused(&server, &cookie, &format!("{second}&quantity-{line}=1&refund_amount=1000")).await;
    assert!(refunding(&page).contains("So much can’t be given back any more"), "{page}");
    let cheaper = format!("{second}&quantity-{line}=1&refund_amount=10.00");
    send(&server, &cookie, &cheaper).await.assert_sends_to(&format!("{path}?done=refund-to-send"));
    assert_eq!(total - left(&server, &order).await, 5_900);
    let page = get(&server, &path, &cookie).await;
    assert!(!refunding(&page).contains("Pieces of"), "all of them were given back: {page}");
    let rest = left(&server, &order).await;
    let all = format!("number={}&method=original&key={}&reason=All", order.number, key(&page));
    let all = format!("{all}&refund_amount={}.{:02}", rest / 100, rest % 100);
    send(&server, &cookie, &all).await.assert_sends_to(&format!("{path}?done=refund-to-send"));
    for transfer in to_send_of(&server.shop, order.id).await.expect("read") {
        send_money(&server.shop, &grace, order.id, transfer.operation).await.expect("sent");
    }
    let page = get(&server, &path, &cookie).await;
    assert!(page.contains("Refunded") && !page.contains("Note payment"), "nothing is to be paid: {page}");
    let dearer = "UPDATE orders SET total = total + 1000, net = net + 1000 WHERE id = $1";
    db.execute_raw(sql(db, dearer, [order.id.into()])).await.expect("changed");
    let page = get(&server, &path, &cookie).await;
    assert!(page.contains("Still to be paid") && page.contains("Note payment"), "{page}");
    server.stop().await;
}
