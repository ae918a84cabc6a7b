//! What is sent back, by forms alone: asked for by its customer, worked on by staff, and nobody else's business.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server, databases};
use crate::workers::buy;
use commerce::accounts::{Device, Password, Registration, SignedIn, create_admin, queries as accounts, sign_in};
use commerce::db::sql;
use commerce::fulfilment::ship::{Parcel, ship};
use commerce::inventory::LocationId;
use commerce::orders::link::{View, link};
use commerce::orders::receive_money::receive_money;
use commerce::orders::{Order, claim, queries as orders};
use commerce::token::Token;
use hyper::Method;
use image::{DynamicImage, ImageFormat, RgbImage};
use sea_orm::ConnectionTrait;
use std::io::Cursor;
use std::time::{Duration, Instant};

/// Somebody who is signed in, and their cookie.
pub async fn person(server: &Server, email: &str) -> (SignedIn, String) {
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    let registration = Registration { name: "Grace".to_owned(), email: email.to_owned(), password: password.clone() };
    create_admin::create_admin(&server.shop, &registration).await.expect("made");
    let signed = sign_in::sign_in(&server.shop, email, &password, &Device::default()).await.expect("signed in");
    let token = signed.session().expect("no second factor");
    let who = accounts::signed_in(&server.shop, &token).await.expect("asked").expect("signed in");
    (who, format!("session={}", token.as_str()))
}

/// Makes a customer of somebody who ran the shop.
async fn demote(server: &Server, who: &SignedIn) {
    let db = server.shop.db.primary();
    let text = "UPDATE users SET role = 'customer' WHERE id = $1";
    db.execute_raw(sql(db, text, [who.user.into()])).await.expect("changed");
}

async fn number(server: &Server, text: &str) -> i64 {
    let db = server.shop.db.primary();
    let row = db.query_one_raw(sql(db, text, [])).await.expect("read").expect("a row");
    row.try_get("", "n").expect("a number named n")
}

pub async fn warehouse(server: &Server) -> LocationId {
    let db = server.shop.db.primary();
    let row = db.query_one_raw(sql(db, "SELECT id FROM locations", [])).await.expect("read").expect("a location");
    row.try_get("", "id").expect("its identifier")
}

/// An order of two shirts that was paid and sent, and the token of its page.
async fn sent(server: &Server, staff: &SignedIn) -> (Order, Token) {
    let (shop, token) = (&server.shop, buy(&server.shop).await);
    let order = orders::by_access_token(shop.db.primary(), &token.hash()).await.expect("read").expect("one");
    receive_money(shop, staff, order.id, order.to_pay(), "paid").await.expect("noted");
    let parcel = Parcel {
        key: "parcel".to_owned(),
        location: warehouse(server).await,
        carrier: "dhl".to_owned(),
        tracking_number: None,
        lines: vec![(order.lines[0].id, 2)],
    };
    ship(shop, staff, order.id, &parcel).await.expect("sent");
    (order, token)
}

async fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await
}

async fn post(server: &Server, action: &str, cookie: &str, form: &str) -> Answer {
    let headers = [
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, &format!("/actions/{action}"), &headers, form.to_owned()).await
}

/// Sends files as the form for photos does.
async fn upload(server: &Server, way: &str, cookie: &str, files: &[&[u8]]) -> Answer {
    let mut body = Vec::new();
    for file in files {
        body.extend_from_slice(b"--XX\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\n");
        body.extend_from_slice(b"Content-Type: image/jpeg\r\n\r\n");
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    let way: String = url::form_urlencoded::byte_serialize(way.as_bytes()).collect();
    let headers = [
        ("accept", "text/html"),
        ("content-type", "multipart/form-data; boundary=XX"),
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie),
    ];
    server.send(Method::POST, &format!("/actions/returns/photos?order={way}&return=1"), &headers, body).await
}

fn photo(shade: u8) -> Vec<u8> {
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(30, 20, image::Rgb([shade; 3])));
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).expect("encoded");
    bytes
}

/// The cookie that an answer gives.
fn cookie_of(answer: &Answer) -> &str {
    answer.header("set-cookie").split(';').next().expect("a cookie")
}

/// What a page has between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    rest.split_once(after).expect(after).0
}

/// What a field of a page has in it.
fn typed<'a>(page: &'a Answer, name: &str) -> &'a str {
    between(between(page.text(), &format!("name=\"{name}\""), ">"), "value=\"", "\"")
}

/// What the first form of a page that has one calls its request.
fn key(page: &Answer) -> String {
    between(page.text(), "name=\"key\" value=\"", "\"").to_owned()
}

/// Waits until a mail has gone whose subject begins so, and gives its text.
async fn mailed(server: &Server, subject: &str, text: &str) -> String {
    let started = Instant::now();
    let db = server.shop.db.primary();
    let asked = format!("{subject}%");
    loop {
        let found = sql(db, "SELECT text FROM mails WHERE subject LIKE $1", [asked.clone().into()]);
        if let Some(row) = db.query_one_raw(found).await.expect("read") {
            let found: String = row.try_get("", "text").expect("text");
            assert!(found.contains(text), "{text} is not in {found}");
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "no mail: {subject}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_guest_sends_something_back_and_staff_pay_for_it() {
    for kind in databases() {
        let server = Server::start(kind).await;
        fill(&server.shop).await;
        let (staff, grace) = person(&server, "grace@example.org").await;
        let (order, token) = sent(&server, &staff).await;
        let line = order.lines[0].id;
        let by_token = format!("/checkout/confirmation/{}", token.as_str());
        let by_link = format!("/orders/view/{}", link(&server.shop, order.id, View::Whole));
        for way in [&by_token, &by_link] {
            let page = get(&server, way, "theme=dark").await;
            assert!(page.text().contains(&format!("href=\"{way}/return\"")), "{way} leads to the form");
        }

        let page = get(&server, &format!("{by_link}/return"), "theme=dark").await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "private, no-store"));
        let own = format!("order={by_link}&key={}", key(&page));
        let wrong = format!("{own}&quantity-{line}=3&comment-{line}=A+tear");
        let answer = post(&server, "returns/request", "theme=dark", &wrong).await;
        let location = answer.header("location").to_owned();
        assert!(location.starts_with(&format!("{by_link}/return?draft=")), "{location}");
        let page = get(&server, &location, cookie_of(&answer)).await;
        for part in ["Please check these entries", "no more than there are", "Choose a reason", "value=\"A tear\""] {
            assert!(page.text().contains(part), "{part} is not in {}", page.text());
        }
        let right = format!("{own}&quantity-{line}=2&reason-{line}=damaged&comment-{line}=A+tear");
        for _ in 0..2 {
            let answer = post(&server, "returns/request", "theme=dark", &right).await;
            answer.assert_sends_to(&format!("{by_link}/returns/1?done=return-requested"));
        }
        assert_eq!(number(&server, "SELECT COUNT(*) AS n FROM returns").await, 1, "sent twice, asked for once");
        mailed(&server, "We have got your return request", &format!("{}-R1", order.number)).await;

        let return_page = format!("{by_link}/returns/1");
        for (files, expected) in [
            (vec![], "refused=photo-none"),
            (vec![&b""[..]], "refused=photo-none"),
            (vec![&b"<svg onload=alert(1)>"[..]], "refused=photo-type"),
        ] {
            upload(&server, &by_link, "theme=dark", &files).await.assert_sends_to(&format!("{return_page}?{expected}"));
        }
        let (one, two) = (photo(1), photo(200));
        let answer = upload(&server, &by_token, "theme=dark", &[&one, &two, &one]).await;
        answer.assert_sends_to(&format!("{by_token}/returns/1?done=photos-added"));
        let page = get(&server, &return_page, "theme=dark").await;
        assert!(page.text().contains("We have 2 photos of it") && page.text().contains("A tear"), "{}", page.text());
        assert!(!page.text().contains("/photos/"), "they are for staff");
        // More than is taken is read to its end: else the browser would show an error of its own.
        let large = vec![0_u8; 51 * 1024 * 1024];
        upload(&server, &by_link, "theme=dark", &[&large])
            .await
            .assert_sends_to(&format!("{return_page}?refused=photo-size"));
        let more = [20, 40, 60].map(photo);
        upload(&server, &by_link, "theme=dark", &[&more[0], &more[1], &more[2]])
            .await
            .assert_sends_to(&format!("{return_page}?done=photos-added"));
        upload(&server, &by_link, "theme=dark", &[&photo(80)])
            .await
            .assert_sends_to(&format!("{return_page}?refused=photo-many"));

        let work = format!("/admin/returns/{}-R1", order.number);
        let list = get(&server, "/admin/returns?state=requested", &grace).await;
        assert!(list.text().contains(&format!("href=\"{work}\"")), "{}", list.text());
        let page = get(&server, &work, &grace).await;
        let src = between(page.text(), "<img src=\"", "\"").to_owned();
        assert!(src.starts_with(&format!("{work}/photos/")), "{src}");
        let shown = get(&server, &src, &grace).await;
        assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "image/jpeg"));
        assert_eq!(shown.header("cache-control"), "private, no-store");
        assert_eq!(get(&server, &src, "theme=dark").await.status, 303, "a guest is sent to sign in");

        let asked = |page: &Answer| format!("number={}-R1&key={}", order.number, key(page));
        let answer = post(&server, "admin/return-reject", &grace, &format!("{}&reject_note=+", asked(&page))).await;
        assert!(answer.header("location").starts_with(&format!("{work}?draft=")), "a reason is needed");
        let agreed = format!("{}&approve_note=No+need+for+the+box", asked(&page));
        for _ in 0..2 {
            let answer = post(&server, "admin/return-approve", &grace, &agreed).await;
            answer.assert_sends_to(&format!("{work}?done=return-approved"));
        }
        mailed(&server, "You can send it back", "No need for the box").await;
        let page = get(&server, &return_page, "theme=dark").await;
        assert!(page.text().contains("Musterstraße 1") && page.text().contains("No need for the box"));

        let page = get(&server, &work, &grace).await;
        let place = warehouse(&server).await;
        let counted = |received, resellable| {
            format!("{}&receive_at={place}&received-{line}={received}&resellable-{line}={resellable}", asked(&page))
        };
        assert_eq!(typed(&page, &format!("received-{line}")), "2");
        assert_eq!(typed(&page, &format!("resellable-{line}")), "0", "it came damaged");
        let emptied = format!("{}&receive_at={place}&received-{line}=&resellable-{line}=2", asked(&page));
        let answer = post(&server, "admin/return-receive", &grace, &emptied).await;
        let location = answer.header("location").to_owned();
        let shown = get(&server, &location, &format!("{grace}; {}", cookie_of(&answer))).await;
        assert_eq!(typed(&shown, &format!("received-{line}")), "", "as it was typed");
        assert_eq!(typed(&shown, &format!("resellable-{line}")), "2");
        let answer = post(&server, "admin/return-receive", &grace, &counted(1, 2)).await;
        assert!(answer.header("location").starts_with(&format!("{work}?draft=")), "{}", answer.header("location"));
        let before = number(&server, "SELECT CAST(SUM(on_hand) AS BIGINT) AS n FROM stock").await;
        for _ in 0..2 {
            let answer = post(&server, "admin/return-receive", &grace, &counted(2, 1)).await;
            answer.assert_sends_to(&format!("{work}?done=return-received"));
        }
        assert_eq!(number(&server, "SELECT CAST(SUM(on_hand) AS BIGINT) AS n FROM stock").await, before + 1);
        let stock = get(&server, "/admin/inventory/LINEN-M", &grace).await;
        assert!(stock.text().contains(&order.number.to_string()), "the ledger names the order");

        upload(&server, &by_link, "theme=dark", &[&one])
            .await
            .assert_sends_to(&format!("{return_page}?refused=return-state"));

        let page = get(&server, &work, &grace).await;
        let settled = |deduction| format!("{}&method=original&deduction={deduction}", asked(&page));
        for deduction in ["1000000", "-1", "abc", "0.001"] {
            let answer = post(&server, "admin/return-refund", &grace, &settled(deduction)).await;
            assert!(answer.header("location").starts_with(&format!("{work}?draft=")), "{deduction}");
        }
        let credit = format!("{}&method=store_credit&deduction=9.00&refund_note=As+told", asked(&page));
        let answer = post(&server, "admin/return-refund", &grace, &credit).await;
        let location = answer.header("location").to_owned();
        assert!(location.starts_with(&format!("{work}?refused=order-no-account&draft=")), "{location}");
        let shown = get(&server, &location, &format!("{grace}; {}", cookie_of(&answer))).await;
        assert_eq!((typed(&shown, "deduction"), typed(&shown, "refund_note")), ("9.00", "As told"));
        for _ in 0..2 {
            let answer = post(&server, "admin/return-refund", &grace, &settled("9.00")).await;
            answer.assert_sends_to(&format!("{work}?done=refund-to-send"));
        }
        let refunded = number(&server, "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM refunds").await;
        assert_eq!(refunded, order.lines[0].total.amounts.gross - 900);
        mailed(&server, "We refund your return", "We keep €9.00").await;
        let page = get(&server, &format!("/admin/orders/{}", order.number), &grace).await;
        for part in ["Return requested", "Return approved", "Return received", "Return refunded", work.as_str()] {
            assert!(page.text().contains(part), "{part} is not in {}", page.text());
        }
        // It was paid by transfer: staff send the money.
        assert!(page.text().contains("Transfers to make"), "{}", page.text());
        let list = get(&server, "/admin/refunds", &grace).await;
        let sent = format!("number={}&operation={}&listed=1", order.number, typed(&list, "operation"));
        for _ in 0..2 {
            let answer = post(&server, "admin/refund-sent", &grace, &sent).await;
            answer.assert_sends_to("/admin/refunds?done=refund-sent");
        }
        mailed(&server, "We have refunded", "Bank transfer").await;
        let list = get(&server, "/admin/refunds", &grace).await;
        assert!(list.text().contains("no money to be sent back"), "{}", list.text());
        let page = get(&server, &by_link, "theme=dark").await;
        assert!(page.text().contains("Refunded") && !page.text().contains(&format!("{by_link}/return\"")));
        server.stop().await;
    }
}

#[tokio::test]
async fn staff_open_a_return_for_who_calls() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let (staff, grace) = person(&server, "grace@example.org").await;
    let (order, _) = sent(&server, &staff).await;
    let (line, form) = (order.lines[0].id, format!("/admin/orders/{}/return", order.number));
    let page = get(&server, &format!("/admin/orders/{}", order.number), &grace).await;
    assert!(page.text().contains(&format!("href=\"{form}\"")));
    let page = get(&server, &form, &grace).await;
    let own = format!("number={}&key={}", order.number, key(&page));
    let answer = post(&server, "admin/return-open", &grace, &own).await;
    assert!(answer.header("location").starts_with(&format!("{form}?draft=")), "{}", answer.header("location"));
    let opened = format!("{own}&quantity-{line}=1&reason-{line}=other&open_note=As+agreed");
    let work = format!("/admin/returns/{}-R1", order.number);
    for _ in 0..2 {
        let answer = post(&server, "admin/return-open", &grace, &opened).await;
        answer.assert_sends_to(&format!("{work}?done=return-opened"));
    }
    mailed(&server, "You can send it back", "As agreed").await;
    assert_eq!(number(&server, "SELECT COUNT(*) AS n FROM mails WHERE subject LIKE '%return request%'").await, 0);
    let page = get(&server, &work, &grace).await;
    let closed = format!("number={}-R1&key={}&close_note=It+never+came", order.number, key(&page));
    post(&server, "admin/return-close", &grace, &closed).await.assert_sends_to(&format!("{work}?done=return-closed"));
    mailed(&server, "Your return is closed", "It never came").await;
    for missing in [
        "/admin/returns/nonsense",
        &format!("/admin/returns/{}-R2", order.number),
        "/admin/orders/nonsense/return",
        &format!("{work}/photos/nonsense"),
    ] {
        assert_eq!(get(&server, missing, &grace).await.status, 404, "{missing}");
    }
    post(&server, "admin/return-close", &grace, "number=x").await.assert_sends_to("/admin/returns?refused=no-return");
    server.stop().await;
}

#[tokio::test]
async fn what_is_given_back_as_store_credit_is_said_to_be_in_the_account() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let (staff, grace) = person(&server, "grace@example.org").await;
    // It has the address of the order, and has proved it.
    let (ada, ada_cookie) = person(&server, "ada@example.com").await;
    demote(&server, &ada).await;
    let (order, _) = sent(&server, &staff).await;
    claim::claim(&server.shop, ada.user).await.expect("taken");
    let (line, work) = (order.lines[0].id, format!("/admin/returns/{}-R1", order.number));
    let page = get(&server, &format!("/admin/orders/{}/return", order.number), &grace).await;
    let opened = format!("number={}&key={}&quantity-{line}=1&reason-{line}=other", order.number, key(&page));
    post(&server, "admin/return-open", &grace, &opened).await.assert_sends_to(&format!("{work}?done=return-opened"));
    let place = warehouse(&server).await;
    let page = get(&server, &work, &grace).await;
    assert_eq!(typed(&page, &format!("resellable-{line}")), "1", "nothing is wrong with it");
    let number = format!("number={}-R1", order.number);
    let counted = format!("{number}&key={}&receive_at={place}&received-{line}=1&resellable-{line}=1", key(&page));
    post(&server, "admin/return-receive", &grace, &counted)
        .await
        .assert_sends_to(&format!("{work}?done=return-received"));
    let page = get(&server, &work, &grace).await;
    assert!(page.text().contains("Deduction in EUR"), "{}", page.text());
    let settled = format!("{number}&key={}&method=store_credit&deduction=&refund_note=Sorry", key(&page));
    for _ in 0..2 {
        post(&server, "admin/return-refund", &grace, &settled)
            .await
            .assert_sends_to(&format!("{work}?done=return-credited"));
    }
    let mail = mailed(&server, "We refund your return", "is in your account as store credit.").await;
    assert!(mail.contains("Sorry") && !mail.contains("We keep"), "nothing is kept: {mail}");
    let page = get(&server, &format!("/account/orders/{}/returns/1", order.number), &ada_cookie).await;
    assert!(page.text().contains("is in your account as store credit."), "{}", page.text());
    assert!(!page.text().contains("on its way back"), "{}", page.text());
    server.stop().await;
}

#[tokio::test]
async fn nobody_else_sees_or_changes_a_return() {
    let server = Server::start(Kind::Sqlite).await;
    let shop = &server.shop;
    fill(shop).await;
    let (staff, grace) = person(&server, "grace@example.org").await;
    // It has the address of the order, and has proved it.
    let (ada, ada_cookie) = person(&server, "ada@example.com").await;
    let (eve, eve_cookie) = person(&server, "eve@example.org").await;
    demote(&server, &ada).await;
    demote(&server, &eve).await;
    let (order, token) = sent(&server, &staff).await;
    claim::claim(shop, ada.user).await.expect("taken");
    let line = order.lines[0].id;
    let own = format!("/account/orders/{}", order.number);
    let form = format!("order={own}&key=mine&quantity-{line}=1&reason-{line}=other&comment-{line}=Secret+Street+5");
    post(&server, "returns/request", &ada_cookie, &form)
        .await
        .assert_sends_to(&format!("{own}/returns/1?done=return-requested"));
    let other = buy(shop).await;
    let masked = format!("/orders/view/{}", link(shop, order.id, View::Masked));
    let elsewhere = format!("/checkout/confirmation/{}", other.as_str());

    let state = "SELECT COUNT(*) AS n FROM returns WHERE state = 'requested'";
    for cookie in ["theme=dark", eve_cookie.as_str(), grace.as_str()] {
        for way in [own.as_str(), masked.as_str(), elsewhere.as_str(), "/orders/view/AAAA", "/elsewhere/x", "", "//x/y"]
        {
            for page in [format!("{way}/returns/1"), format!("{way}/return")] {
                // An order of their own that was not sent says so.
                if !page.starts_with('/') || page.starts_with("//") || (way == elsewhere && page.ends_with("/return")) {
                    continue;
                }
                let answer = get(&server, &page, cookie).await;
                assert!(matches!(answer.status.as_u16(), 303 | 404), "{page}: {}", answer.status);
                assert!(!answer.text().contains("Secret Street"), "{page}");
            }
            let withdrawn = format!("order={way}&return=1&key=x");
            assert_eq!(post(&server, "returns/withdraw", cookie, &withdrawn).await.status, 303, "{way}");
            let asked = format!("order={way}&key=x&quantity-{line}=1&reason-{line}=other");
            assert_eq!(post(&server, "returns/request", cookie, &asked).await.status, 303, "{way}");
            let answer = upload(&server, way, cookie, &[&photo(1)]).await;
            let sent_to = match way == own {
                true => "/auth/signin?next=%2Faccount",
                false => "/orders/lookup?refused=no-order",
            };
            answer.assert_sends_to(sent_to);
        }
    }
    for table in ["returns", "return_lines"] {
        assert_eq!(number(&server, &format!("SELECT COUNT(*) AS n FROM {table}")).await, 1, "{table}");
    }
    assert_eq!(
        (number(&server, state).await, number(&server, "SELECT COUNT(*) AS n FROM return_photos").await),
        (1, 0)
    );
    for action in ["approve", "reject", "receive", "refund", "close", "open"] {
        let answer =
            post(&server, &format!("admin/return-{action}"), &eve_cookie, &format!("number={}-R1", order.number)).await;
        assert_eq!(answer.status, 403, "{action}");
    }

    // All of it was right, but for who asked.
    let page = get(&server, &format!("{own}/returns/1"), &ada_cookie).await;
    assert!(page.status == 200 && page.text().contains("Secret Street 5"));
    let by_token = format!("/checkout/confirmation/{}", token.as_str());
    assert_eq!(get(&server, &format!("{by_token}/returns/1"), "theme=dark").await.status, 200, "the link is the key");
    upload(&server, &own, &ada_cookie, &[&photo(1)])
        .await
        .assert_sends_to(&format!("{own}/returns/1?done=photos-added"));
    let withdrawn = format!("order={own}&return=1&key=x");
    post(&server, "returns/withdraw", &ada_cookie, &withdrawn)
        .await
        .assert_sends_to(&format!("{own}/returns/1?done=return-withdrawn"));
    assert_eq!(number(&server, state).await, 0);
    server.stop().await;
}
