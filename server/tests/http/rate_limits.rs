//! Limits: what is counted, for whom, and what one is told.

use crate::fixture::{PRODUCT, fill};
use crate::harness::{Answer, Kind, Place, Server, databases, variable};
use hyper::Method;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// One of these tests ends Redis: they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

const SIGN_IN: &str = "/actions/auth/signin";

/// A shop that lets two sign-ins, three accounts and four other things through in an hour.
async fn strict(kind: Kind) -> Place {
    let limits = [
        ("RATE_LIMIT_SIGN_IN", "2/1h"),
        ("RATE_LIMIT_REGISTRATION", "3/1h"),
        ("RATE_LIMIT_ANONYMOUS", "4/1h"),
        ("RATE_LIMIT_ADDRESS", "6/1h"),
        ("RATE_LIMIT_SIGNED_IN", "8/1h"),
    ];
    limits.into_iter().fold(Place::new(kind).await, |place, (name, limit)| place.with(name, limit))
}

async fn guess(server: &Server) -> Answer {
    server.submit(SIGN_IN, "/auth/signin", "email=ada%40example.org&password=wrong").await
}

#[tokio::test]
async fn guesses_are_limited_and_a_page_says_how_long() {
    for kind in databases() {
        let server = Server::start_at(strict(kind).await).await;
        for left in [1, 0] {
            let answer = guess(&server).await;
            assert_eq!(answer.status, 303);
            assert_eq!(answer.header("ratelimit-policy"), "\"sign-in\";q=2;w=3600");
            let standing = answer.header("ratelimit");
            assert!(standing.starts_with(&format!("\"sign-in\";r={left};t=3")), "{standing}");
            assert_eq!(answer.header("retry-after"), "");
        }
        let refused = guess(&server).await;
        assert_eq!(refused.status, 429);
        assert!(refused.header("ratelimit").starts_with("\"sign-in\";r=0;t=3"), "{}", refused.header("ratelimit"));
        let seconds: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!((3_500..=3_600).contains(&seconds), "{seconds}");
        assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
        assert!(refused.text().contains("Please wait 1 hour."), "{}", refused.text());
        assert_eq!(refused.header("cache-control"), "no-store");

        // The ways around are the same limit; others have their own.
        for path in ["/actions/auth/forgot", "/actions/auth/reset", "/actions/auth/verify", "/actions/account/password"]
        {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let answer = server.send(Method::POST, path, &headers, "email=ada%40example.org").await;
            answer.assert_problem(429, "too-many-requests");
        }
        assert_eq!(server.submit("/actions/cart/clear", "/cart", "").await.status, 303);
        assert_eq!(server.submit("/actions/auth/register", "/auth/register", "").await.status, 303);
        server.stop().await;
    }
}

#[tokio::test]
async fn pages_files_and_health_are_free() {
    let server = Server::start_at(strict(Kind::Sqlite).await).await;
    fill(&server.shop).await;
    for _ in 0..10 {
        for path in ["/", PRODUCT, "/auth/signin", "/pkg/emporion.css", "/api/health", "/api/health/live"] {
            let answer = server.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("ratelimit"), "", "{path}");
        }
    }
    for left in [3, 2, 1, 0] {
        let answer = server.get("/api/nowhere").await;
        answer.assert_problem(404, "not-found");
        assert_eq!(answer.header("ratelimit-policy"), "\"anonymous\";q=4;w=3600, \"address\";q=6;w=3600");
        assert!(answer.header("ratelimit").starts_with(&format!("\"anonymous\";r={left};t=")));
    }
    server.get("/api/nowhere").await.assert_problem(429, "too-many-requests");
    assert_eq!(server.get("/").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn nobody_escapes_by_saying_who_they_are() {
    let server = Server::start_at(strict(Kind::Sqlite).await).await;
    for number in 0..2 {
        let forwarded = format!("203.0.113.{number}");
        let answer = server.send(Method::POST, SIGN_IN, &[("x-forwarded-for", &forwarded)], "").await;
        assert_ne!(answer.status, 429);
    }
    let headers = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"), ("x-real-ip", "203.0.113.9")];
    server.send(Method::POST, SIGN_IN, &headers, "").await.assert_problem(429, "too-many-requests");

    // As another guest each time one is at the same address still, and a session that is none makes nobody a member.
    let mut answers = Vec::new();
    for number in 0..8 {
        let cookies = format!("cart={number}AAAAAAAAAAAAAAAAAAAAA; session={number}AAAAAAAAAAAAAAAAAAAAA");
        answers.push(server.get_with("/api/nowhere", &[("cookie", &cookies)]).await.status.as_u16());
    }
    assert_eq!(answers, [404, 404, 404, 404, 404, 404, 429, 429]);
    server.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_clients_are_counted_by_their_own_address() {
    let place = strict(Kind::Sqlite).await.with("TRUSTED_PROXIES", "127.0.0.1");
    let server = Server::start_at(place).await;
    let from = async |address: &str| {
        let answer = server.send(Method::POST, SIGN_IN, &[("x-forwarded-for", address)], "").await;
        answer.status == 429
    };
    assert!(!from("203.0.113.1").await && !from("203.0.113.1").await && from("203.0.113.1").await);
    assert!(!from("203.0.113.2").await);
    assert!(!from("2001:db8::1").await && !from("2001:db8::2").await);
    assert!(from("2001:db8::3").await, "a household is one client");
    assert!(!from("2001:db8:0:1::3").await);
    server.stop().await;
}

#[tokio::test]
async fn another_site_uses_up_nobodys_tries() {
    let server = Server::start_at(strict(Kind::Sqlite).await).await;
    for _ in 0..5 {
        let answer = server.send(Method::POST, SIGN_IN, &[("sec-fetch-site", "cross-site")], "").await;
        answer.assert_problem(403, "cross-origin");
    }
    assert_eq!(guess(&server).await.status, 303);
    server.stop().await;
}

#[tokio::test]
async fn replicas_share_limits_and_keep_them_without_redis() {
    let _turn = TURN.lock().await;
    let (Some(url), Some(control)) = (variable("TEST_REDIS_URL"), variable("TEST_SERVICES")) else { return };
    let service = |action: &str| {
        let status = Command::new(&control).args(["redis", action]).status().expect("it can be run");
        assert!(status.success(), "redis {action}");
    };
    let place = async || strict(Kind::Sqlite).await.with("REDIS_URL", &url).with("TRUSTED_PROXIES", "127.0.0.1");
    let replicas = [Server::start_at(place().await).await, Server::start_at(place().await).await];
    for replica in &replicas {
        while replica.get("/api/health").await.json()["checks"]["redis"]["status"] != "ok" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // Redis may know those of other tests.
    let new_client = || std::net::Ipv6Addr::from_bits(uuid::Uuid::now_v7().as_u128() << 64).to_string();
    let tries = async |server: &Server, address: &str| {
        server.send(Method::POST, SIGN_IN, &[("x-forwarded-for", address)], "").await.status != 429
    };
    let shared = new_client();
    assert!(tries(&replicas[0], &shared).await && tries(&replicas[1], &shared).await);
    assert!(!tries(&replicas[0], &shared).await && !tries(&replicas[1], &shared).await);
    let known = new_client();
    assert!(tries(&replicas[0], &known).await && tries(&replicas[0], &known).await);

    service("stop");
    let started = Instant::now();
    assert!(!tries(&replicas[0], &known).await, "what it has let through itself it knows");
    let fresh = new_client();
    assert!(tries(&replicas[0], &fresh).await && tries(&replicas[0], &fresh).await);
    assert!(!tries(&replicas[0], &fresh).await, "it is limited at once");
    assert_eq!(replicas[0].get("/api/nowhere").await.status, 404, "everything else goes on");
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for Redis");
    service("start");
    for replica in replicas {
        replica.stop().await;
    }
}
