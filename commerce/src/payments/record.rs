//! What a gateway says is written down, and what follows from it is done: one command for the shopper's return, for
//! webhooks and for the sweeper, whichever comes first.

use super::operations::{self, Asked, BALANCE};
use super::{
    Action, Due, Fact, OperationId, Outcome, PaymentAttemptId, PaymentFailed, PaymentProcessed, PaymentVoided,
    PaymentWithdrawn, RefundIssued, ledger, outstanding, state, wishes,
};
use crate::Shop;
use crate::db::{self, for_update, sql};
use crate::events::{self, NewEvent};
use crate::money::Money;
use crate::orders::place::place;
use crate::orders::refund::GivenBack;
use crate::orders::{Fulfilment, Lifecycle, OrderId, queries};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Who told what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The answer to a request.
    Request,
    /// Asked when the shopper came back.
    Return,
    /// The gateway by itself.
    Webhook,
    /// Asked by the sweeper.
    Sweep,
    /// Staff, of money that comes another way.
    Staff,
}

impl Source {
    fn code(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Return => "return",
            Self::Webhook => "webhook",
            Self::Sweep => "sweep",
            Self::Staff => "staff",
        }
    }
}

/// Writes down what a gateway says of an attempt, places the order once its payment is agreed, and asks for what
/// should not be kept to be given back. Told again, or in another order, it comes to the same. Gives whether anything
/// of it was new.
///
/// # Errors
/// When the database fails; then nothing is written.
pub async fn record(shop: &Shop, attempt: PaymentAttemptId, facts: &[Fact], source: Source) -> Result<bool, DbErr> {
    if facts.is_empty() {
        return Ok(false);
    }
    let new = db::retry(|| attempt_to_record(shop, attempt, facts, source)).await?;
    if new {
        shop.outbox.notify_one();
        shop.operations.notify_one();
    }
    Ok(new)
}

async fn attempt_to_record(
    shop: &Shop,
    attempt: PaymentAttemptId,
    facts: &[Fact],
    source: Source,
) -> Result<bool, DbErr> {
    let tx = shop.db.begin().await?;
    let new = record_within(shop, &tx, attempt, facts, source).await?;
    // Without anything new an operation may have been finished all the same.
    tx.commit().await?;
    Ok(new)
}

/// As [`record`], in a transaction of the caller's; whoever asks for what follows is to be told after that.
///
/// # Errors
/// When the database fails.
pub(crate) async fn record_within<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    attempt: PaymentAttemptId,
    facts: &[Fact],
    source: Source,
) -> Result<bool, DbErr> {
    let now = shop.clock.now();
    let Some((order, gateway, currency)) = ledger::head(tx, attempt).await? else { return Ok(false) };
    lock(tx, order).await?;
    let mut new = Vec::new();
    for fact in facts {
        if fact.amount.currency() != currency {
            tracing::error!(%attempt, fact.name, "a gateway tells of another currency: not counted");
            continue;
        }
        if ledger::write(tx, attempt, &gateway, fact, source.code(), now).await? {
            new.push(fact);
        }
        if let (Some(operation), Outcome::Succeeded | Outcome::Failed) = (fact.operation, fact.outcome) {
            finish(tx, operation).await?;
        }
    }
    if !new.is_empty() {
        settle_up(shop, tx, order, now, &new_events(order, attempt, &gateway, &new)).await?;
    }
    Ok(!new.is_empty())
}

/// Locks an order until the transaction ends.
///
/// # Errors
/// When the database fails, or there is no such order.
pub(crate) async fn lock<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<(), DbErr> {
    let text = format!("SELECT o.id FROM orders o WHERE o.id = $1{}", for_update(tx, "o"));
    let row = tx.query_one_raw(sql(tx, &text, [order.into()])).await?;
    row.map(drop).ok_or_else(|| DbErr::RecordNotFound(order.to_string()))
}

async fn finish<C: ConnectionTrait>(tx: &C, operation: OperationId) -> Result<(), DbErr> {
    let text = "UPDATE payment_operations SET due_at = NULL WHERE id = $1 AND due_at IS NOT NULL";
    tx.execute_raw(sql(tx, text, [operation.into()])).await.map(drop)
}

/// Makes the order's facts follow from its ledger, in a transaction of the caller's that holds the order's lock: its
/// payment, its placing once that is agreed, and what gateways are to be asked for. Reports `reports` with it.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settle_up<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    now: DateTime<Utc>,
    reports: &[Report],
) -> Result<(), DbErr> {
    let mut attempts = ledger::attempts(tx, order).await?;
    if attempts.iter().any(|attempt| attempt.is_paused) {
        operations::take_back_paused(tx, order).await?;
        attempts = ledger::attempts(tx, order).await?;
    }
    let order = queries::by_id(tx, order).await?.ok_or_else(|| DbErr::RecordNotFound(order.to_string()))?;
    let given = GivenBack::of(tx, order.id).await?;
    let amount = order.due().minor();
    let due = |lifecycle, attempts: &[ledger::Attempt]| Due {
        lifecycle,
        amount,
        capture: takes_now(order.fulfilment, attempts),
        keeps_payment: order.keeps_payment,
        credited: given.credited,
    };
    if operations::drop_transfers(shop, tx, order.id, due(order.lifecycle, &attempts), &attempts).await? {
        attempts = ledger::attempts(tx, order.id).await?;
    }
    let states: Vec<_> = attempts.iter().map(|attempt| attempt.state.clone()).collect();
    let payment = state(order.total.gross, given.credit(&order), &states);
    let text = "UPDATE orders SET payment = $2, version = version + 1, updated_at = $3 WHERE id = $1 RETURNING version";
    let row = tx.query_one_raw(sql(tx, text, [order.id.into(), payment.code().into(), now.into()])).await?;
    let version: i64 = row.map_or(Ok(0), |row| row.try_get("", "version"))?;
    events::emit(shop, tx, reports.iter().map(|report| report.event(version)).collect()).await?;
    let mut lifecycle = order.lifecycle;
    if lifecycle == Lifecycle::AwaitingPayment && outstanding(amount, &states) == 0 {
        place(shop, tx, &order, now).await?;
        lifecycle = Lifecycle::Placed;
    }
    for wish in wishes(due(lifecycle, &attempts), &states) {
        let given_up = lifecycle == Lifecycle::Cancelled && !order.keeps_payment;
        let reason = if given_up { "cancelled" } else { BALANCE };
        let asked = attempts.iter().find(|attempt| attempt.id == wish.attempt);
        let due_at = asked.map_or(now, |attempt| attempt.may_ask_at(wish.action, now));
        operations::ask(tx, wish, Asked::by_system(reason, due_at), now).await?;
    }
    Ok(())
}

/// Whether what was set aside for an order is to be taken: it may have to wait until something has left.
pub(crate) fn takes_now(fulfilment: Fulfilment, attempts: &[ledger::Attempt]) -> bool {
    fulfilment != Fulfilment::Unfulfilled || !attempts.iter().any(|attempt| attempt.capture_later)
}

/// Something about a payment that is reported with the change of its order.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    Processed(PaymentProcessed),
    Failed(PaymentFailed),
    Refunded(RefundIssued),
    Voided(PaymentVoided),
    Withdrawn(PaymentWithdrawn),
}

impl Report {
    fn event(&self, version: i64) -> NewEvent {
        match self {
            Self::Processed(event) => NewEvent::of(event, version),
            Self::Failed(event) => NewEvent::of(event, version),
            Self::Refunded(event) => NewEvent::of(event, version),
            Self::Voided(event) => NewEvent::of(event, version),
            Self::Withdrawn(event) => NewEvent::of(event, version),
        }
    }
}

fn new_events(order: OrderId, attempt: PaymentAttemptId, gateway: &str, facts: &[&Fact]) -> Vec<Report> {
    let gateway = || gateway.to_owned();
    let report = |fact: &&Fact| {
        let amount: Money = fact.amount;
        let (action, reason) = (fact.action, fact.reason.clone());
        match (action, fact.outcome) {
            (Action::Authorise | Action::Capture, Outcome::Succeeded) => {
                Some(Report::Processed(PaymentProcessed { order, attempt, gateway: gateway(), action, amount }))
            }
            (Action::Refund, Outcome::Succeeded) => {
                let operation = fact.operation;
                Some(Report::Refunded(RefundIssued { order, attempt, gateway: gateway(), amount, operation }))
            }
            (Action::Void, Outcome::Succeeded) => {
                Some(Report::Voided(PaymentVoided { order, attempt, gateway: gateway(), amount }))
            }
            (_, Outcome::Failed) => {
                Some(Report::Failed(PaymentFailed { order, attempt, gateway: gateway(), action, reason }))
            }
            (_, Outcome::Withdrawn) => {
                Some(Report::Withdrawn(PaymentWithdrawn { order, attempt, gateway: gateway(), amount }))
            }
            (_, Outcome::Pending) => None,
        }
    };
    facts.iter().filter_map(report).collect()
}
