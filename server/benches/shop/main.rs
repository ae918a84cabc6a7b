//! How fast the shop is, on each database, against this machine's own floor:
//! `make bench`. A measurement, not a test: what is slow is printed, and nothing fails.

#[allow(dead_code, reason = "torture uses the rest")]
mod client;
mod floor;
mod load;
mod operations;
#[allow(dead_code, reason = "torture uses the rest")]
mod place;
mod placing;
mod sign_in;
mod table;
mod usage;

use clap::Parser;
use client::Client;
use floor::Floor;
use load::{Bounds, Operation, Outcome, drive};
use operations::{Add, Article, Buy, Replay, Visit};
use place::{Database, Place};
use std::cell::Cell;
use std::error::Error;
use std::io::{Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use table::{Row, Target};
use usage::{Cpu, Processes};

/// Connections that look at pages and fill carts at the same time.
const CONNECTIONS: u8 = 32;

/// Connections that buy at the same time.
const BUYERS: u8 = 16;

/// Products beside those of the demo shop.
const PRODUCTS: &str = "5000";

/// Pages of the list of all products on which articles to buy are looked for.
const PAGES: usize = 20;

/// How many of each article are bought at most: as many as are there when it is "in stock".
const OF_EACH: usize = 5;

/// How many products a full page of a category has.
const PAGE_SIZE: usize = 24;

/// The most WASM that the storefront may have, in brotli, in bytes.
const WASM_TARGET: u64 = 120_000;

type Failure = Box<dyn Error>;

/// Measures the shop in `target/release` against a plain axum handler that returns the same bytes.
#[derive(Parser)]
struct Arguments {
    /// A folder for everything that is written.
    #[arg(long, default_value = "target")]
    folder: PathBuf,
    /// How long each operation is repeated, in seconds.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Only on this database.
    #[arg(long)]
    database: Option<Database>,
    /// Only operations whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Also measure how long it takes to seed so many products.
    #[arg(long)]
    seed: Option<u32>,
    /// Be the floor and answer with what is in this file.
    #[arg(long, hide = true)]
    floor: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.floor {
        Some(file) => floor::serve(file).map_err(Failure::from),
        None => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::from)
            .and_then(|runtime| runtime.block_on(measure(&arguments))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let processors = std::thread::available_parallelism()?;
    println!("{processors} processors, shared by the shop, its database and the load generator.");
    println!("{}", durable_writes(&arguments.folder)?);
    println!("{}", wasm_size()?);
    let mut tables = Vec::new();
    for database in [Database::Sqlite, Database::Postgres] {
        if arguments.database.is_none_or(|only| only == database) {
            tables.push((database.name(), measure_on(database, arguments).await?));
        }
    }
    println!();
    println!("{CONNECTIONS} connections, {BUYERS} for the checkout.");
    println!("cpu: seconds that the shop, its database and the load generator used for 1,000 operations.");
    println!("floor: the same bytes from a plain axum handler; its last column says how many times faster it is.");
    for (name, rows) in tables {
        println!();
        table::print(name, &rows);
    }
    Ok(())
}

/// A shop on one database, from its first to its last measurement.
async fn measure_on(database: Database, arguments: &Arguments) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let place = Place::new(database, &arguments.folder)?;
    let name = database.name();
    let demo = place.run(&["seed"])?;
    let more = place.run(&["seed", "--products", PRODUCTS])?;
    let (demo, more) = (demo.as_secs_f64(), more.as_secs_f64());
    println!("{name}: the demo shop took {demo:.1} s to seed, {PRODUCTS} products more {more:.1} s.");

    let shop = place.open("warn")?;
    let seconds = Duration::from_secs_f64(arguments.seconds);
    let mut bench =
        Bench { address: shop.address, pid: shop.pid(), place: &place, arguments, seconds, rows: &mut rows };
    let stock = Stock::look(shop.address).await?;
    let visit = |paths: &[String]| Visit { paths: paths.to_vec(), cart: None };
    let target = |rate: f64| match database {
        Database::Sqlite => Some(Target { rate, p99: Some(40.0) }),
        Database::Postgres => Some(Target { rate: rate / 2.0, p99: None }),
    };
    let home = visit(&["/".to_owned()]);
    let (category, product) = (visit(&stock.categories), visit(&stock.products));
    let add = |per_guest| Add { articles: &stock.articles, per_guest };
    bench.run("home", &home, Load::default()).await?;
    bench.run("category of 24", &category, Load { target: target(3_000.0), ..Load::default() }).await?;
    bench.run("category of 24, brotli", &category, Load { encoding: Some("br"), ..Load::default() }).await?;
    bench.run("product", &product, Load { target: target(4_000.0), ..Load::default() }).await?;
    let with_cart = Visit { cart: Some(add(1)), ..visit(&stock.products) };
    bench.run("product, with a cart", &with_cart, Load::default()).await?;
    bench.run("add to cart, new guest", &add(1), Load::default()).await?;
    bench.run("add to cart, 16 a guest", &add(16), Load::default()).await?;
    let buy = stock.purchase(shop.address).await?;
    let count = stock.articles.len() * OF_EACH;
    bench.run("checkout of 8 requests", &buy, Load { connections: BUYERS, count, ..Load::default() }).await?;
    bench.run("category of 24, later", &category, Load::default()).await?;
    shop.close()?;

    if database == Database::Postgres && "placing".contains(&arguments.only) {
        placing::count_statements(&place).await?;
        let shop = place.open("warn")?;
        (bench.address, bench.pid) = (shop.address, shop.pid());
        for line in placing::measure(&mut bench, &buy).await? {
            println!("{name}: {line}");
        }
        shop.close()?;
    }

    if "signing in".contains(&arguments.only) {
        let addresses = sign_in::prepare(&place)?;
        let shop = place.open("warn")?;
        println!("{name}: {}", sign_in::measure(shop.address, addresses, &product, seconds).await?);
        shop.close()?;
    }

    let shop = place.open("info")?;
    let mut bench = Bench { address: shop.address, pid: shop.pid(), ..bench };
    bench.run("category of 24, LOG=info", &category, Load::default()).await?;
    shop.close()?;

    if let (Database::Sqlite, Some(count)) = (database, arguments.seed) {
        let took = place.run(&["seed", "--products", &count.to_string()])?.as_secs_f64();
        println!("{name}: {} products more took {took:.1} s to seed.", table::thousands(count.into()));
    }
    Ok(rows)
}

/// How an operation is repeated.
struct Load {
    connections: u8,
    encoding: Option<&'static str>,
    count: usize,
    target: Option<Target>,
}

impl Default for Load {
    fn default() -> Self {
        Self { connections: CONNECTIONS, encoding: None, count: 1_000_000, target: None }
    }
}

/// A shop that is open, and what was measured of it.
struct Bench<'a> {
    address: SocketAddr,
    pid: u32,
    place: &'a Place,
    arguments: &'a Arguments,
    seconds: Duration,
    rows: &'a mut Vec<Row>,
}

impl Bench<'_> {
    /// Repeats an operation at the shop, then its bytes at a floor.
    async fn run(&mut self, name: &str, operation: &impl Operation, load: Load) -> Result<(), Failure> {
        if name.contains(&self.arguments.only) { self.measure(name, operation, load).await } else { Ok(()) }
    }

    /// Does so whatever was asked for.
    async fn measure(&mut self, name: &str, operation: &impl Operation, load: Load) -> Result<(), Failure> {
        print!("{}: {name} ...", self.place.database.name());
        std::io::stdout().flush()?;
        let processes = Processes { server: self.pid, services: self.place.services() };
        let turns = Cell::new(0);
        let exchanges = record(self.address, operation, &load, &turns).await?;
        let (shop, cpu) = repeat(self.address, &processes, operation, &load, self.seconds, &turns).await?;
        let resident = processes.resident();
        let bytes = exchanges.iter().flatten().map(|exchange| exchange.body.len()).sum::<usize>() / exchanges.len();
        let floor = Floor::start(&self.arguments.folder, exchanges.iter().flatten())?;
        let processes = Processes { server: floor.pid(), services: None };
        let replay = Replay(exchanges);
        let unlimited = Load { count: 1_000_000, ..load };
        let (outcome, floor_cpu) =
            repeat(floor.address, &processes, &replay, &unlimited, self.seconds / 2, &Cell::new(0)).await?;
        println!(" {}/s", table::thousands(shop.rate()));
        let target = load.target;
        self.rows.push(Row { name: name.to_owned(), shop, cpu, resident, floor: outcome, floor_cpu, bytes, target });
        Ok(())
    }

    /// How many of the last operation the shop did in a second.
    fn last_rate(&self) -> f64 {
        self.rows.last().map_or(f64::NAN, |row| row.shop.rate())
    }
}

/// Does an operation as often as it differs, and keeps what was said.
async fn record(
    server: SocketAddr,
    operation: &impl Operation,
    load: &Load,
    turns: &Cell<usize>,
) -> Result<Vec<Vec<client::Exchange>>, Failure> {
    let mut client = Client::connect(server, 0, load.encoding).await?;
    let mut recorded = Vec::new();
    // The first time may need what the others don't.
    operation.once(&mut client, 0).await?;
    for turn in 0..operation.variety() {
        client.recording = Some(Vec::new());
        operation.once(&mut client, turn).await?;
        recorded.extend(client.recording.take());
    }
    turns.set(recorded.len() + 1);
    Ok(recorded)
}

/// Repeats an operation on many connections, first to warm up; waits until what it has led to is done too.
async fn repeat(
    server: SocketAddr,
    processes: &Processes,
    operation: &impl Operation,
    load: &Load,
    time: Duration,
    turns: &Cell<usize>,
) -> Result<(Outcome, Cpu), Failure> {
    let mut clients = Vec::new();
    for number in 0..load.connections {
        clients.push(Client::connect(server, number, load.encoding).await?);
    }
    let warm_up = Bounds { time: time / 4, count: load.count / 5 };
    drive(&mut clients, operation, warm_up, turns).await;
    settle(processes).await;
    let before = processes.cpu();
    let bounds = Bounds { time, count: load.count - warm_up.count };
    let outcome = drive(&mut clients, operation, bounds, turns).await;
    let client = processes.cpu().client;
    settle(processes).await;
    let cpu = Cpu { client, ..processes.cpu() }.since(before);
    Ok((outcome, cpu))
}

/// Waits until the server has little to do: events are delivered after the answer.
async fn settle(processes: &Processes) {
    const LITTLE: f64 = 0.02;
    let started = Instant::now();
    let mut before = processes.cpu();
    while started.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = processes.cpu();
        let used = now.since(before);
        if used.server + used.database <= LITTLE {
            return;
        }
        before = now;
    }
}

/// What the shop has that can be looked at and bought.
struct Stock {
    /// Categories with a full page.
    categories: Vec<String>,
    /// Products of the demo shop, which have pictures and many variations.
    products: Vec<String>,
    articles: Vec<Article>,
}

impl Stock {
    async fn look(server: SocketAddr) -> Result<Self, Failure> {
        let mut client = Client::connect(server, 0, None).await?;
        let mut categories = Vec::new();
        for path in links(client.get("/").await?.text(), "/c/") {
            let page = client.get(&path).await?;
            if page.text().matches("<article class=\"card\"").count() == PAGE_SIZE {
                categories.push(path);
            }
        }
        let mut products = Vec::new();
        let mut articles = Vec::new();
        let mut next = Some("/products".to_owned());
        for _ in 0..PAGES {
            let Some(path) = next.take() else { break };
            let page = client.get(&path).await?.text().to_owned();
            next = page.split_once("rel=\"next\" href=\"").and_then(|(_, behind)| behind.split('"').next()).map(
                // What stands in an attribute is escaped.
                |href| href.replace("&amp;", "&"),
            );
            let paths = links(&page, "/p/");
            for path in &paths {
                articles.extend(Article::of(client.get(path).await?.text()));
            }
            if products.is_empty() {
                products = paths;
            }
        }
        if categories.is_empty() || products.is_empty() || articles.is_empty() {
            return Err("the pages of the shop are not as the bench expects them".into());
        }
        Ok(Self { categories, products, articles })
    }

    /// A purchase of these, with the first of what is offered.
    async fn purchase(&self, server: SocketAddr) -> Result<Buy<'_>, Failure> {
        let mut client = Client::connect(server, 0, None).await?;
        let mut buy = Buy { articles: &self.articles, delivery: String::new(), payment: String::new() };
        buy.delivery = buy.first_delivery(&mut client).await?;
        buy.payment = buy.first_payment(&mut client).await?;
        Ok(buy)
    }
}

/// The different addresses that a page links to and that begin like this, in their order.
fn links(page: &str, beginning: &str) -> Vec<String> {
    let mut links = Vec::new();
    for behind in page.split("href=\"").skip(1) {
        let href = behind.split('"').next().unwrap_or_default();
        if href.starts_with(beginning) && !href.contains('?') && !links.iter().any(|known| known == href) {
            links.push(href.to_owned());
        }
    }
    links
}

/// How fast the disk makes small writes durable, at the end of a file and where one is written over
/// as in a write-ahead log: the floor of every transaction that doesn't share its write with others.
fn durable_writes(folder: &Path) -> Result<String, Failure> {
    const WRITES: u32 = 100;
    let path = folder.join("durable");
    let mut file = std::fs::File::create(&path)?;
    let mut time_of_each = || -> std::io::Result<f64> {
        file.rewind()?;
        let started = Instant::now();
        for _ in 0..WRITES {
            file.write_all(&[7; 4_096])?;
            file.sync_data()?;
        }
        Ok(started.elapsed().as_secs_f64() * 1_000.0 / f64::from(WRITES))
    };
    let (appended, written_over) = (time_of_each()?, time_of_each()?);
    std::fs::remove_file(path)?;
    Ok(format!("A durable write of 4 KiB takes {appended:.2} ms at the end of a file, {written_over:.2} ms inside it."))
}

/// How large the WASM of the storefront is.
fn wasm_size() -> Result<String, Failure> {
    let hashes = std::fs::read_to_string("target/release/hash.txt")?;
    let hash = hashes.lines().find_map(|line| line.strip_prefix("wasm:")).unwrap_or_default().trim();
    let bytes = std::fs::metadata(format!("target/site/pkg/emporion.{hash}.wasm.br"))?.len();
    let mark = if bytes <= WASM_TARGET { "met" } else { "missed" };
    let kilobytes = |bytes: u64| bytes as f64 / 1_000.0;
    Ok(format!(
        "WASM of the storefront: {:.1} kB in brotli (target {:.0} kB, {mark}).",
        kilobytes(bytes),
        kilobytes(WASM_TARGET)
    ))
}
