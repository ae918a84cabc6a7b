//! The shop, its database and Redis are ended at any moment while people buy, pay and get their money back.

use crate::books;
use crate::client::{Fault, unexpected};
use crate::place::{Database, Place, Shop};
use crate::shelf::Shelf;
use crate::shopper::{Asks, End, buy};
use crate::till::{Journal, Till, Told};
use crate::{Arguments, Failure};
use commerce::payments::test_gateway::Scenario;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How many buy at the same time.
const SHOPPERS: u8 = 8;

/// How many things there are to buy.
const ARTICLES: usize = 10;

/// There is enough for all: this is about money.
const STOCK: i64 = 1_000_000;

/// How much staff give back at a time, in minor units and as they type it.
const BACK: (i64, &str) = (100, "1.00");

const STAFF: &str = "staff@example.org";
const PASSWORD: &str = "correct horse battery staple";

/// The server of the shop, which is killed and opened again.
struct Victim {
    place: Arc<Place>,
    shop: Option<Shop>,
    open_at: watch::Sender<Option<SocketAddr>>,
}

impl Victim {
    async fn open(&mut self) -> Result<(), Failure> {
        let place = self.place.clone();
        let shop = tokio::task::spawn_blocking(move || place.open("warn")).await??;
        self.open_at.send_replace(Some(shop.address));
        self.shop = Some(shop);
        Ok(())
    }

    /// Ends it as a power failure would.
    fn kill(&mut self) {
        drop(self.shop.take());
        self.open_at.send_replace(None);
    }

    /// Ends a private server for a while.
    async fn interrupt(&self, service: &'static str, pause: Duration) -> Result<(), Failure> {
        let place = self.place.clone();
        tokio::task::spawn_blocking(move || {
            place.service(service, "stop")?;
            std::thread::sleep(pause);
            place.service(service, "start")
        })
        .await??;
        Ok(())
    }

    /// Kills something at a random moment; gives what it was.
    async fn strike(&mut self, random: &mut StdRng) -> Result<&'static str, Failure> {
        sleep(Duration::from_millis(random.random_range(20..1_500))).await;
        let pause = Duration::from_millis(random.random_range(0..1_000));
        let services = self.place.database == Database::Postgres;
        Ok(match random.random_range(0..10) {
            0..=2 if services => {
                self.interrupt("pg", pause).await?;
                "PostgreSQL"
            }
            3..=4 if services => {
                self.interrupt("redis", pause).await?;
                "Redis"
            }
            _ => {
                self.kill();
                self.open().await?;
                "the shop"
            }
        })
    }
}

/// Kills `kills` times, then lets the shop come to rest, and looks whether everything is as it was told.
pub async fn run(arguments: &Arguments, database: Database, kills: u32, seed: u64) -> Result<(), Failure> {
    let place = Place::named(database, &arguments.folder, "kills", &arguments.binary)?.with("TEST_GATEWAY", "on");
    let shelf = Shelf::fill(&place, ARTICLES, STOCK).await?;
    place.tell(&["create-admin", "--password-stdin", STAFF], PASSWORD)?;
    let (open_at, at) = watch::channel(None);
    let mut victim = Victim { place: Arc::new(place), shop: None, open_at };
    victim.open().await?;
    let (journal, over) = (Journal::default(), Cell::new(false));
    let mut random = StdRng::seed_from_u64(seed);
    let shoppers = (0..SHOPPERS).map(|number| {
        let mut shopper = Shopper {
            till: Till::new(number, at.clone()),
            random: StdRng::seed_from_u64(random.random()),
            shelf: &shelf,
            journal: &journal,
        };
        let over = &over;
        async move {
            while !over.get() {
                if let Err(fault) = shopper.shop().await {
                    shopper.journal.fault(&fault);
                }
            }
        }
    });
    let shoppers: Vec<_> = shoppers.collect();
    let staff = give_back(Till::new(SHOPPERS, at.clone()), StdRng::seed_from_u64(random.random()), &journal, &over);
    let striking = async {
        let struck = strike_all(&mut victim, &mut random, kills).await;
        over.set(true);
        struck
    };
    // Where the shop can't be opened any more nobody else ends.
    let shopping = async { Ok(tokio::join!(join_all(shoppers), staff)) };
    let (struck, _) = tokio::try_join!(striking, shopping)?;
    println!("{}: ended {struck:?}.", database.name());
    // What a killed process had to itself is taken up again after a while: that while is over now.
    victim.kill();
    books::let_time_pass(&shelf.db).await?;
    victim.open().await?;
    books::come_to_rest(&shelf.db).await?;
    books::check(&shelf.db, &journal).await?;
    if !journal.told.borrow().iter().any(|told| matches!(told, Told::GivesBack { .. })) {
        return Err("staff could give nothing back".into());
    }
    victim.place.run(&["doctor"])?;
    victim.kill();
    shelf.close().await
}

/// Kills so often; gives what was killed how often.
async fn strike_all(
    victim: &mut Victim,
    random: &mut StdRng,
    kills: u32,
) -> Result<BTreeMap<&'static str, u32>, Failure> {
    let mut struck = BTreeMap::new();
    for _ in 0..kills {
        *struck.entry(victim.strike(random).await?).or_default() += 1;
    }
    Ok(struck)
}

struct Shopper<'a> {
    till: Till,
    random: StdRng,
    shelf: &'a Shelf,
    journal: &'a Journal,
}

impl Shopper<'_> {
    /// Buys something, pays it or not, and perhaps gives it up.
    async fn shop(&mut self) -> Result<(), Fault> {
        self.till.cookie = None;
        let article = &self.shelf.articles[self.random.random_range(0..self.shelf.articles.len())];
        let method = if self.random.random_ratio(7, 10) { "test" } else { "bank_transfer" };
        let hesitates = self.random.random_ratio(1, 20);
        let End::Made(location) = buy(&mut self.till, self.shelf, article, method, hesitates).await? else {
            return Ok(());
        };
        let page = match location.rsplit_once("/test-gateway/") {
            Some((_, reference)) => {
                self.journal.note(Told::Waits(reference.to_owned()));
                self.pay(reference).await?
            }
            None => Some(location),
        };
        let Some(page) = page else { return Ok(()) };
        let page = page.split('?').next().unwrap_or_default();
        let token = page.rsplit('/').next().unwrap_or_default();
        let thanks = self.till.ask(page, None).await?;
        let number = thanks.body.split_once("class=\"order-number\">").and_then(|(_, text)| text.split('<').next());
        let number = number.ok_or_else(|| unexpected(format!("{} instead of an order", thanks.status)))?;
        if method == "bank_transfer" {
            self.journal.note(Told::Placed(token.to_owned()));
        } else {
            self.journal.numbers.borrow_mut().push(number.to_owned());
        }
        if self.random.random_ratio(1, 5) {
            let reply = self.till.ask("/actions/orders/cancel", Some(&format!("order={token}"))).await?;
            if reply.location.contains("done=order-cancelled") {
                self.journal.note(Told::Cancelled(token.to_owned()));
            }
        }
        Ok(())
    }

    /// Lets something happen on the gateway's page; gives the page of the order, where the shopper comes back to it.
    async fn pay(&mut self, reference: &str) -> Result<Option<String>, Fault> {
        if self.random.random_ratio(1, 10) {
            return Ok(None);
        }
        let scenario = *Scenario::ALL.choose(&mut self.random).unwrap_or(&Scenario::Success);
        let mut back = self.play(reference, scenario).await?;
        if back.contains("/test-gateway/") {
            back = self.play(reference, Scenario::Success).await?;
        }
        if !matches!(scenario, Scenario::Decline | Scenario::InsufficientFunds) {
            self.journal.charged.borrow_mut().push(reference.to_owned());
        }
        if self.random.random_ratio(1, 5) {
            return Ok(None);
        }
        let Some(path) = back.find("/payments/").map(|begins| &back[begins..]) else {
            return Err(unexpected(format!("{back} after paying")));
        };
        let returned = self.till.ask(path, None).await?;
        if returned.location.starts_with("/checkout/confirmation/") {
            Ok(Some(returned.location))
        } else {
            Err(unexpected(format!("{} {} after coming back", returned.status, returned.location)))
        }
    }

    async fn play(&mut self, reference: &str, scenario: Scenario) -> Result<String, Fault> {
        let form = format!("reference={reference}&scenario={}", scenario.code());
        Ok(self.till.ask("/actions/test-gateway/play", Some(&form)).await?.location)
    }
}

/// Staff give some money of some orders back.
async fn give_back(mut till: Till, mut random: StdRng, journal: &Journal, over: &Cell<bool>) {
    let mut signed_in = false;
    while !over.get() {
        let outcome = async {
            if !signed_in {
                let form = format!("email={STAFF}&password={}", PASSWORD.replace(' ', "+"));
                signed_in = till.ask("/actions/auth/signin", Some(&form)).await?.location.starts_with("/account");
            }
            sleep(Duration::from_millis(random.random_range(20..200))).await;
            let number = journal.numbers.borrow().choose(&mut random).cloned();
            let Some(order) = number else { return Ok(()) };
            let key = format!("{:016x}", random.random::<u64>());
            let form = format!("number={order}&refund_amount={}&method=original&reason=torture&key={key}", BACK.1);
            let reply = till.ask("/actions/admin/order-refund", Some(&form)).await?;
            if reply.location.contains("done=order-refunded") {
                journal.note(Told::GivesBack { order, key, amount: BACK.0 });
            } else if reply.location.contains("/auth/signin") {
                signed_in = false;
            }
            Ok::<_, Fault>(())
        };
        if let Err(fault) = outcome.await {
            journal.fault(&fault);
        }
    }
}
