//! Asks carriers how far shipments have come.

use super::ShipmentId;
use super::record_tracking::record_tracking;
use crate::Shop;
use crate::db::{placeholders, sql};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How many minutes after it was asked about a shipment a carrier is asked again.
const PERIOD_MINUTES: i64 = 30;

/// How many days after shipping carriers are asked no more: what has not come by then won't, or nobody has said so.
const LONGEST_DAYS: i64 = 60;

/// How many shipments one round asks about.
pub const BATCH: usize = 20;

/// How many shipments are asked about at a time: most of the while is a carrier's.
const AT_ONCE: usize = 8;

/// What a round has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// How many shipments were to be asked about.
    pub due: usize,
    /// Which of them were delivered by it.
    pub delivered: Vec<ShipmentId>,
}

#[derive(FromQueryResult)]
struct Due {
    id: ShipmentId,
    carrier: String,
    tracking_number: String,
    checked_at: Option<DateTime<Utc>>,
}

/// Asks about the shipments under way that were not asked about for longest, and writes down what is told. A carrier
/// that does not answer is asked again like the others.
///
/// # Errors
/// When the database fails.
pub async fn track_due(shop: &Shop) -> Result<Round, DbErr> {
    let all = due(shop).await?;
    let due = all.len();
    let asked = stream::iter(all).map(|one| ask(shop, one)).buffer_unordered(AT_ONCE);
    let delivered: Vec<_> = asked.try_collect().await?;
    Ok(Round { due, delivered: delivered.into_iter().flatten().collect() })
}

/// Asks about a shipment, unless somebody else does; gives it where it was delivered.
async fn ask(shop: &Shop, due: Due) -> Result<Option<ShipmentId>, DbErr> {
    let Some(carrier) = shop.carriers.get(&due.carrier) else { return Ok(None) };
    if !lease(shop, &due).await? {
        return Ok(None);
    }
    match carrier.track(&due.tracking_number).await {
        Ok(told) => Ok(record_tracking(shop, due.id, &told).await?.then_some(due.id)),
        Err(error) => {
            tracing::warn!(shipment = %due.id, carrier = due.carrier, %error, "shipment not tracked");
            Ok(None)
        }
    }
}

async fn due(shop: &Shop) -> Result<Vec<Due>, DbErr> {
    let codes: Vec<_> = shop.carriers.all().iter().filter(|carrier| carrier.tracks()).map(|one| one.code()).collect();
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let now = shop.clock.now();
    let (asked_before, sent_after) = (now - TimeDelta::minutes(PERIOD_MINUTES), now - TimeDelta::days(LONGEST_DAYS));
    let text = format!(
        "SELECT id, carrier, tracking_number, checked_at FROM shipments
         WHERE delivered_at IS NULL AND tracking_number IS NOT NULL AND shipped_at > $1
         AND (checked_at IS NULL OR checked_at <= $2) AND carrier IN ({})
         ORDER BY CASE WHEN checked_at IS NULL THEN 0 ELSE 1 END, checked_at, id LIMIT {BATCH}",
        placeholders(3, codes.len())
    );
    let values = [sent_after.into(), asked_before.into()].into_iter().chain(codes.into_iter().map(Into::into));
    let db = shop.db.primary();
    Due::find_by_statement(sql(db, &text, values)).all(db).await
}

/// Takes a shipment for this worker; `false` where another one was faster.
async fn lease(shop: &Shop, due: &Due) -> Result<bool, DbErr> {
    let db = shop.db.primary();
    let now = shop.clock.now();
    let taken = match due.checked_at {
        Some(before) => {
            let text = "UPDATE shipments SET checked_at = $2 WHERE id = $1 AND checked_at = $3";
            db.execute_raw(sql(db, text, [due.id.into(), now.into(), before.into()])).await?
        }
        None => {
            let text = "UPDATE shipments SET checked_at = $2 WHERE id = $1 AND checked_at IS NULL";
            db.execute_raw(sql(db, text, [due.id.into(), now.into()])).await?
        }
    };
    Ok(taken.rows_affected() == 1)
}
