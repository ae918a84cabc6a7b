//! Whoever asks about an address learns nothing of whether there is an account or an order with it: not by words,
//! not by the status, and not by how long an answer takes.

use crate::fixture::fill;
use crate::harness::{Answer, Kind, Place, Server};
use crate::workers::buy;
use commerce::accounts::{Password, Registration, create_admin};
use commerce::db::sql;
use sea_orm::ConnectionTrait;
use std::time::{Duration, Instant};

/// How often each is asked, in turns: whatever else goes on meets both alike.
const ROUNDS: usize = 25;

/// How many times longer one may take than the other. Without the work that makes them alike it is ten times and more
/// where a password is hashed; what is left is within the noise of a busy machine.
const LIKE: f64 = 2.0;

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

/// Where the browser is sent, without what is new each time.
fn told(answer: &Answer) -> (u16, String) {
    let location = answer.header("location").split("draft=").next().unwrap_or_default().to_owned();
    (answer.status.as_u16(), location)
}

async fn alike(server: &Server, path: &str, known: impl Fn(usize) -> String, unknown: impl Fn(usize) -> String) {
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut answers = Vec::new();
        for (form, times) in [(known(round), &mut known_times), (unknown(round), &mut unknown_times)] {
            let started = Instant::now();
            answers.push(told(&server.submit(path, "/", form).await));
            times.push(started.elapsed());
        }
        assert_eq!(answers[0], answers[1], "{path}");
        assert_eq!(answers[0].0, 303, "{path}");
    }
    let (known, unknown) = (median(known_times), median(unknown_times));
    let times = (known / unknown).max(unknown / known);
    assert!(times < LIKE, "{path}: {:.1} ms with an account, {:.1} ms without", known * 1e3, unknown * 1e3);
}

#[tokio::test]
async fn answers_tell_nobody_who_has_an_account_or_an_order() {
    // Slowing down is for another test; it would only make this one long.
    let server = Server::start_at(Place::new(Kind::Sqlite).await).await;
    let shop = &server.shop;
    fill(shop).await;
    let somebody = |number: usize| format!("person{number}@example.com");
    let password = Password::new(Some("correct horse battery staple")).expect("long enough");
    for number in 0..ROUNDS {
        let registration = Registration { name: "Ada".to_owned(), email: somebody(number), password: password.clone() };
        create_admin::create_admin(shop, &registration).await.expect("made");
    }
    let nobody = |number: usize| format!("nobody{number}@example.com");
    let guess = |email: String| format!("email={email}&password=not+the+password");
    alike(&server, "/actions/auth/signin", |n| guess(somebody(n)), |n| guess(nobody(n))).await;
    let register = |email: String| format!("name=Ada&email={email}&password=a+long+enough+password");
    alike(&server, "/actions/auth/register", |n| register(somebody(n)), |n| register(nobody(n))).await;
    let forgot = |email: String| format!("email={email}");
    let others = |n: usize| format!("other{n}@example.com");
    alike(&server, "/actions/auth/forgot", |n| forgot(somebody(n)), |n| forgot(others(n))).await;

    buy(shop).await;
    let db = shop.db.primary();
    let row = db.query_one_raw(sql(db, "SELECT number FROM orders", [])).await.expect("read").expect("an order");
    let number: String = row.try_get("", "number").expect("a number");
    let lookup = |number: &str| format!("order_number={number}&email=nobody@example.com");
    alike(&server, "/actions/orders/lookup", |_| lookup(&number), |_| lookup("E-7K3M-9QXP")).await;
    server.stop().await;
}
