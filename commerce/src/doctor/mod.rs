//! Looks whether what must always be true of the shop's records is true: names the rows of which it is not, and repairs
//! what follows from other records. Money and orders are left to people.
//!
//! The shop may be open meanwhile. A check reads what there was at one moment, and what takes the shop a while gets
//! its time before it is found; what is repaired is looked at once more under its lock.

mod catalogue;
mod events;
mod orders;
mod payments;
mod returns;
mod states;
mod stock;
mod store_credit;

use crate::Shop;
use crate::db::{Transient, is_unreachable, sql};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr, Value};
use serde::Serialize;
use uuid::Uuid;

/// How many rows of a check are named.
pub const NAMED: usize = 20;

/// How many rows are repaired before it is looked again.
const BATCH: usize = 500;

/// How late workers may be with what is due, in minutes, before it counts as forgotten.
const LATE_MINUTES: i64 = 10;

/// A row that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Identifies the row, or what the row is about.
    pub id: Uuid,
    /// What it is, and what is wrong with it.
    pub what: String,
}

/// What one check has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The name of the check.
    pub check: &'static str,
    /// What must be true.
    pub rule: &'static str,
    /// The first rows of which it is not.
    pub findings: Vec<Finding>,
    /// Of how many rows it is not.
    pub wrong: usize,
    /// How many were repaired.
    pub repaired: usize,
}

/// Whether all is well by now.
pub fn is_sound(checked: &[Checked]) -> bool {
    checked.iter().all(|check| check.wrong == 0)
}

/// Makes every check; repairs what is safe to repair where `repair` says so.
///
/// # Errors
/// When the database fails; what was repaired before stays so.
pub async fn examine(shop: &Shop, repair: bool) -> Result<Vec<Checked>, DbErr> {
    let mut checked = Vec::new();
    for check in checks() {
        let repaired = match check.repair {
            Some(mend) if repair => mend_all(shop, &check, mend).await?,
            _ => 0,
        };
        let Found { findings, wrong } = check.find(shop, NAMED).await?;
        checked.push(Checked { check: check.name, rule: check.rule, findings, wrong, repaired });
    }
    Ok(checked)
}

/// Those first on which the repairs of others rely.
fn checks() -> impl Iterator<Item = Check> {
    let of_stock = stock::checks().into_iter().chain(catalogue::checks());
    let of_money = payments::checks().into_iter().chain(store_credit::checks());
    of_stock.chain(orders::checks()).chain(of_money).chain(returns::checks()).chain(events::checks())
}

/// Repairs what can be, as long as that leads anywhere.
async fn mend_all(shop: &Shop, check: &Check, mend: Mend) -> Result<usize, DbErr> {
    let mut repaired = 0;
    loop {
        let mut better = 0;
        for finding in check.find(shop, BATCH).await?.findings {
            match mend(shop, &finding).await {
                Ok(done) => better += usize::from(done),
                Err(error) if error.is_transient() || is_unreachable(&error) => return Err(error),
                Err(error) => tracing::warn!(check.name, finding.what, %error, "not repaired"),
            }
        }
        if better == 0 {
            return Ok(repaired);
        }
        repaired += better;
    }
}

/// The first rows of which a rule is not true, and how many there are.
struct Found {
    findings: Vec<Finding>,
    wrong: usize,
}

/// Looks for rows of which a rule is not true, and names as many as it is told.
type Look = for<'a> fn(&'a Shop, usize) -> BoxFuture<'a, Result<Found, DbErr>>;

/// Repairs a row, unless it is as it must be by now or can't be repaired; whether it did.
type Mend = for<'a> fn(&'a Shop, &'a Finding) -> BoxFuture<'a, Result<bool, DbErr>>;

/// How rows are found of which a rule is not true.
enum Find {
    /// By one statement, which gives their `id` and `what` is wrong with them.
    Statement(fn(&Shop) -> (String, Vec<Value>)),
    /// By looking at one row after the other.
    Walk(Look),
}

/// A rule, and how to see to it.
struct Check {
    name: &'static str,
    rule: &'static str,
    find: Find,
    repair: Option<Mend>,
}

impl Check {
    fn new(name: &'static str, rule: &'static str, find: fn(&Shop) -> (String, Vec<Value>)) -> Self {
        Self { name, rule, find: Find::Statement(find), repair: None }
    }

    fn walk(name: &'static str, rule: &'static str, look: Look) -> Self {
        Self { name, rule, find: Find::Walk(look), repair: None }
    }

    fn repaired_by(self, mend: Mend) -> Self {
        Self { repair: Some(mend), ..self }
    }

    async fn find(&self, shop: &Shop, most: usize) -> Result<Found, DbErr> {
        let statement = match self.find {
            Find::Statement(statement) => statement,
            Find::Walk(look) => return look(shop, most).await,
        };
        let (text, values) = statement(shop);
        let text =
            format!("SELECT f.id, f.what, COUNT(*) OVER () AS n FROM ({text}) AS f ORDER BY f.id, f.what LIMIT {most}");
        let db = shop.db.latest();
        let mut found = Found { findings: Vec::new(), wrong: 0 };
        for row in db.query_all_raw(sql(db, &text, values)).await? {
            found.wrong = usize::try_from(row.try_get::<i64>("", "n")?).unwrap_or(usize::MAX);
            found.findings.push(Finding { id: row.try_get("", "id")?, what: row.try_get("", "what")? });
        }
        Ok(found)
    }
}

/// When something must have been due by now for it to count as forgotten.
fn long_ago(shop: &Shop) -> Value {
    (shop.clock.now() - chrono::TimeDelta::minutes(LATE_MINUTES)).into()
}
