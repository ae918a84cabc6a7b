//! A shop to test with: a database of its own, a clock that stands, and fakes for everything outside.

mod databases;
mod fakes;
mod goods;
mod guest;
mod member;

pub use databases::{Database, services_missing};
pub use fakes::{Answer, CardGateway, Mailbox, Recorder, Van};
pub use goods::Goods;
pub use guest::{Guest, contact};
pub use member::password;

use commerce::cart::sessions::Sessions;
use commerce::catalog::{CategoryId, VariationId};
use commerce::clock::Clock;
use commerce::db::{Db, PoolOptions, sql};
use commerce::fulfilment::carrier::Carriers;
use commerce::fulfilment::carriers::Manual;
use commerce::inventory::{self, LocationId};
use commerce::payments::{BankTransfer, CashOnDelivery, Gateways, TestGateway};
use commerce::sealed::Keyring;
use commerce::{Parts, Shop};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, Value};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Declares tests that run on SQLite and on PostgreSQL, each over a shop of its own.
///
/// A test is a module with two functions, so that one can be run alone:
/// `cargo test … cart::lines_add_up::on_sqlite`.
macro_rules! both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($shop:ident: $of:ty) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[$attribute])*
            async fn body($shop: $of) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::harness::run($crate::harness::TestShop::sqlite().await, body).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let Some(shop) = $crate::harness::TestShop::postgres().await else { return };
                $crate::harness::run(shop, body).await;
            }
        }
    )+};
}

/// Runs a test's body and drops its database afterwards, also when it fails.
pub async fn run<Body: Future<Output = ()> + Send + 'static>(shop: TestShop, body: impl FnOnce(TestShop) -> Body) {
    let outcome = tokio::spawn(body(shop.clone())).await;
    shop.database.remove(&shop.shop).await;
    if let Err(error) = outcome {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// A shop with a small catalogue's frame: a warehouse, two categories, two ways of delivery, tax rates.
#[derive(Clone)]
pub struct TestShop {
    shop: Shop,
    /// What is between the test and its database.
    world: Arc<World>,
    database: Arc<Database>,
}

/// The fakes around a shop.
pub struct World {
    /// Time stands until a test moves it.
    pub clock: Clock,
    /// Answers as it is told to.
    pub card: Arc<CardGateway>,
    /// Brings what it is told to, and tells what it is told to.
    pub van: Arc<Van>,
    /// Records what it gets, fails when told to.
    pub first: Arc<Recorder>,
    /// Another one, to see that they don't disturb each other.
    pub second: Arc<Recorder>,
    /// Keeps the mails it should send.
    pub mailbox: Arc<Mailbox>,
    /// Statements so far, without BEGIN, COMMIT and ROLLBACK.
    statements: Arc<AtomicU64>,
    variations: Mutex<HashMap<String, (VariationId, String)>>,
}

impl Deref for TestShop {
    type Target = Shop;
    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl TestShop {
    /// A shop on a fresh SQLite file.
    pub async fn sqlite() -> Self {
        Self::over(Database::sqlite().await, PoolOptions::default()).await
    }

    /// A shop on a fresh PostgreSQL database; `None` where the developer has
    /// said that there is none, which is not an answer in CI.
    pub async fn postgres() -> Option<Self> {
        let database = Database::postgres().await?;
        Some(Self::over(database, PoolOptions::default()).await)
    }

    /// A shop over a database that has the frame.
    pub async fn over(database: Database, pool: PoolOptions) -> Self {
        let db = Db::connect(database.url(), None, pool).await.expect("the test's database can be reached");
        let statements = Arc::new(AtomicU64::new(0));
        let counted = |connection: &DatabaseConnection| {
            let mut connection = connection.clone();
            let statements = statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::SeqCst);
            });
            connection
        };
        let db = Db::from_connections(counted(db.read()), counted(db.primary()));
        let world = World {
            clock: Clock::manual(),
            card: Arc::default(),
            van: Arc::default(),
            first: Arc::new(Recorder::new("first")),
            second: Arc::new(Recorder::new("second")),
            mailbox: Arc::default(),
            statements,
            variations: Mutex::default(),
        };
        let shop = Shop::open(world.parts(db)).await.expect("the shop opens");
        Self { shop, world: Arc::new(world), database: Arc::new(database) }
    }

    /// Another replica of the shop on the same database, built a little differently.
    pub async fn replica(&self, change: impl FnOnce(&mut Parts)) -> Shop {
        let mut parts = self.world.parts(self.db.clone());
        change(&mut parts);
        Shop::open(parts).await.expect("the replica opens")
    }

    /// The same test shop through another replica.
    pub async fn through(&self, change: impl FnOnce(&mut Parts)) -> Self {
        Self { shop: self.replica(change).await, ..self.clone() }
    }

    /// The fakes around it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Lets time pass.
    pub fn wait_minutes(&self, minutes: i64) {
        self.clock.advance(chrono::TimeDelta::minutes(minutes));
    }

    /// Lets time pass.
    pub fn wait_seconds(&self, seconds: i64) {
        self.clock.advance(chrono::TimeDelta::seconds(seconds));
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.db.backend() == DbBackend::Postgres
    }

    /// Someone without a cart, at a network address of their own.
    pub fn guest(&self) -> Guest {
        Guest::new(self.clone())
    }

    /// Runs `work` and gives how many statements it took, without BEGIN,
    /// COMMIT and ROLLBACK: SeaORM does not report them.
    pub async fn statements<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let before = self.world.statements.load(Ordering::SeqCst);
        let value = work.await;
        (self.world.statements.load(Ordering::SeqCst) - before, value)
    }

    /// Runs a statement that a test needs and no use case offers.
    pub async fn execute(&self, text: &str, values: impl IntoIterator<Item = Value>) -> u64 {
        let db = self.db.primary();
        db.execute_raw(sql(db, text, values)).await.expect("the statement runs").rows_affected()
    }

    /// One number, by a statement that names it `n`.
    pub async fn number(&self, text: &str, values: impl IntoIterator<Item = Value>) -> i64 {
        let db = self.db.primary();
        let row = db.query_one_raw(sql(db, text, values)).await.expect("the statement runs").expect("a row");
        row.try_get("", "n").expect("a number named n")
    }

    /// Rows of a statement.
    pub async fn rows<T: FromQueryResult>(&self, text: &str, values: impl IntoIterator<Item = Value>) -> Vec<T> {
        let db = self.db.primary();
        T::find_by_statement(sql(db, text, values)).all(db).await.expect("the statement runs")
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) AS n FROM {table}"), []).await
    }

    /// The category with this slug.
    pub fn category(&self, slug: &str) -> CategoryId {
        self.reference().categories.by_slug(slug).expect("a category of the frame").id
    }

    /// The warehouse of the frame.
    pub async fn warehouse(&self) -> LocationId {
        let db = self.db.primary();
        let row = db.query_one_raw(sql(db, "SELECT id FROM locations WHERE name = 'Main'", [])).await;
        row.expect("the statement runs").expect("the warehouse").try_get("", "id").expect("its identifier")
    }

    /// The variation with this SKU and the slug of its product.
    pub async fn variation(&self, sku: &str) -> (VariationId, String) {
        let known = self.world.variations.lock().expect("not poisoned").get(sku).cloned();
        if let Some(known) = known {
            return known;
        }
        let db = self.db.primary();
        let text = "SELECT v.id, p.slug FROM variations v JOIN products p ON p.id = v.product_id WHERE v.sku = $1";
        let row = db.query_one_raw(sql(db, text, [sku.into()])).await.expect("the statement runs").expect(sku);
        let found = (row.try_get("", "id").expect("an id"), row.try_get("", "slug").expect("a slug"));
        self.world.variations.lock().expect("not poisoned").insert(sku.to_owned(), found.clone());
        found
    }

    /// How many of a variation are there and how many of them are claimed, in all locations.
    pub async fn stock(&self, sku: &str) -> (i64, i64) {
        let (variation, _) = self.variation(sku).await;
        let text = |column: &str| {
            format!("SELECT CAST(COALESCE(SUM({column}), 0) AS BIGINT) AS n FROM stock WHERE variation_id = $1")
        };
        (
            self.number(&text("on_hand"), [variation.into()]).await,
            self.number(&text("reserved"), [variation.into()]).await,
        )
    }

    /// Fails where stock, ledger and claims disagree, or an order has not claimed what it sold.
    pub async fn assert_stock_is_sound(&self) {
        self.assert_ledger_agrees().await;
        let text = "SELECT COUNT(*) AS n FROM (
                SELECT l.order_id, l.variation_id, SUM(l.quantity) AS sold FROM order_lines l
                GROUP BY l.order_id, l.variation_id
            ) AS o
            WHERE o.sold <> COALESCE((
                SELECT SUM(c.quantity) FROM claims c JOIN stock s ON s.id = c.stock_id
                WHERE c.order_id = o.order_id AND s.variation_id = o.variation_id), 0)";
        assert_eq!(self.number(text, []).await, 0, "orders that sold what they have not claimed");
    }

    /// Fails where stock, ledger and claims disagree.
    pub async fn assert_ledger_agrees(&self) {
        let wrong = inventory::receive::discrepancies(self.db.primary()).await.expect("the statement runs");
        assert!(wrong.is_empty(), "stock rows that disagree with the ledger or the claims: {wrong:?}");
        if self.is_postgres() {
            // Deadlocks are survived by trying again, a second later each: better there are none.
            let text = "SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()";
            assert_eq!(self.number(text, []).await, 0, "deadlocks");
        }
    }
}

impl World {
    fn parts(&self, db: Db) -> Parts {
        let test_gateway = TestGateway::new(db.clone(), self.clock.clone(), "http://shop.test", b"key".to_vec());
        Parts {
            public_url: "http://shop.test".to_owned(),
            db,
            clock: self.clock.clone(),
            sessions: Sessions::default(),
            gateways: Gateways::new(vec![
                Arc::new(BankTransfer),
                Arc::new(CashOnDelivery { country: "DE".to_owned(), limit: 50_000 }),
                self.card.clone(),
                Arc::new(test_gateway.clone()),
            ]),
            test_gateway: Some(test_gateway),
            carriers: Carriers::new(vec![Arc::new(Manual), self.van.clone()]),
            files: Arc::new(object_store::memory::InMemory::new()),
            mailer: Some(self.mailbox.clone()),
            handlers: vec![self.first.clone(), self.second.clone()],
            secret: b"the same on every replica".to_vec(),
            keys: Keyring::derived(b"the same on every replica"),
            holds_per_client: 3,
            order_retention_years: 10,
        }
    }
}

/// What the inputs of properties are drawn by.
const SEED: u64 = 20_261_126;

/// How many times as many random inputs as by default: `HISTORIES` says so.
pub fn times() -> u32 {
    std::env::var("HISTORIES").map_or(1, |times| times.parse().expect("a number in HISTORIES"))
}

/// Runs a property over a database: `cases` random inputs, shrunk where it fails. They are the same each time, so that
/// what has failed fails again; with `HISTORIES` set they are [`times`] as many, and others.
pub fn check<S, Checked>(cases: u32, strategy: &S, property: impl Fn(S::Value) -> Checked)
where
    S: proptest::strategy::Strategy,
    Checked: Future<Output = Result<(), proptest::test_runner::TestCaseError>>,
{
    let defaults = Config::default();
    let rng_seed = match defaults.rng_seed {
        RngSeed::Random if std::env::var_os("HISTORIES").is_none() => RngSeed::Fixed(SEED),
        asked => asked,
    };
    let config =
        Config { cases: cases * times(), rng_seed, max_shrink_iters: 300, failure_persistence: None, ..defaults };
    let outcome = TestRunner::new(config).run(strategy, |value| {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(property(value)))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
