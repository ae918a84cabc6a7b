//! Which limits a request is counted by, and that replicas share them.

use super::*;
use chrono::TimeDelta;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::Builder;
use fred::types::config::{Config, ReconnectPolicy};
use std::net::Ipv4Addr;
use std::sync::Arc;

pub fn address(number: u32) -> Who {
    Who::Address(Ipv4Addr::from_bits(number).into())
}

pub fn charge(policy: &'static str, who: Who, limit: &str) -> Charge {
    Charge { policy, who, limit: limit.parse().expect("a limit") }
}

fn policies(class: Class, client: Client) -> Vec<(&'static str, String)> {
    let limiter = Limiter::at(Limits::default(), Clock::manual(), None);
    let charges = limiter.charges(class, client);
    charges
        .iter()
        .map(|charge| (charge.policy, charge.who.to_string().split(':').next().unwrap_or_default().to_owned()))
        .collect()
}

#[test]
fn each_kind_is_counted_for_address_and_account() {
    let address = "2001:db8::1".parse().expect("an address");
    let token = Token::random();
    let user = UserId::new(Clock::System.now());
    let (guest, member) = (Client::new(address, Some(&token), None), Client::new(address, Some(&token), Some(user)));
    let named = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(a, b)| (*a, (*b).to_owned())).collect::<Vec<_>>();
    assert_eq!(policies(Class::SignIn, guest), named(&[("sign-in", "address")]));
    assert_eq!(policies(Class::Orders, member), named(&[("orders", "address"), ("orders-account", "account")]));
    assert_eq!(policies(Class::Other, guest), named(&[("anonymous", "guest"), ("address", "address")]));
    let nobody = Client::new(address, None, None);
    assert_eq!(policies(Class::Other, nobody), named(&[("anonymous", "address"), ("address", "address")]));
    assert_eq!(policies(Class::Other, member), named(&[("signed-in", "account")]));
}

/// Connections to the Redis for tests, where there is one.
async fn redis() -> Option<Pool> {
    let url = std::env::var("TEST_REDIS_URL").ok().filter(|url| !url.is_empty())?;
    let pool = Builder::from_config(Config::from_url(&url).expect("an address"))
        .set_policy(ReconnectPolicy::new_constant(0, 50))
        .build_pool(2)
        .expect("a pool");
    pool.init().await.expect("Redis can be reached");
    Some(pool)
}

fn nobody_else() -> Who {
    Who::Guest(uuid::Uuid::now_v7().as_u128())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_let_no_more_through_together_than_the_limit() {
    let Some(pool) = redis().await else { return };
    let replicas = [1, 2].map(|_| Arc::new(Limiter::at(Limits::default(), Clock::System, Some(pool.clone()))));
    let (own, shared) = (charge("own", nobody_else(), "1000/1h"), charge("shared", nobody_else(), "50/1h"));
    let requests: Vec<_> = (0..300)
        .map(|number| {
            let replica = replicas[number % 2].clone();
            tokio::spawn(async move { replica.take(&[own, shared]).await })
        })
        .collect();
    let mut allowed = Vec::new();
    for request in requests {
        let counts = request.await.expect("ran");
        if !counts.iter().any(Count::is_full) {
            allowed.push((counts[0].used, counts[1].used));
        }
    }
    allowed.sort_unstable();
    let expected: Vec<_> = (1..=50).map(|used| (used, used)).collect();
    assert_eq!(allowed, expected, "each is counted once, and those refused by none of the limits");
}

#[tokio::test]
async fn redis_counts_as_the_process_does() {
    let Some(pool) = redis().await else { return };
    let clock = Clock::manual();
    let (redis, memory) = (Redis::new(pool.clone(), clock.clone()), Memory::default());
    let charges = [charge("narrow", nobody_else(), "3/10s"), charge("wide", nobody_else(), "5/25s")];
    for pause in [0, 1, 8, 0, 1, 1, 1, 7, 1, 1, 0, 9, 30, 0, 0, 0] {
        clock.advance(TimeDelta::seconds(pause));
        let expected = memory.take(&charges, clock.now().timestamp_micros());
        assert_eq!(redis.take(&charges).await.expect("Redis answers"), expected);
    }
    for (charge, most) in charges.iter().zip([10_000, 25_000]) {
        let key = format!("emporion:{{limits}}:{}:{}", charge.policy, charge.who);
        let millis: i64 = pool.pttl(key).await.expect("Redis answers");
        assert!((1..=most).contains(&millis), "what is not used is forgotten: {millis}");
    }
}

#[tokio::test]
async fn what_replicas_have_counted_is_known_in_the_process_too() {
    let Some(pool) = redis().await else { return };
    let limiter = Limiter::at(Limits::default(), Clock::System, Some(pool.clone()));
    let charge = charge("x", nobody_else(), "2/1h");
    for used in 1..=2 {
        assert_eq!(limiter.take(&[charge]).await[0].used, used);
    }
    // Redis forgets: it was started anew.
    let _: i64 = pool.del(format!("emporion:{{limits}}:x:{}", charge.who)).await.expect("Redis answers");
    assert!(limiter.take(&[charge]).await[0].is_full());
}
