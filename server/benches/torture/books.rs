//! Whether what people were told is true, and whether the bank has what the shop believes.

use crate::Failure;
use crate::till::{Journal, Told};
use commerce::clock::Clock;
use commerce::db::{Db, sql};
use commerce::orders::{Lifecycle, OrderId, queries, refund};
use commerce::payments::ledger;
use commerce::token::Token;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use uuid::Uuid;

/// How long the shop may take to finish what was left open.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the test gateway's bank knows of a payment.
#[derive(FromQueryResult)]
struct AtBank {
    reference: String,
    attempt: Uuid,
    state: String,
    captured: i64,
    refunded: i64,
}

/// Makes everything due that waits for its time, while the shop is closed.
pub async fn let_time_pass(db: &Db) -> Result<(), Failure> {
    let now = Clock::System.now();
    for text in [
        "UPDATE orders SET check_at = $1, pay_by = $1 WHERE lifecycle = 'awaiting_payment'",
        "UPDATE payment_operations SET due_at = $1 WHERE due_at > $1",
        "UPDATE webhook_events SET due_at = $1 WHERE due_at > $1",
        "UPDATE event_deliveries SET due_at = $1, leased_until = NULL WHERE state = 'pending'",
        "UPDATE test_payments SET answers_at = $1 WHERE answers_at > $1",
        "UPDATE test_webhooks SET due_at = $1 WHERE due_at > $1",
    ] {
        db.primary().execute_raw(sql(db.primary(), text, [now.into()])).await?;
    }
    Ok(())
}

/// Waits until nothing is open any more.
pub async fn come_to_rest(db: &Db) -> Result<(), Failure> {
    const OPEN: [(&str, &str); 5] = [
        ("orders that wait for their payment", "orders WHERE lifecycle = 'awaiting_payment'"),
        ("operations at the gateway", "payment_operations WHERE due_at IS NOT NULL"),
        ("webhooks", "webhook_events WHERE due_at IS NOT NULL"),
        ("webhooks to be sent", "test_webhooks"),
        ("deliveries of events", "event_deliveries WHERE state = 'pending'"),
    ];
    let started = Instant::now();
    loop {
        let mut open = Vec::new();
        for (name, rows) in OPEN {
            let count = number(db, &format!("SELECT COUNT(*) AS n FROM {rows}"), []).await?;
            if count > 0 {
                open.push(format!("{count} {name}"));
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("still open: {}", open.join(", ")).into());
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// Compares what people were told, what the bank knows and what the shop has written down.
pub async fn check(db: &Db, journal: &Journal) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    let bank = AtBank::find_by_statement(sql(
        db.primary(),
        "SELECT reference, attempt, state, captured, refunded FROM test_payments ORDER BY reference",
        [],
    ));
    let bank = bank.all(db.primary()).await?;
    check_told(db, journal, &bank, &mut wrong).await?;
    check_bank(db, &bank, &mut wrong).await?;
    let orders = number(db, "SELECT COUNT(*) AS n FROM orders", []).await?;
    let placed = number(db, "SELECT COUNT(*) AS n FROM orders WHERE lifecycle = 'placed'", []).await?;
    let refunds = number(db, "SELECT COUNT(*) AS n FROM refunds", []).await?;
    println!(
        "{orders} orders, {placed} of them placed; {} payments at the bank, {refunds} refunds; {} answers were kept to.",
        bank.len(),
        journal.told.borrow().len() + journal.charged.borrow().len(),
    );
    for (fault, times) in journal.faults.borrow().iter() {
        println!("    {times} times: {fault}");
    }
    let shown: Vec<_> = wrong.iter().take(20).map(String::as_str).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{} wrong:\n{}", wrong.len(), shown.join("\n")).into()) }
}

async fn check_told(db: &Db, journal: &Journal, bank: &[AtBank], wrong: &mut Vec<String>) -> Result<(), Failure> {
    let attempt = "SELECT COUNT(*) AS n FROM payment_attempts WHERE reference = $1";
    let order =
        "SELECT COUNT(*) AS n FROM orders WHERE access_token_hash = $1 AND lifecycle IN ('placed', 'cancelled')";
    let cancelled = "SELECT COUNT(*) AS n FROM orders WHERE access_token_hash = $1 AND lifecycle = 'cancelled'";
    let refund = "SELECT COUNT(*) AS n FROM refunds r JOIN orders o ON o.id = r.order_id
                  WHERE o.number = $1 AND r.idempotency_key = $2 AND r.amount = $3";
    let hash = |token: &str| Token::parse(token).map(|token| token.hash()).unwrap_or_default();
    let all = journal.told.borrow().clone();
    for told in &all {
        let found = match told {
            Told::Waits(reference) => number(db, attempt, [reference.clone().into()]).await?,
            Told::Placed(token) => number(db, order, [hash(token).into()]).await?,
            Told::Cancelled(token) => number(db, cancelled, [hash(token).into()]).await?,
            Told::GivesBack { order, key, amount } => {
                number(db, refund, [order.clone().into(), key.clone().into(), (*amount).into()]).await?
            }
        };
        if found != 1 {
            wrong.push(format!("{told:?}: {found} rows"));
        }
    }
    let charged: BTreeSet<_> = bank.iter().filter(|at| at.captured > 0).map(|at| at.reference.as_str()).collect();
    for reference in journal.charged.borrow().iter().filter(|reference| !charged.contains(reference.as_str())) {
        // Ended by the shop before the shopper has paid, it takes nothing.
        if !bank.iter().any(|at| at.reference == *reference && at.state == "voided") {
            wrong.push(format!("{reference} was paid, and the bank has nothing of it"));
        }
    }
    Ok(())
}

/// Every payment at the bank is one of the shop's, with the same amounts, and of an order that keeps what it may.
async fn check_bank(db: &Db, bank: &[AtBank], wrong: &mut Vec<String>) -> Result<(), Failure> {
    let read = db.primary();
    let mut kept = BTreeMap::<OrderId, i64>::new();
    for at in bank {
        let text = "SELECT order_id FROM payment_attempts WHERE id = $1";
        let Some(row) = read.query_one_raw(sql(read, text, [at.attempt.into()])).await? else {
            wrong.push(format!("{} is of no order", at.reference));
            continue;
        };
        let order: OrderId = row.try_get("", "order_id")?;
        *kept.entry(order).or_default() += at.captured - at.refunded;
        let attempts = ledger::attempts(read, order).await?;
        let Some(attempt) = attempts.iter().find(|attempt| attempt.id.0 == at.attempt) else { continue };
        let balance = attempt.state.balance;
        if (balance.captured, balance.refunded) != (at.captured, at.refunded) {
            wrong.push(format!(
                "{}: the bank has {} and gave back {}, the shop believes {balance:?}",
                at.reference, at.captured, at.refunded
            ));
        }
        if at.state == "authorised" {
            wrong.push(format!("{} is still set aside", at.reference));
        }
    }
    for (id, kept) in kept {
        let Some(order) = queries::by_id(read, id).await? else { continue };
        let text = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM refunds
                    WHERE order_id = $1 AND method = 'original'";
        let due = match order.lifecycle {
            Lifecycle::Placed if order.payment_method == "test" => {
                order.due().minor() - number(db, text, [id.into()]).await?
            }
            _ => refund::GivenBack::of(read, id).await?.credited,
        };
        if kept != due {
            wrong.push(format!("{} is {}: {kept} is kept, {due} should be", order.number, order.lifecycle.code()));
        }
    }
    Ok(())
}

async fn number(db: &Db, text: &str, values: impl IntoIterator<Item = Value>) -> Result<i64, Failure> {
    let row = db.primary().query_one_raw(sql(db.primary(), text, values)).await?;
    Ok(row.ok_or("no row")?.try_get("", "n")?)
}
