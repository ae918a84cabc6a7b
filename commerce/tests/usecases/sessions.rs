//! Guest sessions with a real Redis in front of the database, and without it.

use crate::harness::{TestShop, services_missing};
use commerce::cart::CartSummary;
use commerce::cart::sessions::Sessions;
use commerce::checkout::Step;
use fred::prelude::{Builder, ClientLike, Config, KeysInterface, Pool, ReconnectPolicy};
use futures::FutureExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// One of these tests ends Redis: they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

async fn redis() -> Option<Pool> {
    let url = std::env::var("TEST_REDIS_URL").ok().or_else(|| services_missing("TEST_REDIS_URL"))?;
    let pool = Builder::from_config(Config::from_url(&url).expect("an address"))
        .set_policy(ReconnectPolicy::new_constant(0, 50))
        .build_pool(2)
        .expect("a pool");
    pool.init().await.expect("Redis can be reached");
    Some(pool)
}

fn service(action: &str) {
    let control = std::env::var("TEST_SERVICES").expect("with-services sets it");
    let status = Command::new(control).args(["redis", action]).status().expect("it can be run");
    assert!(status.success(), "redis {action}");
}

async fn summary(shop: &TestShop, hash: &str) -> (u64, Option<CartSummary>) {
    let (statements, summary) = shop.statements(shop.sessions.summary(&shop.db, hash)).await;
    (statements, summary.expect("an answer"))
}

async fn kept(redis: &Pool, hash: &str) -> Option<String> {
    redis.get(format!("emporion:guest:{hash}")).await.expect("Redis answers")
}

both_databases! {
    async fn who_leaves_while_an_order_is_placed_has_its_cart_no_more(shop: TestShop) {
        let _turn = TURN.lock().await;
        let Some(redis) = redis().await else { return };
        let shop = shop.through(|parts| parts.sessions = Sessions::with_redis(redis.clone())).await;
        shop.sells("MUG", 1_290, 50).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let hash = guest.token().hash();
        assert_eq!(summary(&shop, &hash).await.1.map(|cart| cart.items), Some(2));
        let agreement = guest.agreement().await;
        assert!(guest.place_as(agreement).now_or_never().is_none(), "nobody waits for the answer");
        let noted = async {
            while kept(&redis, &hash).await.is_none_or(|kept| !kept.ends_with('?')) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), noted).await.expect("it is placed all the same");
        assert_eq!(summary(&shop, &hash).await.1, None);
        assert_eq!(shop.count("orders").await, 1);
    }

    async fn redis_answers_instead_of_the_database(shop: TestShop) {
        let _turn = TURN.lock().await;
        let Some(redis) = redis().await else { return };
        let shop = shop.through(|parts| parts.sessions = Sessions::with_redis(redis.clone())).await;
        shop.sells("MUG", 1_290, 50).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        let hash = guest.token().hash();
        let two = Some(CartSummary { version: 1, items: 2 });
        assert_eq!(summary(&shop, &hash).await, (1, two), "read once");
        assert_eq!(summary(&shop, &hash).await, (0, two), "then kept");
        guest.add("MUG", 3).await.expect("added");
        assert_eq!(summary(&shop, &hash).await, (1, Some(CartSummary { version: 2, items: 5 })));
        guest.set("MUG", 4).await.expect("changed");
        guest.remove("MUG").await.expect("removed");
        assert_eq!(summary(&shop, &hash).await.1, Some(CartSummary { version: 4, items: 0 }));
        assert_eq!(summary(&shop, "unknown").await, (1, None));
        let seconds: i64 = redis.ttl(format!("emporion:guest:{hash}")).await.expect("Redis answers");
        assert!((29 * 86_400..=30 * 86_400).contains(&seconds), "{seconds}");
        assert!(kept(&redis, guest.token().as_str()).await.is_none(), "the token itself is nowhere");
    }

    async fn what_is_newer_wins_whoever_comes_last(shop: TestShop) {
        let _turn = TURN.lock().await;
        let Some(redis) = redis().await else { return };
        let shop = shop.through(|parts| parts.sessions = Sessions::with_redis(redis.clone())).await;
        shop.sells("MUG", 1_290, 50).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        let hash = guest.token().hash();
        shop.sessions.changed(&hash, 7).await;
        assert_eq!(summary(&shop, &hash).await, (1, Some(CartSummary { version: 1, items: 2 })));
        assert_eq!(kept(&redis, &hash).await.as_deref(), Some("7 ?"), "a page that read before the change is too late");
        shop.execute("UPDATE carts SET version = 9", []).await;
        shop.sessions.changed(&hash, 8).await;
        shop.sessions.changed(&hash, 6).await;
        assert_eq!(kept(&redis, &hash).await.as_deref(), Some("8 ?"));
        assert_eq!(summary(&shop, &hash).await.1, Some(CartSummary { version: 9, items: 2 }));
        assert_eq!(kept(&redis, &hash).await.as_deref(), Some("9 2"));
    }

    async fn a_page_read_while_the_order_is_placed_does_not_bring_the_cart_back(shop: TestShop) {
        let _turn = TURN.lock().await;
        let Some(redis) = redis().await else { return };
        let shop = shop.through(|parts| parts.sessions = Sessions::with_redis(redis.clone())).await;
        shop.sells("MUG", 1_290, 50).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("reviewed");
        let hash = guest.token().hash();
        // Redis is told that the cart has ended, then the page writes what it had read just before.
        shop.sessions.ended(std::slice::from_ref(&hash)).await;
        assert_eq!(summary(&shop, &hash).await.1.map(|summary| summary.items), Some(2));
        let silent = shop.through(|_| {}).await;
        guest.at(&silent).place().await.expect("placed");
        assert_eq!(summary(&shop, &hash).await, (1, None));
    }

    async fn shopping_goes_on_without_redis(shop: TestShop) {
        let _turn = TURN.lock().await;
        let Some(redis) = redis().await else { return };
        let shop = shop.through(|parts| parts.sessions = Sessions::with_redis(redis.clone())).await;
        shop.sells("MUG", 1_290, 50).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        let hash = guest.token().hash();
        let items = async || summary(&shop, &hash).await.1.map(|summary| summary.items);
        assert_eq!(items().await, Some(2));
        service("stop");
        let begun = Instant::now();
        assert_eq!(items().await, Some(2));
        guest.add("MUG", 3).await.expect("added without Redis");
        assert_eq!(items().await, Some(5));
        assert!(begun.elapsed() < Duration::from_secs(2), "nobody waits long for what is gone: {:?}", begun.elapsed());
        service("start");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            assert_eq!(items().await, Some(5), "right, whether Redis is back or not");
            if summary(&shop, &hash).await.0 == 0 {
                break;
            }
            assert!(Instant::now() < deadline, "Redis is back but not used");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        guest.add("MUG", 1).await.expect("added");
        assert_eq!(items().await, Some(6));
    }
}
