//! Many want the few pieces of twenty variations at once: exactly what there is is sold.

use crate::client::{Client, Fault};
use crate::load::{Bounds, Operation, drive};
use crate::place::{Database, Place};
use crate::shelf::Shelf;
use crate::shopper::{Asks, End, Reply, buy};
use crate::{Arguments, Failure};
use commerce::db::sql;
use sea_orm::ConnectionTrait;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many variations there are.
const ARTICLES: usize = 20;

/// How many try for each piece.
const RIVALS: usize = 25;

/// How many try at the same time.
const CONNECTIONS: u8 = 48;

/// One of so many gives up what was held for them.
const HESITANT: usize = 8;

/// Longer than it can take.
const LONG: Duration = Duration::from_secs(3_600);

impl Asks for Client {
    async fn ask(&mut self, path: &str, form: Option<&str>) -> Result<Reply, Fault> {
        Ok(Reply::of(&self.send(path, form).await?))
    }
}

/// Tries to buy one piece, of each variation in turn.
struct Attempt<'a> {
    shelf: &'a Shelf,
    sold: RefCell<BTreeMap<&'a str, i64>>,
    refused: Cell<usize>,
    hesitant: bool,
}

impl Operation for Attempt<'_> {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault> {
        client.cookie = None;
        let article = &self.shelf.articles[turn % self.shelf.articles.len()];
        let hesitates = self.hesitant && (turn / self.shelf.articles.len()).is_multiple_of(HESITANT);
        match buy(client, self.shelf, article, "bank_transfer", hesitates).await? {
            End::Made(_) => *self.sold.borrow_mut().entry(&article.sku).or_default() += 1,
            End::SoldOut => self.refused.set(self.refused.get() + 1),
            End::Left => {}
        }
        Ok(())
    }
}

/// Lets all of them try at a shop of so many processes.
pub async fn run(arguments: &Arguments, database: Database, processes: usize) -> Result<(), Failure> {
    let name = format!("contention{processes}");
    let place = Place::named(database, &arguments.folder, &name, &arguments.binary)?;
    let stock = (arguments.attempts / ARTICLES / RIVALS).max(2);
    let shelf = Shelf::fill(&place, ARTICLES, i64::try_from(stock)?).await?;
    let mut shops = Vec::new();
    for _ in 0..processes {
        shops.push(place.open("warn")?);
    }
    let mut clients = Vec::new();
    for number in 0..CONNECTIONS {
        clients.push(Client::connect(shops[usize::from(number) % processes].address, number, None).await?);
    }
    let mut attempt = Attempt { shelf: &shelf, sold: RefCell::default(), refused: Cell::new(0), hesitant: true };
    let (started, turns) = (Instant::now(), Cell::new(0));
    let bounds = Bounds { time: LONG, count: arguments.attempts };
    let outcome = drive(&mut clients, &attempt, bounds, &turns).await;
    // What the last hesitant ones have given up is there for others.
    attempt.hesitant = false;
    let rest = Bounds { time: LONG, count: ARTICLES * usize::from(CONNECTIONS) };
    let after = drive(&mut clients, &attempt, rest, &turns).await;
    let attempts = outcome.count() + after.count() + outcome.errors + after.errors;
    let errors = outcome.errors + after.errors;
    let first_error = outcome.first_error.or(after.first_error);
    let seconds = started.elapsed().as_secs_f64();
    let acknowledged: i64 = attempt.sold.borrow().values().sum();
    println!(
        "{}, {processes} process(es): {attempts} attempts in {seconds:.0} s, {acknowledged} bought, {} too late, {errors} \
         failed{}.",
        database.name(),
        attempt.refused.get(),
        first_error.map_or_else(String::new, |error| format!(" ({error})")),
    );
    check(&shelf, &attempt.sold.take(), errors).await?;
    place.run(&["doctor"])?;
    for shop in shops {
        shop.close()?;
    }
    shelf.close().await
}

/// Sold is what there was, and what was said to be bought.
async fn check(shelf: &Shelf, acknowledged: &BTreeMap<&str, i64>, errors: usize) -> Result<(), Failure> {
    let db = shelf.db.primary();
    let text =
        "SELECT l.sku, CAST(SUM(l.quantity) AS BIGINT) AS n FROM order_lines l JOIN orders o ON o.id = l.order_id
                WHERE o.lifecycle = 'placed' GROUP BY l.sku";
    let mut sold = BTreeMap::new();
    for row in db.query_all_raw(sql(db, text, [])).await? {
        sold.insert(row.try_get::<String>("", "sku")?, row.try_get::<i64>("", "n")?);
    }
    for article in &shelf.articles {
        let sold = sold.get(&article.sku).copied().unwrap_or_default();
        let said = acknowledged.get(article.sku.as_str()).copied().unwrap_or_default();
        if sold != article.stock || said > sold || said + i64::try_from(errors)? < sold {
            let (sku, stock) = (&article.sku, article.stock);
            return Err(format!("of {stock} {sku} {sold} were sold, and {said} were said to be").into());
        }
    }
    Ok(())
}
