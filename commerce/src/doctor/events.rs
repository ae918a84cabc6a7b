//! What must be true of the outbox.

use super::{Check, Finding, Found, long_ago};
use crate::Shop;
use crate::db::{placeholders, sql};
use crate::events::entity::delivery::{DEAD, DONE, PENDING};
use crate::events::{Handler, NOT_NOW};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr, Value};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::walk("deliveries", "Every event goes to each handler that was there.", missing)
            .repaired_by(|shop, finding| Box::pin(deliver(shop, finding))),
        Check::new("dead-letters", "No handler has given an event up (`emporion events replay` tries again).", dead),
        Check::new("outbox", "What is due to a handler is delivered in time.", late),
    ]
}

/// The events that this handler wants and has no delivery of, though it had one of an event before: `$1` is its name,
/// the kinds follow.
fn lost(kinds: usize) -> String {
    format!(
        "FROM events e WHERE e.kind IN ({}) AND e.id > (
             SELECT f.event_id FROM event_deliveries f WHERE f.handler = $1 ORDER BY f.event_id LIMIT 1)
         AND NOT EXISTS (SELECT 1 FROM event_deliveries d WHERE d.event_id = e.id AND d.handler = $1)",
        placeholders(2, kinds),
    )
}

/// The kinds of events that there are and that a handler wants.
fn wanted<'a>(handler: &dyn Handler, kinds: &'a [String]) -> Vec<&'a str> {
    kinds.iter().map(String::as_str).filter(|kind| handler.wants(kind)).collect()
}

fn values(handler: &dyn Handler, wanted: &[&str]) -> Vec<Value> {
    std::iter::once(handler.name()).chain(wanted.iter().copied()).map(Value::from).collect()
}

fn missing(shop: &Shop, most: usize) -> BoxFuture<'_, Result<Found, DbErr>> {
    Box::pin(async move {
        let tx = shop.db.snapshot().await?;
        let kinds = tx.query_all_raw(sql(&tx, "SELECT DISTINCT kind FROM events", [])).await?;
        let kinds = kinds.iter().map(|row| row.try_get("", "kind")).collect::<Result<Vec<String>, _>>()?;
        let mut found = Found { findings: Vec::new(), wrong: 0 };
        for handler in &shop.handlers {
            let wanted = wanted(handler.as_ref(), &kinds);
            if wanted.is_empty() {
                continue;
            }
            let text =
                format!("SELECT e.id, e.kind, COUNT(*) OVER () AS n {} ORDER BY e.id LIMIT {most}", lost(wanted.len()));
            let rows = tx.query_all_raw(sql(&tx, &text, values(handler.as_ref(), &wanted))).await?;
            if let Some(first) = rows.first() {
                found.wrong += usize::try_from(first.try_get::<i64>("", "n")?).unwrap_or(usize::MAX);
            }
            for row in rows.iter().take(most.saturating_sub(found.findings.len())) {
                let what = format!("{} was not for {}", row.try_get::<String>("", "kind")?, handler.name());
                found.findings.push(Finding { id: row.try_get("", "id")?, what });
            }
        }
        tx.rollback().await?;
        Ok(found)
    })
}

/// Has an event delivered to every handler that has missed it.
async fn deliver(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    let db = shop.db.primary();
    let text = "SELECT kind FROM events WHERE id = $1";
    let Some(row) = db.query_one_raw(sql(db, text, [finding.id.into()])).await? else { return Ok(false) };
    let kinds = [row.try_get::<String>("", "kind")?];
    let mut added = 0;
    for handler in &shop.handlers {
        let wanted = wanted(handler.as_ref(), &kinds);
        if wanted.is_empty() {
            continue;
        }
        let text = format!(
            "INSERT INTO event_deliveries (event_id, handler, aggregate_id, state, attempts, due_at)
             SELECT e.id, $1, e.aggregate_id, '{PENDING}', 0, $3 {} AND e.id = $4
             ON CONFLICT (event_id, handler) DO NOTHING",
            lost(wanted.len())
        );
        let mut values = values(handler.as_ref(), &wanted);
        values.extend([shop.clock.now().into(), finding.id.into()]);
        added += db.execute_raw(sql(db, &text, values)).await?.rows_affected();
    }
    if added > 0 {
        shop.outbox.notify_one();
    }
    Ok(added > 0)
}

fn dead(_: &Shop) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT d.event_id AS id, e.kind || ' at ' || d.handler || ': ' || COALESCE(d.error, '') AS what
         FROM event_deliveries d JOIN events e ON e.id = d.event_id WHERE d.state = '{DEAD}'"
    );
    (text, Vec::new())
}

/// The first open event of each handler and aggregate counts: what follows it waits. What a handler waits for that
/// can't work now is due again at once, each time.
fn late(shop: &Shop) -> (String, Vec<Value>) {
    let text = format!(
        "SELECT d.event_id AS id, e.kind || ' at ' || d.handler || ', tried ' || d.attempts || ' times'
                || COALESCE(', ' || d.error, '') AS what
         FROM event_deliveries d JOIN events e ON e.id = d.event_id
         WHERE d.state = '{PENDING}' AND (d.leased_until IS NULL OR d.leased_until <= $1)
         AND (d.due_at <= $1 OR (d.error LIKE '{NOT_NOW}%' AND e.occurred_at <= $1))
         AND NOT EXISTS (
             SELECT 1 FROM event_deliveries b JOIN events f ON f.id = b.event_id
             WHERE b.handler = d.handler AND b.aggregate_id = d.aggregate_id AND b.state <> '{DONE}'
             AND (f.aggregate_version, f.id) < (e.aggregate_version, e.id))"
    );
    (text, vec![long_ago(shop)])
}
