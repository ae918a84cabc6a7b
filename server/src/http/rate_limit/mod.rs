//! How often one client may ask for what costs something.
//!
//! What is asked of the API is counted, and every request that may change
//! something; pages and files are free. A request of its own kind (a guess at
//! a password, an order …) is counted by the limit of that kind alone, for its
//! address and for the account that it is made by. Every other is counted for
//! its account, and where it has none, for the guest and for the address that
//! guests share.
//!
//! Limits hold for every window of their length, not just for those that a
//! counter begins. With Redis they hold for all replicas together. Each process
//! keeps counts of its own beside it: so that who is refused anyway doesn't
//! reach Redis, and so that everything stays limited when Redis is gone.

mod answer;
mod class;
mod memory;
mod redis;

use crate::limits::{Limit, Limits};
use class::Class;
use commerce::Shop;
use commerce::accounts::UserId;
use commerce::clock::Clock;
use commerce::token::Token;
use fred::clients::Pool;
use memory::Memory;
use redis::Redis;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

pub use answer::enforce;
pub use class::is_api;

/// Whom a request is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    /// Everybody at an address.
    Address(IpAddr),
    /// A guest, by what the hash of their token begins with.
    Guest(u128),
    /// An account.
    Account(UserId),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "address:{address}"),
            Self::Guest(guest) => write!(f, "guest:{guest:032x}"),
            Self::Account(user) => write!(f, "account:{user}"),
        }
    }
}

/// One of the limits that a request is counted by.
#[derive(Clone, Copy, Debug)]
struct Charge {
    /// What the limit is called.
    policy: &'static str,
    who: Who,
    limit: Limit,
}

/// How a limit stands. Times are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    /// Requests in the window that ends now.
    used: u32,
    /// How long until the oldest of them leaves it.
    reset: i64,
    /// How long until there is room for another; 0 where there is.
    wait: i64,
}

impl Count {
    fn none(window: i64) -> Self {
        Self { used: 0, reset: window, wait: 0 }
    }

    fn is_full(&self) -> bool {
        self.wait > 0
    }

    /// The same with the request at hand.
    fn with_this(self) -> Self {
        Self { used: self.used + 1, ..self }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Who makes a request, as far as that is known.
#[derive(Clone, Copy, Debug)]
struct Client {
    address: IpAddr,
    guest: Option<u128>,
    account: Option<UserId>,
}

impl Client {
    fn new(address: IpAddr, guest: Option<&Token>, account: Option<UserId>) -> Self {
        let guest = guest.and_then(|token| u128::from_str_radix(token.hash().get(..32)?, 16).ok());
        Self { address: commerce::network::network(address), guest, account }
    }
}

/// Counts requests and says which are too many.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    clock: Clock,
    memory: Memory,
    redis: Option<Redis>,
}

impl Limiter {
    /// A limiter for a shop, which shares its counts through Redis where there is one.
    pub fn new(limits: Limits, shop: &Shop, redis: Option<Pool>) -> Self {
        Self::at(limits, shop.clock.clone(), redis)
    }

    fn at(limits: Limits, clock: Clock, redis: Option<Pool>) -> Self {
        let redis = redis.map(|pool| Redis::new(pool, clock.clone()));
        Self { limits, clock, memory: Memory::default(), redis }
    }

    /// The limits that a request is counted by.
    fn charges(&self, class: Class, client: Client) -> Vec<Charge> {
        let limits = &self.limits;
        let address = Who::Address(client.address);
        let account = client.account.map(Who::Account);
        let own = |policy, of_account, limit| {
            let account = account.map(|who| Charge { policy: of_account, who, limit });
            std::iter::once(Charge { policy, who: address, limit }).chain(account).collect()
        };
        match (class, account) {
            (Class::SignIn, _) => own("sign-in", "sign-in-account", limits.sign_in),
            (Class::Registration, _) => own("registration", "registration-account", limits.registration),
            (Class::Orders, _) => own("orders", "orders-account", limits.orders),
            (Class::Search, _) => own("search", "search-account", limits.search),
            (Class::Other, Some(who)) => vec![Charge { policy: "signed-in", who, limit: limits.signed_in }],
            (Class::Other, None) => vec![
                Charge { policy: "anonymous", who: client.guest.map_or(address, Who::Guest), limit: limits.anonymous },
                Charge { policy: "address", who: address, limit: limits.address },
            ],
        }
    }

    /// Counts a request, unless one of its limits is reached.
    async fn take(&self, charges: &[Charge]) -> Vec<Count> {
        let now = self.clock.now().timestamp_micros();
        let Some(redis) = &self.redis else { return self.memory.take(charges, now) };
        let here = self.memory.look(charges, now);
        if here.iter().any(Count::is_full) {
            return here;
        }
        match redis.take(charges).await {
            Some(counts) => {
                if !counts.iter().any(Count::is_full) {
                    self.memory.note(charges, now);
                }
                counts
            }
            None => self.memory.take(charges, now),
        }
    }
}

#[cfg(test)]
mod tests;
