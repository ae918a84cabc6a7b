//! Staff put orders together and change them, by forms alone; their customers pay.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use crate::workers::buy;
use commerce::accounts::{Device, Password, Registration, create_admin, sign_in};
use commerce::checkout::place_order::access_token;
use commerce::orders::{Lifecycle, Order, OrderNumber, queries};
use hyper::Method;

async fn admin(server: &Server) -> String {
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    let email = "ada@example.org".to_owned();
    let registration = Registration { name: "Ada".to_owned(), email: email.clone(), password: password.clone() };
    create_admin::create_admin(&server.shop, &registration).await.expect("made");
    let token = sign_in::sign_in(&server.shop, &email, &password, &Device::default()).await.expect("signed in");
    format!("session={}", token.session().expect("no second factor").as_str())
}

async fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    let page = server.get_with(path, &[("accept", "text/html"), ("cookie", cookie)]).await;
    assert_eq!(page.status, 200, "{path}");
    page
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

/// What a page says that a field of it has without being asked.
fn value<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
    rest.split('"').next().expect(name)
}

/// What a field of a page has in it.
fn typed<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("name=\"{name}\"")).expect(name);
    let (field, _) = rest.split_once('>').expect(name);
    let (_, value) = field.split_once("value=\"").expect(name);
    value.split('"').next().expect(name)
}

/// What every form of the page sends without being asked.
fn hidden(page: &Answer) -> String {
    format!("number={}&seen={}", value(page.text(), "number"), value(page.text(), "seen"))
}

/// What the form sends that agrees to what the page says.
fn agreement(page: &Answer) -> String {
    let agreed = ["edit", "version", "total"].map(|name| format!("&{name}={}", value(page.text(), name)));
    let draft = if page.text().contains("name=\"draft\"") { "&draft=1" } else { "" };
    format!("{}{}{draft}", hidden(page), agreed.concat())
}

async fn order(server: &Server, number: &str) -> Order {
    let number: OrderNumber = number.parse().expect("a number");
    queries::by_number(server.shop.db.primary(), number).await.expect("read").expect("the order")
}

#[tokio::test]
async fn staff_make_an_order_for_a_caller_who_pays_it() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = admin(&server).await;
    let list = get(&server, "/admin/orders", &ada).await;
    let key = value(list.text(), "key");
    let begun = post(&server, "admin/order-draft", &ada, &format!("key={key}")).await;
    let path = begun.header("location").to_owned();
    let again = post(&server, "admin/order-draft", &ada, &format!("key={key}")).await;
    assert_eq!(path, again.header("location"), "sent twice, begun once");
    let number = path.split('/').nth(3).expect("a number").to_owned();
    let draft = get(&server, &path, &ada).await;
    assert!(draft.text().contains("Add a product first"), "{}", draft.text());

    let found = get(&server, &format!("{path}?q=linen-m"), &ada).await;
    assert!(found.text().contains("LINEN-M") && !found.text().contains("LINEN-L"), "{}", found.text());
    let variation = value(found.text(), "variation").to_owned();
    let add = format!("{}&q=linen-m&variation={variation}", hidden(&found));
    // A second click comes from the page as it was.
    for _ in 0..2 {
        post(&server, "admin/order-add", &ada, &add).await.assert_sends_to(&format!("{path}?q=linen-m#lines"));
    }
    let page = get(&server, &path, &ada).await;
    assert_eq!(typed(page.text(), &format!("pieces-{variation}")), "1");
    let wrong = format!("{}&pieces-{variation}=101&price-{variation}=cheap", hidden(&page));
    let refused = post(&server, "admin/order-lines", &ada, &wrong).await;
    let cart = refused.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let shown = get(&server, refused.header("location"), &format!("{ada}; {cart}")).await;
    assert!(
        shown.text().contains("from 0 to 100") && shown.text().contains("Enter an amount in the order’s currency"),
        "{}",
        shown.text()
    );
    assert!(
        shown.text().contains("value=\"101\"") && shown.text().contains("value=\"cheap\""),
        "what was typed is kept"
    );
    let lines = format!("{}&pieces-{variation}=3&price-{variation}=10.00", hidden(&page));
    post(&server, "admin/order-lines", &ada, &lines).await.assert_sends_to(&format!("{path}#outcome"));

    let page = get(&server, &path, &ada).await;
    let contact = "email=zoe%40example.com&phone=030+55555&country=DE&name=Zoe&line1=Lange+Str.+1&city=Berlin&\
                   postal_code=10115";
    let half = post(&server, "admin/order-contact", &ada, &format!("{}&email=zoe&country=DE", hidden(&page))).await;
    assert!(half.header("location").starts_with(&format!("{path}?draft=")), "{}", half.header("location"));
    let whole = format!("{}&{contact}&billing_same=on", hidden(&page));
    post(&server, "admin/order-contact", &ada, &whole).await.assert_sends_to(&format!("{path}#contact"));
    let page = get(&server, &path, &ada).await;
    let note = "x".repeat(501);
    let gone = format!("{}&delivery_method=standard&payment_method=barter&note={note}", hidden(&page));
    let both = format!("{ada}; {cart}");
    let refused = post(&server, "admin/order-choices", &both, &gone).await;
    assert!(refused.header("location").starts_with(&format!("{path}?draft=")), "{}", refused.header("location"));
    let shown = get(&server, refused.header("location"), &both).await;
    for part in ["Choose a payment method", "The note is too long", "value=\"standard\" selected", note.as_str()] {
        assert!(shown.text().contains(part), "{part} is not in {}", shown.text());
    }
    let chosen = format!("{}&delivery_method=standard&payment_method=test&note=Rang+twice", hidden(&page));
    post(&server, "admin/order-choices", &ada, &chosen).await.assert_sends_to(&format!("{path}#outcome"));
    // Somebody else has changed it meanwhile.
    let stale = format!("{}&{contact}&line2=Second+floor&billing_same=on", hidden(&page));
    let refused = post(&server, "admin/order-contact", &both, &stale).await;
    let location = refused.header("location");
    assert!(location.starts_with(&format!("{path}?refused=stock-changed&draft=")), "{location}");
    let shown = get(&server, location, &both).await;
    assert_eq!((typed(shown.text(), "line2"), typed(shown.text(), "phone")), ("Second floor", "030 55555"));
    let page = get(&server, &path, &ada).await;
    assert!(page.text().contains("Submit the order") && page.text().contains("€34.90"), "{}", page.text());
    let list = get(&server, "/admin/orders?state=draft", &ada).await;
    assert!(list.text().contains(&number) && list.text().contains("zoe@example.com"), "{}", list.text());
    let agreed = agreement(&page);
    for _ in 0..2 {
        post(&server, "admin/order-apply", &ada, &agreed)
            .await
            .assert_sends_to(&format!("/admin/orders/{number}?done=order-submitted"));
    }
    let made = order(&server, &number).await;
    assert_eq!((made.lifecycle, made.total.gross), (Lifecycle::AwaitingPayment, 3_490));
    let page = get(&server, &format!("/admin/orders/{number}"), &ada).await;
    assert!(page.text().contains("Phone: 030 55555"), "{}", page.text());

    let token = access_token(&server.shop, made.id);
    let page = get(&server, &format!("/checkout/confirmation/{}", token.as_str()), "theme=dark").await;
    assert!(page.text().contains("We keep everything for you until"), "{}", page.text());
    assert!(!page.text().contains("Change the cart"), "it has no cart");
    let paying = post(&server, "orders/pay", "theme=dark", &format!("order={}&method=test", token.as_str())).await;
    assert!(paying.header("location").contains("/test-gateway/"), "{}", paying.header("location"));
    server.stop().await;
}

#[tokio::test]
async fn staff_change_an_order_after_they_have_seen_what_it_comes_to() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = admin(&server).await;
    let token = buy(&server.shop).await;
    let bought = queries::by_access_token(server.shop.db.primary(), &token.hash()).await.expect("read").expect("one");
    let (number, before) = (bought.number.to_string(), bought.total.gross);
    let below = format!("/admin/orders/{number}");
    let invoice = get(&server, &format!("{below}/invoice"), &ada).await;
    assert!(invoice.text().contains("INV-000001"));
    let page = get(&server, &below, &ada).await;
    assert!(page.text().contains("Change this order"), "{}", page.text());
    let page = get(&server, &format!("{below}/edit"), &ada).await;
    assert!(page.text().contains("Nothing is changed yet") && !page.text().contains("name=\"price-"));
    let line = bought.lines[0].variation;
    let change = format!("{}&pieces-{line}=1", hidden(&page));
    post(&server, "admin/order-lines", &ada, &change).await.assert_sends_to(&format!("{below}/edit#outcome"));
    let page = get(&server, &format!("{below}/edit"), &ada).await;
    assert!(page.text().contains("was 2") && page.text().contains("less than before"), "{}", page.text());
    assert_eq!(order(&server, &number).await.total.gross, before, "nothing is changed before somebody agrees");
    let more = format!("{}&pieces-{line}=5", agreement(&page));
    post(&server, "admin/order-apply", &ada, &more)
        .await
        .assert_sends_to(&format!("{below}/edit?refused=total-changed#outcome"));
    assert_eq!(order(&server, &number).await.total.gross, before, "nobody has seen what that comes to");
    let page = get(&server, &format!("{below}/edit"), &ada).await;
    assert!(page.text().contains("more than before"), "{}", page.text());
    let agreed = agreement(&page);
    // Somebody else proposes something else meanwhile.
    let other = format!("{}&pieces-{line}=3", hidden(&page));
    post(&server, "admin/order-lines", &ada, &other).await.assert_sends_to(&format!("{below}/edit#outcome"));
    post(&server, "admin/order-apply", &ada, &agreed)
        .await
        .assert_sends_to(&format!("{below}/edit?refused=stock-changed"));
    let page = get(&server, &format!("{below}/edit"), &ada).await;
    for _ in 0..2 {
        post(&server, "admin/order-apply", &ada, &agreement(&page))
            .await
            .assert_sends_to(&format!("{below}?done=order-edited"));
    }
    let now = order(&server, &number).await;
    assert_eq!((now.lines[0].quantity, now.total.gross > before), (3, true));
    let page = get(&server, &below, &ada).await;
    assert!(page.text().contains("Still to be paid") && page.text().contains("Changed"), "{}", page.text());
    let invoice = get(&server, &format!("{below}/invoice"), &ada).await;
    assert!(invoice.text().contains("Invoice INV-000002") && invoice.text().contains("replaces INV-000001"));
    let cancelled = get(&server, &format!("{below}/invoice?cancelled=1"), &ada).await;
    assert!(cancelled.text().contains("Cancellation INV-000001-C"), "{}", cancelled.text());
    let file = server.get_with(&format!("{below}/invoice.pdf?cancelled=1"), &[("cookie", &ada)]).await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "application/pdf"));
    let other = server.get_with(&format!("{below}/invoice?cancelled=2"), &[("cookie", &ada)]).await;
    assert_eq!(other.status, 404);
    let unchanged = get(&server, &format!("{below}/edit"), &ada).await;
    post(&server, "admin/order-lines", &ada, &format!("{}&pieces-{line}=4", hidden(&unchanged))).await;
    let page = get(&server, &format!("{below}/edit"), &ada).await;
    post(&server, "admin/order-discard", &ada, &hidden(&page))
        .await
        .assert_sends_to(&format!("{below}?done=edit-discarded"));
    assert_eq!(order(&server, &number).await.version, now.version);
    server.stop().await;
}

#[tokio::test]
async fn what_was_typed_into_the_lines_is_kept_whatever_button_is_pressed() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = admin(&server).await;
    let path = post(&server, "admin/order-draft", &ada, "key=").await.header("location").to_owned();
    let page = get(&server, &format!("{path}?q=linen-m"), &ada).await;
    let medium = value(page.text(), "variation").to_owned();
    let add = format!("{}&q=linen-l&looked_for=linen-m&variation={medium}", hidden(&page));
    post(&server, "admin/order-add", &ada, &add).await.assert_sends_to(&format!("{path}?q=linen-l#lines"));

    let page = get(&server, &format!("{path}?q=linen-l"), &ada).await;
    let large = value(page.text(), "variation").to_owned();
    let own = format!("{}&looked_for=linen-l", hidden(&page));
    let wrong = format!("{own}&q=linen-l&pieces-{medium}=many&variation={large}");
    let refused = post(&server, "admin/order-add", &ada, &wrong).await;
    let location = refused.header("location");
    assert!(location.starts_with(&format!("{path}?q=linen-l&draft=")), "{location}");
    // A second click comes from the page as it was.
    let add = format!("{own}&q=linen-l&pieces-{medium}=2&variation={large}");
    for _ in 0..2 {
        post(&server, "admin/order-add", &ada, &add).await.assert_sends_to(&format!("{path}?q=linen-l#lines"));
    }
    let page = get(&server, &path, &ada).await;
    assert_eq!(typed(page.text(), &format!("pieces-{medium}")), "2");
    assert_eq!(typed(page.text(), &format!("pieces-{large}")), "1");

    let search = format!("{}&pieces-{medium}=4&pieces-{large}=0&looked_for=&q=shirt&search=1", hidden(&page));
    post(&server, "admin/order-lines", &ada, &search).await.assert_sends_to(&format!("{path}?q=shirt#adding"));
    let page = get(&server, &path, &ada).await;
    assert_eq!(typed(page.text(), &format!("pieces-{medium}")), "4");
    assert!(!page.text().contains(&format!("pieces-{large}")), "none of it is wanted any more");
    // Enter presses the first button, where something was looked for too.
    let entered = format!("{}&pieces-{medium}=5&looked_for=&q=linen", hidden(&page));
    post(&server, "admin/order-lines", &ada, &entered).await.assert_sends_to(&format!("{path}?q=linen#adding"));
    let page = get(&server, &path, &ada).await;
    let updated = format!("{}&pieces-{medium}=6&looked_for=linen&q=linen", hidden(&page));
    post(&server, "admin/order-lines", &ada, &updated).await.assert_sends_to(&format!("{path}?q=linen#outcome"));

    let page = get(&server, &path, &ada).await;
    assert!(page.text().contains("<summary>Delete this draft</summary>"), "{}", page.text());
    for _ in 0..2 {
        post(&server, "admin/order-discard", &ada, &hidden(&page))
            .await
            .assert_sends_to("/admin/orders?done=draft-deleted");
    }
    server.stop().await;
}
