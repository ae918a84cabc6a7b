//! What staff see of the outbox.

use crate::harness::{Kind, Server};
use commerce::accounts::{Device, Password, Registration, create_admin, sign_in};
use commerce::db::sql;
use hyper::Method;
use sea_orm::ConnectionTrait;

const PASSWORD: &str = "correct horse battery staple";

#[tokio::test]
async fn staff_see_what_was_given_up_and_have_it_delivered_again() {
    let server = Server::start(Kind::Sqlite).await;
    let shop = &server.shop;
    let password = Password::new(Some(PASSWORD)).expect("long enough");
    let registration =
        Registration { name: "Ada".to_owned(), email: "ada@example.org".to_owned(), password: password.clone() };
    create_admin::create_admin(shop, &registration).await.expect("made");
    let token = sign_in::sign_in(shop, "ada@example.org", &password, &Device::default()).await.expect("signed in");
    let cookie = format!("session={}", token.session().expect("no second factor").as_str());
    let page = async |path: &str| {
        server.get_with(path, &[("accept", "text/html"), ("cookie", &cookie)]).await.text().to_owned()
    };
    assert!(page("/admin/events").await.contains("Everything that has happened was delivered."));

    // Of a handler that there is not: nobody delivers them meanwhile.
    let db = shop.db.primary();
    for number in 0..60 {
        let id = uuid::Uuid::now_v7();
        let text =
            "INSERT INTO events (id, kind, kind_version, aggregate_id, aggregate_version, data, metadata, occurred_at)
                    VALUES ($1, 'OrderPlaced', 1, $1, 1, '{}', '{}', $2)";
        db.execute_raw(sql(db, text, [id.into(), shop.clock.now().into()])).await.expect("written");
        let text = "INSERT INTO event_deliveries (event_id, handler, aggregate_id, state, attempts, due_at, error)
                    VALUES ($1, 'retired', $1, 'dead', 12, $2, $3)";
        let values = [id.into(), shop.clock.now().into(), format!("problem <{number}>").into()];
        db.execute_raw(sql(db, text, values)).await.expect("written");
    }
    let first = page("/admin/events").await;
    assert!(first.contains("problem &lt;59&gt;") && !first.contains("problem &lt;9&gt;"), "{first}");
    let older = first.split("href=\"").find(|part| part.starts_with("/admin/events?before=")).expect("there is more");
    let older = older.split('"').next().expect("an address").replace("&amp;", "&");
    let second = page(&older).await;
    assert!(second.contains("problem &lt;9&gt;") && !second.contains("problem &lt;10&gt;"));

    let dead = async || {
        let text = "SELECT COUNT(*) AS n FROM event_deliveries WHERE state = 'dead'";
        let row = db.query_one_raw(sql(db, text, [])).await.expect("read").expect("a row");
        row.try_get::<i64>("", "n").expect("a number")
    };
    let event = first.split("name=\"event\" value=\"").nth(1).and_then(|part| part.split('"').next()).expect("a form");
    let send = async |form: String| {
        let headers = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let answer = server.send(Method::POST, "/actions/admin/replay-events", &headers, form).await;
        answer.assert_sends_to("/admin/events?done=events-replayed");
    };
    send(format!("event={event}&handler=other")).await;
    assert_eq!(dead().await, 60, "that handler has not failed with it");
    send(format!("event={event}&handler=retired")).await;
    assert_eq!(dead().await, 59);
    send(String::new()).await;
    assert_eq!(dead().await, 0);
    let log = page("/admin/audit?action=events-replayed").await;
    assert_eq!((log.matches("(event: ").count(), log.matches("(events: 59)").count()), (1, 1), "{log}");
    server.stop().await;
}
