//! The health of the shop and of what it depends on.

use crate::harness::{Kind, Place, Server, databases, variable};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_healthy_shop_says_so() {
    for kind in databases() {
        let server = Server::start(kind).await;
        for path in ["/api/health", "/api/health/ready"] {
            let answer = server.get(path).await;
            assert_eq!(answer.status, 200, "{kind:?}");
            assert_eq!(answer.header("cache-control"), "no-store");
            let report = answer.json();
            assert_eq!(report["status"], "ok");
            assert_eq!(report["checks"]["database"]["status"], "ok");
            assert!(report["checks"]["database"]["latency_ms"].is_number(), "{report}");
            assert!(report["checks"]["redis"].is_null(), "there is none: {report}");
        }
        let live = server.get("/api/health/live").await;
        assert_eq!((live.status.as_u16(), live.json()["status"].as_str()), (200, Some("ok")));
        server.stop().await;
    }
}

#[tokio::test]
async fn without_its_database_it_lives_but_is_not_ready() {
    let server = Server::start(Kind::Sqlite).await;
    server.shop.db.read().close_by_ref().await.expect("closed");
    let ready = server.get("/api/health/ready").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["checks"]["database"]["status"], "unavailable");
    assert_eq!(server.get("/api/health/live").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn without_redis_it_is_open() {
    // A port that is free now, and where nobody listens.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://{}", free.local_addr().expect("an address"));
    drop(free);
    let started = Instant::now();
    let server = Server::start_at(Place::new(Kind::Sqlite).await.with("REDIS_URL", &url)).await;
    assert!(started.elapsed() < Duration::from_secs(10), "it doesn't wait for Redis");
    let ready = server.get("/api/health/ready").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["status"], "degraded");
    assert_eq!(ready.json()["checks"]["redis"]["status"], "degraded");
    let cookie = [("cookie", "cart=AAAAAAAAAAAAAAAAAAAAAA")];
    let started = Instant::now();
    assert_eq!(server.get_with("/", &cookie).await.status, 200);
    assert!(started.elapsed() < Duration::from_secs(2), "pages don't wait for Redis either");
    server.stop().await;
}

#[tokio::test]
async fn with_redis_it_says_how_redis_is() {
    let Some(url) = variable("TEST_REDIS_URL") else { return };
    let server = Server::start_at(Place::new(Kind::Sqlite).await.with("REDIS_URL", &url)).await;
    let mut report = server.get("/api/health").await.json();
    for _ in 0..50 {
        if report["checks"]["redis"]["status"] == "ok" {
            break;
        }
        // It connects in the background.
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = server.get("/api/health").await.json();
    }
    assert_eq!(report["status"], "ok", "{report}");
    server.stop().await;
}
