//! The pages of staff about stock, by forms alone.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Server};
use commerce::accounts::{Device, Password, Registration, create_admin, sign_in};
use hyper::Method;

const PAGE: &str = "/admin/inventory/LINEN-M";

async fn admin(server: &Server) -> String {
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    let email = "ada@example.org".to_owned();
    let registration = Registration { name: "Ada".to_owned(), email: email.clone(), password: password.clone() };
    create_admin::create_admin(&server.shop, &registration).await.expect("made");
    let token = sign_in::sign_in(&server.shop, &email, &password, &Device::default()).await.expect("signed in");
    format!("session={}", token.session().expect("no second factor").as_str())
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
    server.send(Method::POST, &format!("/actions/admin/{action}"), &headers, form.to_owned()).await
}

/// What a page has between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

/// What every form of the page sends without being asked.
fn hidden(page: &str) -> String {
    let value = |name: &str| between(page, &format!("name=\"{name}\" value=\""), "\"").to_owned();
    format!("sku={}&variation={}&key={}", value("sku"), value("variation"), value("key"))
}

#[tokio::test]
async fn staff_do_everything_with_forms() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = admin(&server).await;
    let list = get(&server, "/admin/inventory?q=linen", &ada).await;
    assert_eq!((list.status.as_u16(), list.header("cache-control")), (200, "private, no-store"));
    assert!(
        list.text().contains("LINEN-M") && list.text().contains("Main warehouse: 50 on hand, 0 reserved, 50 available")
    );
    let low = get(&server, "/admin/inventory?low=1", &ada).await;
    assert!(!low.text().contains("LINEN-M") && low.text().contains("LINEN-L"), "of the other there are none");

    post(&server, "location", &ada, "location_name=Berlin&country=DE&postal_code=10115&priority=2&active=on")
        .await
        .assert_sends_to("/admin/locations?done=location-saved");
    let locations = get(&server, "/admin/locations", &ada).await;
    assert!(locations.text().contains("10115, Germany"), "{}", locations.text());
    let berlin = locations.text().split("/admin/locations/").find(|part| part.contains(">Berlin<")).expect("linked");
    let berlin = berlin.split('"').next().expect("an identifier").to_owned();

    let page = get(&server, PAGE, &ada).await;
    let own = hidden(page.text());
    let receive = format!("{own}&received=7&receive_at={berlin}&receive_note=By+truck");
    for _ in 0..2 {
        post(&server, "stock-receive", &ada, &receive).await.assert_sends_to(&format!("{PAGE}?done=stock-received"));
    }
    let page = get(&server, PAGE, &ada).await;
    assert!(page.text().contains("57 available in all warehouses"), "sent twice, received once");
    assert!(page.text().contains("By truck") && page.text().contains("ada@example.org"), "{}", page.text());
    let main = between(page.text(), "name=\"move_from\">", "</select>");
    let main = between(main, "value=\"", "\"").to_owned();
    let moving = format!("{}&moved=8&move_from={berlin}&move_to={main}", hidden(page.text()));
    let refused = post(&server, "stock-transfer", &ada, &moving).await;
    assert!(refused.header("location").starts_with(&format!("{PAGE}?refused=stock-not-free&free=7&draft=")));
    let counting =
        format!("{}&counted=3&count_at={berlin}%3A7&count_mode=fewer&count_note=broken", hidden(page.text()));
    post(&server, "stock-adjust", &ada, &counting).await.assert_sends_to(&format!("{PAGE}?done=stock-adjusted"));
    let page = get(&server, PAGE, &ada).await;
    let stale = format!("{}&counted=3&count_at={berlin}%3A7&count_mode=is&count_note=again", hidden(page.text()));
    let refused = post(&server, "stock-adjust", &ada, &stale).await;
    assert!(refused.header("location").starts_with(&format!("{PAGE}?refused=stock-changed&draft=")));
    let threshold = format!("{}&threshold=60", hidden(page.text()));
    post(&server, "stock-threshold", &ada, &threshold).await.assert_sends_to(&format!("{PAGE}?done=threshold-saved"));
    let page = get(&server, PAGE, &ada).await;
    assert!(page.text().contains("54 available in all warehouses") && page.text().contains("(low)"), "{}", page.text());
    server.stop().await;
}

#[tokio::test]
async fn what_was_typed_wrong_is_shown_beside_its_field() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = admin(&server).await;
    let own = hidden(get(&server, PAGE, &ada).await.text());
    let forms = [
        ("stock-receive", "received=-1&receive_at=nowhere"),
        ("stock-adjust", "counted=many&count_at=x"),
        ("stock-transfer", "moved=&move_from=&move_to="),
        ("stock-threshold", "threshold=1e99"),
    ];
    for (action, form) in forms {
        let answer = post(&server, action, &ada, &format!("{own}&{form}")).await;
        let location = answer.header("location").to_owned();
        assert!(location.starts_with(&format!("{PAGE}?draft=")), "{action}: {location}");
        let cart = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        let page = get(&server, &location, &format!("{ada}; {cart}")).await;
        assert!(page.text().contains("Please check these entries"), "{action}");
        assert!(page.text().contains("Enter a whole number that is not too large"), "{action}");
    }
    post(&server, "stock-receive", &ada, "received=1").await.assert_sends_to("/admin/inventory?refused=unreadable");
    let answer = post(&server, "location", &ada, "location_name=&priority=x&country=XX").await;
    assert!(answer.header("location").starts_with("/admin/locations/new?draft="), "{}", answer.header("location"));
    for missing in ["/admin/inventory/NOTHING", "/admin/inventory/%00", "/admin/locations/nowhere"] {
        assert_eq!(get(&server, missing, &ada).await.status, 404, "{missing}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_was_typed_is_shown_again_whatever_was_in_the_way() {
    let server = Server::start(Kind::Sqlite).await;
    fill(&server.shop).await;
    let ada = admin(&server).await;
    let berlin = "location_name=Berlin&country=DE&postal_code=10115&city=Berlin&line1=Ladestr.+1&priority=2&active=on";
    post(&server, "location", &ada, berlin).await;
    let page = get(&server, PAGE, &ada).await;
    let own = hidden(page.text());
    let from = between(page.text(), "name=\"move_from\">", "</select>").to_owned();
    let id = |name: &str| {
        let option = from.split("<option").find(|option| option.contains(name)).expect(name);
        between(option, "value=\"", "\"").to_owned()
    };
    let (main, berlin_id) = (id("Main warehouse"), id("Berlin"));
    post(&server, "stock-receive", &ada, &format!("{own}&received=1&receive_at={main}")).await;
    let location = |line1: &str| {
        format!(
            "id={berlin_id}&version=1&location_name=Berlin&country=DE&line1={line1}&city=Berlin&priority=2&active=on"
        )
    };
    post(&server, "location", &ada, &location("Hafen+2")).await;
    let moving = format!("&moved=52&move_from={main}&move_to={berlin_id}&move_note=By+van");
    let another = hidden(get(&server, PAGE, &ada).await.text());
    let place = format!("/admin/locations/{berlin_id}");
    let forms = [
        ("stock-transfer", format!("{another}{moving}"), PAGE, "stock-not-free", ["Only 51 can be moved", "By van"]),
        ("stock-transfer", format!("{own}{moving}"), PAGE, "form-used", ["which is done", "By van"]),
        (
            "location",
            format!("{berlin}&line2=Hall+7"),
            "/admin/locations/new",
            "location-name",
            ["another location", "Hall 7"],
        ),
        ("location", location("Kanal+3"), place.as_str(), "location-changed", ["Somebody has changed", "Kanal 3"]),
    ];
    for (action, form, path, code, parts) in forms {
        let answer = post(&server, action, &ada, &form).await;
        let location = answer.header("location").to_owned();
        assert!(location.starts_with(&format!("{path}?refused={code}&")), "{action}: {location}");
        let cart = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        let page = get(&server, &location, &format!("{ada}; {cart}")).await;
        for part in parts {
            assert!(page.text().contains(part), "{part} is not in {}", page.text());
        }
    }
    server.stop().await;
}
