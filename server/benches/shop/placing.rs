//! How fast carts that are ready become orders on PostgreSQL, each of another variation and all of the same one,
//! beside a transaction written by hand on the same server; and where the time goes.

use crate::client::{Client, Fault, unexpected};
use crate::load::{Bounds, Operation, Outcome, drive};
use crate::operations::{Article, Buy, place};
use crate::place::Place;
use crate::table::{Target, mark, thousands};
use crate::{BUYERS, Bench, Failure, Load};
use futures::future::join_all;
use sea_orm::sqlx::{self, AssertSqlSafe, PgPool, Row, postgres::PgPoolOptions};
use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Orders per second at least.
const RATE: f64 = 400.0;

/// Part of the rate of the transaction written by hand that placing reaches at least, where all buy the same.
const PART: f64 = 0.8;

/// How much longer the log takes to be made durable where placing is compared once more, in microseconds: as on a disk
/// that writes before it answers. Where a disk only remembers what it is to write, nobody waits for it.
const SLOW_LOG_MICROS: u32 = 1_000;

/// Carts that are made ready for each second of measuring.
const CARTS: f64 = 2_000.0;

/// The first of the clients that make carts ready, who come from other addresses than those that are measured: the
/// shop counts what an address holds.
const FIRST_PREPARER: u8 = 100;

/// How many statements are listed.
const LISTED: i64 = 14;

/// Has the server count its statements from now on, as far as it can; it is started anew for that.
pub async fn count_statements(place: &Place) -> Result<(), Failure> {
    let pool = connect(place).await?;
    let known = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_stat_statements'";
    if sqlx::query(known).fetch_optional(&pool).await?.is_none() {
        return Ok(());
    }
    for text in [
        "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
        "ALTER SYSTEM SET track_wal_io_timing = on",
    ] {
        sqlx::query(text).execute(&pool).await?;
    }
    pool.close().await;
    place.restart_database()?;
    let pool = connect(place).await?;
    // The server knows the setting only once it has the library.
    for text in [
        "CREATE EXTENSION pg_stat_statements",
        "ALTER SYSTEM SET pg_stat_statements.track_planning = on",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(text).execute(&pool).await?;
    }
    Ok(())
}

/// Places orders, then does the same by hand; gives what is to be said of it beside the table.
pub async fn measure(bench: &mut Bench<'_>, buy: &Buy<'_>) -> Result<Vec<String>, Failure> {
    let pool = connect(bench.place).await?;
    let count = (bench.seconds.as_secs_f64() * CARTS) as usize;
    let articles = articles(&pool, count as i64).await?;
    let (count, hot) = (count.min(articles.len()), articles.get(..1).ok_or("nothing is in stock")?);
    let make_plenty = "UPDATE stock SET on_hand = on_hand + 1000000 WHERE variation_id = $1";
    sqlx::query(make_plenty).bind(hot[0].variation).execute(&pool).await?;
    let each: Vec<_> = articles.iter().map(|row| row.article.clone()).collect();
    let one: Vec<_> = hot.iter().map(|row| row.article.clone()).collect();
    let buy = |articles| Buy { articles, delivery: buy.delivery.clone(), payment: buy.payment.clone() };
    let load = |target| Load { connections: BUYERS, count, target, ..Load::default() };
    let target = Some(Target { rate: RATE, p99: None });

    let carts = prepare(bench, &buy(&each), Reach::Review, count).await?;
    let before = Counts::reset(&pool).await?;
    bench.measure("place, each another", &Placing(carts), load(target)).await?;
    let mut lines = before.lines(&pool).await?;

    let carts = prepare(bench, &buy(&one), Reach::Review, count).await?;
    let by_hand = ByHand::prepare(&pool).await?;
    let (placed, floor) = beside(bench, &by_hand, "place, all the same", carts, load(None)).await?;
    let carts = prepare(bench, &buy(&one), Reach::Cart, count).await?;
    bench.measure("start checkout, all the same", &Starting { buy: buy(&one), carts }, load(None)).await?;
    let started = bench.last_rate();

    lines.push(format!(
        "by hand, all the same: BEGIN, INSERT, conditional UPDATE, COMMIT on {BUYERS} connections: {}.",
        described(&floor),
    ));
    lines.push(format!(
        "Placing is {:.2} times as fast (target {PART}, {}). It touches no stock row: starting a checkout, which takes \
         the stock, is {:.2} times as fast.",
        placed / floor.rate(),
        mark(placed >= PART * floor.rate()),
        started / floor.rate(),
    ));

    let carts = prepare(bench, &buy(&one), Reach::Review, count).await?;
    slow_log(&pool, SLOW_LOG_MICROS).await?;
    let slow = beside(bench, &by_hand, "place, all the same, slow log", carts, load(None)).await;
    slow_log(&pool, 0).await?;
    let (placed, floor) = slow?;
    lines.push(format!(
        "with {SLOW_LOG_MICROS} µs more until the log is durable: placing {}/s, by hand {}: {:.2} times as fast ({}).",
        thousands(placed),
        described(&floor),
        placed / floor.rate(),
        mark(placed >= PART * floor.rate()),
    ));
    Ok(lines)
}

/// Places orders of one variation, and sells by hand: one half before and one after, as what else the machine does
/// changes by the second. Gives how many orders were placed in a second.
async fn beside(
    bench: &mut Bench<'_>,
    by_hand: &ByHand<'_>,
    name: &str,
    carts: Vec<Ready>,
    load: Load,
) -> Result<(f64, Outcome), Failure> {
    let before = by_hand.repeat(bench.seconds / 2).await?;
    bench.measure(name, &Placing(carts), load).await?;
    let after = by_hand.repeat(bench.seconds / 2).await?;
    let times = before.times.into_iter().chain(after.times);
    Ok((bench.last_rate(), Outcome::of(times, before.elapsed + after.elapsed)))
}

fn described(sales: &Outcome) -> String {
    let (middle, slow) = (sales.percentile(50), sales.percentile(99));
    format!("{}/s, p50 {middle:.1} ms, p99 {slow:.1} ms", thousands(sales.rate()))
}

/// Has the server wait so long before it makes its log durable, whoever else is at work: whoever is ready by then goes
/// along, as with a disk that takes so long.
async fn slow_log(pool: &PgPool, micros: u32) -> Result<(), Failure> {
    for text in [
        "ALTER SYSTEM SET commit_siblings = 0",
        &format!("ALTER SYSTEM SET commit_delay = {micros}"),
        "SELECT pg_reload_conf()",
    ] {
        sqlx::query(AssertSqlSafe(text)).execute(pool).await?;
    }
    Ok(())
}

async fn connect(place: &Place) -> Result<PgPool, Failure> {
    // A connection is not asked whether it still works before each use: the floor is to have no round trip too many.
    let pool = PgPoolOptions::new().max_connections(BUYERS.into()).test_before_acquire(false);
    Ok(pool.acquire_timeout(Duration::from_secs(30)).connect(&place.database_url()).await?)
}

/// Something that can be bought.
struct Offered {
    variation: Uuid,
    article: Article,
}

async fn articles(pool: &PgPool, most: i64) -> Result<Vec<Offered>, Failure> {
    let text = "SELECT p.slug, v.id, v.sku FROM variations v JOIN products p ON p.id = v.product_id
                WHERE v.archived_at IS NULL AND p.archived_at IS NULL AND EXISTS (
                    SELECT 1 FROM stock s JOIN locations l ON l.id = s.location_id
                    WHERE s.variation_id = v.id AND l.kind = 'warehouse' AND s.on_hand - s.reserved > 0
                ) ORDER BY v.id LIMIT $1";
    let rows = sqlx::query(text).bind(most).fetch_all(pool).await?;
    let offered = rows.into_iter().map(|row| {
        let (slug, variation, sku): (String, Uuid, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Offered { variation, article: Article::new(&slug, &variation.to_string(), &sku) })
    });
    offered.collect()
}

/// How far a cart is made ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Something is in it.
    Cart,
    /// It only has to be agreed to.
    Review,
}

/// A guest whose next request is measured.
struct Ready {
    cookie: Option<String>,
    form: String,
}

struct Preparing<'a> {
    buy: &'a Buy<'a>,
    reach: Reach,
    ready: RefCell<Vec<Ready>>,
}

impl Operation for Preparing<'_> {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        let form = match self.reach {
            Reach::Cart => self.buy.fill(client, turn).await.map(|()| String::new())?,
            Reach::Review => self.buy.review(client, turn).await?,
        };
        self.ready.borrow_mut().push(Ready { cookie: client.cookie.clone(), form });
        Ok(())
    }
}

async fn prepare(bench: &Bench<'_>, buy: &Buy<'_>, reach: Reach, count: usize) -> Result<Vec<Ready>, Failure> {
    let mut clients = Vec::new();
    for number in 0..BUYERS {
        clients.push(Client::connect(bench.address, FIRST_PREPARER + number, None).await?);
    }
    let preparing = Preparing { buy, reach, ready: RefCell::default() };
    let bounds = Bounds { time: Duration::from_secs(300), count };
    let outcome = drive(&mut clients, &preparing, bounds, &Cell::new(0)).await;
    match outcome.first_error {
        Some(error) => Err(format!("carts could not be made ready: {error}").into()),
        None => Ok(preparing.ready.into_inner()),
    }
}

/// The next of the guests who are ready.
fn next<'a>(ready: &'a [Ready], client: &mut Client, turn: usize) -> Result<&'a Ready, Fault> {
    let ready = ready.get(turn).ok_or_else(|| unexpected("no cart is left"))?;
    client.cookie.clone_from(&ready.cookie);
    Ok(ready)
}

/// Agreeing to an order.
struct Placing(Vec<Ready>);

impl Operation for Placing {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        let ready = next(&self.0, client, turn)?;
        place(client, &ready.form).await.map(drop)
    }
}

/// Pressing checkout.
struct Starting<'a> {
    buy: Buy<'a>,
    carts: Vec<Ready>,
}

impl Operation for Starting<'_> {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        next(&self.carts, client, turn)?;
        self.buy.start(client).await
    }
}

/// What somebody would write who wants nothing but to sell one thing and to remember that.
struct ByHand<'a> {
    pool: &'a PgPool,
    number: Cell<u128>,
}

/// How long each sale took, and all of them.
struct Sales {
    times: Vec<Duration>,
    elapsed: Duration,
}

impl<'a> ByHand<'a> {
    async fn prepare(pool: &'a PgPool) -> Result<Self, Failure> {
        for text in [
            "CREATE TABLE by_hand_orders (id uuid PRIMARY KEY, number text NOT NULL UNIQUE, cart uuid NOT NULL UNIQUE,
                 email text NOT NULL, address jsonb NOT NULL, total bigint NOT NULL, created_at timestamptz NOT NULL)",
            "CREATE TABLE by_hand_stock (id bigint PRIMARY KEY, on_hand bigint NOT NULL, reserved bigint NOT NULL,
                 CHECK (0 <= reserved AND reserved <= on_hand))",
            "INSERT INTO by_hand_stock VALUES (1, 1000000, 0)",
        ] {
            sqlx::query(text).execute(pool).await?;
        }
        let new = Self { pool, number: Cell::new(0) };
        // Its connections are opened, and its statements prepared.
        new.repeat(Duration::from_secs(1)).await?;
        Ok(new)
    }

    async fn repeat(&self, time: Duration) -> Result<Sales, Failure> {
        let started = Instant::now();
        let connections = join_all((0..BUYERS).map(async |_| {
            let mut times = Vec::new();
            while started.elapsed() < time {
                let before = Instant::now();
                sell_by_hand(self.pool, self.number.replace(self.number.get() + 1)).await?;
                times.push(before.elapsed());
            }
            Ok::<_, Failure>(times)
        }));
        let times = connections.await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Sales { times: times.into_iter().flatten().collect(), elapsed: started.elapsed() })
    }
}

async fn sell_by_hand(pool: &PgPool, number: u128) -> Result<(), Failure> {
    let id = Uuid::from_u128(number);
    let mut tx = pool.begin().await?;
    let order = "INSERT INTO by_hand_orders VALUES ($1, $2, $1, 'ada@example.org', $3::jsonb, 1290, now())";
    let address = r#"{"name": "Ada Lovelace", "line1": "Lindenstr. 7", "postal_code": "10117", "city": "Berlin"}"#;
    sqlx::query(order).bind(id).bind(id.to_string()).bind(address).execute(&mut *tx).await?;
    let take = "UPDATE by_hand_stock SET reserved = reserved + 1 WHERE id = 1 AND on_hand - reserved >= 1";
    if sqlx::query(take).execute(&mut *tx).await?.rows_affected() != 1 {
        return Err("nothing is left".into());
    }
    Ok(tx.commit().await?)
}

/// What the server had counted before something was measured.
struct Counts {
    orders: i64,
    syncs: Option<Syncs>,
}

/// How often the write-ahead log was made durable, and how many milliseconds that took.
#[derive(Clone, Copy)]
struct Syncs {
    times: i64,
    millis: f64,
}

impl Counts {
    /// Has the server count anew.
    async fn reset(pool: &PgPool) -> Result<Self, Failure> {
        let counts = Self::now(pool).await?;
        // Not everywhere.
        let _ = sqlx::query("SELECT pg_stat_statements_reset()").execute(pool).await;
        Ok(counts)
    }

    async fn now(pool: &PgPool) -> Result<Self, Failure> {
        let orders = sqlx::query_scalar("SELECT COUNT(*) FROM orders").fetch_one(pool).await?;
        // PostgreSQL 18 has them elsewhere.
        let syncs = sqlx::query("SELECT wal_sync, wal_sync_time FROM pg_stat_wal").fetch_one(pool).await;
        let syncs = syncs.and_then(|row| Ok(Syncs { times: row.try_get(0)?, millis: row.try_get(1)? })).ok();
        Ok(Self { orders, syncs })
    }

    /// What was counted since, for each order.
    async fn lines(self, pool: &PgPool) -> Result<Vec<String>, Failure> {
        let now = Self::now(pool).await?;
        let orders = (now.orders - self.orders).max(1) as f64;
        let mut lines = Vec::new();
        if let (Some(before), Some(after)) = (self.syncs, now.syncs) {
            let times = after.times - before.times;
            let each = (after.millis - before.millis) / times.max(1) as f64;
            lines.push(format!(
                "the log was made durable {:.2} times an order, in {each:.2} ms each.",
                times as f64 / orders
            ));
        }
        let text = "SELECT query, CAST(calls AS bigint), total_plan_time + total_exec_time,
                           CAST(SUM(calls) OVER () AS bigint), SUM(total_plan_time + total_exec_time) OVER ()
                    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                    ORDER BY 3 DESC LIMIT $1";
        let Ok(rows) = sqlx::query(text).bind(LISTED).fetch_all(pool).await else { return Ok(lines) };
        let mut list = String::new();
        for row in &rows {
            let (query, calls, millis): (String, i64, f64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let query: String = query.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(90).collect();
            let (calls, millis) = (calls as f64 / orders, millis / orders);
            write!(list, "\n  {calls:>6.2}  {millis:>6.3} ms  {query}")?;
        }
        if let Some(row) = rows.first() {
            let (calls, millis): (i64, f64) = (row.try_get(3)?, row.try_get(4)?);
            let (calls, millis) = (calls as f64 / orders, millis / orders);
            lines.push(format!(
                "the server ran {calls:.1} statements in {millis:.2} ms for each order that was placed, its mail and \
                 its counts included; most of the time went into:{list}"
            ));
        }
        Ok(lines)
    }
}
