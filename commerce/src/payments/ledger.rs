//! The ledger: attempts to pay orders, and what gateways have said of them.

use super::operations::{Asked, BALANCE, Operation, ask, operations};
use super::{
    Action, AttemptState, Entry, Fact, OperationId, Outcome, PaymentAttemptId, PaymentEventId, PaymentRef, Wish,
    balance,
};
use crate::accounts::UserId;
use crate::catalog::queries::currency;
use crate::db::{in_list, sql};
use crate::money::{Currency, Money};
use crate::orders::OrderId;
use crate::orders::queries::unknown;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, InsertStatement, Query};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::HashMap;

/// How often a gateway may refuse the same before it is left to staff.
const MOST_REFUSALS: usize = 3;

/// How many hours what a gateway has refused is let be after the first time.
const PAUSE_HOURS: i64 = 1;

/// How many hours it is let be after that.
const LATER_PAUSE_HOURS: i64 = 24;

/// One try to pay an order at one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Identifies it.
    pub id: PaymentAttemptId,
    /// At which gateway.
    pub gateway: String,
    /// What the gateway calls the request.
    pub reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// Whether the money is taken when the goods leave.
    pub capture_later: bool,
    /// The gateway's page on which the shopper goes on.
    pub redirect_to: Option<String>,
    /// Whose account they were signed in to who opened it: only they are shown what its gateway keeps for them.
    pub payer: Option<UserId>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// What its entries come to, and what is under way.
    pub state: AttemptState,
    /// Whether something of that was refused before, and is asked for anew after a pause.
    pub is_paused: bool,
    /// Its entries, oldest first.
    pub entries: Vec<Recorded>,
}

/// An entry of the ledger as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What counts of it.
    pub entry: Entry,
    /// What later operations call it.
    pub reference: Option<String>,
    /// The gateway's word for why not.
    pub reason: Option<String>,
    /// When it was written down.
    pub at: DateTime<Utc>,
}

impl Recorded {
    /// Whether the gateway has refused this when it was asked for it.
    fn is_refusal_of(&self, action: Action) -> bool {
        let Entry { outcome, operation, .. } = &self.entry;
        self.entry.action == action && *outcome == Outcome::Failed && operation.is_some()
    }
}

impl Attempt {
    /// Whether it was declined, and nothing came of it since.
    pub fn has_failed(&self) -> bool {
        let balance = self.state.balance;
        let refused = |recorded: &Recorded| {
            matches!(recorded.entry.action, Action::Authorise | Action::Capture)
                && recorded.entry.outcome == Outcome::Failed
        };
        balance.voided || (balance.authorised == 0 && self.entries.iter().any(refused))
    }

    /// Whether it can still be paid.
    pub fn is_open(&self) -> bool {
        !self.has_failed() && !self.state.under_way.iter().any(|(action, _)| *action == Action::Void)
    }

    /// When its gateway may be asked for something: after a pause where it has refused that before.
    pub fn may_ask_at(&self, action: Action, now: DateTime<Utc>) -> DateTime<Utc> {
        let refusals: Vec<_> = self.entries.iter().filter(|of| of.is_refusal_of(action)).collect();
        let hours = if refusals.len() > 1 { LATER_PAUSE_HOURS } else { PAUSE_HOURS };
        refusals.last().map_or(now, |last| now.max(last.at + TimeDelta::hours(hours)))
    }

    /// Whether its gateway was to be asked for it, and as far as is known has not answered.
    pub fn is_unanswered(&self) -> bool {
        self.reference.is_none() && self.is_open()
    }

    /// How its gateway knows it.
    pub fn payment(&self, order_number: &str) -> PaymentRef {
        let named = |action| {
            let of =
                |recorded: &&Recorded| recorded.entry.action == action && recorded.entry.outcome == Outcome::Succeeded;
            self.entries.iter().rev().find(of).and_then(|recorded| recorded.reference.clone())
        };
        PaymentRef {
            attempt: self.id,
            order_number: order_number.to_owned(),
            amount: self.amount,
            reference: self.reference.clone(),
            authorised: named(Action::Authorise),
            captured: named(Action::Capture),
        }
    }
}

/// An attempt that is to be opened.
#[derive(Clone, Debug)]
pub struct NewAttempt<'a> {
    /// To pay which order.
    pub order: OrderId,
    /// At which gateway.
    pub gateway: &'a str,
    /// What it is recognised by, where no gateway is asked.
    pub reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// Whether the money is taken when the goods leave.
    pub capture_later: bool,
    /// Whose account they are signed in to who open it.
    pub payer: Option<UserId>,
}

/// Opens an attempt to pay an order, in a transaction of the caller's: the request is written down before it is made.
///
/// # Errors
/// When the database fails.
pub async fn open<C: ConnectionTrait>(
    tx: &C,
    new: NewAttempt<'_>,
    now: DateTime<Utc>,
) -> Result<PaymentAttemptId, DbErr> {
    let id = PaymentAttemptId::new(now);
    tx.execute(&opening(&[(id, new)], now)).await?;
    Ok(id)
}

/// What [`open`] inserts of one or more, for who inserts something else in the same statement.
pub(crate) fn opening(attempts: &[(PaymentAttemptId, NewAttempt<'_>)], now: DateTime<Utc>) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table("payment_attempts").columns([
        "id",
        "order_id",
        "gateway",
        "idempotency_key",
        "reference",
        "currency",
        "amount",
        "capture_later",
        "payer_id",
        "created_at",
    ]);
    for (id, new) in attempts {
        let row: [Value; 10] = [
            (*id).into(),
            new.order.into(),
            new.gateway.into(),
            id.to_string().into(),
            new.reference.clone().into(),
            new.amount.currency().code().into(),
            new.amount.minor().into(),
            new.capture_later.into(),
            new.payer.into(),
            now.into(),
        ];
        insert.values_panic(row.map(Expr::value));
    }
    insert
}

/// Notes what the gateway calls a request, and where the shopper goes on.
///
/// # Errors
/// When the database fails.
pub async fn name<C: ConnectionTrait>(
    tx: &C,
    attempt: PaymentAttemptId,
    reference: Option<&str>,
    redirect_to: Option<&str>,
) -> Result<(), DbErr> {
    let text = "UPDATE payment_attempts
                SET reference = COALESCE($2, reference), redirect_to = COALESCE($3, redirect_to) WHERE id = $1";
    tx.execute_raw(sql(tx, text, [attempt.into(), reference.into(), redirect_to.into()])).await.map(drop)
}

/// The attempts to pay an order with their entries, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn attempts<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Attempt>, DbErr> {
    Ok(attempts_of(db, &[order]).await?.remove(&order).unwrap_or_default())
}

/// The attempts to pay each of these orders with their entries, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn attempts_of<C: ConnectionTrait>(
    db: &C,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, Vec<Attempt>>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: PaymentAttemptId,
        order_id: OrderId,
        gateway: String,
        reference: Option<String>,
        currency: String,
        amount: i64,
        capture_later: bool,
        redirect_to: Option<String>,
        payer_id: Option<UserId>,
        created_at: DateTime<Utc>,
    }
    let (list, values) = in_list(db, 1, orders.iter().copied());
    let text = format!(
        "SELECT id, order_id, gateway, reference, currency, amount, capture_later, redirect_to, payer_id, created_at
         FROM payment_attempts WHERE order_id {list} ORDER BY id",
    );
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    let mut entries = entries(db, orders).await?;
    let mut asked = HashMap::<PaymentAttemptId, Vec<Operation>>::new();
    for operation in operations(db, orders).await? {
        asked.entry(operation.wish.attempt).or_default().push(operation);
    }
    let mut attempts = HashMap::<OrderId, Vec<Attempt>>::new();
    for row in rows {
        let entries = entries.remove(&row.id).unwrap_or_default();
        let refused = |action| entries.iter().filter(|of| of.is_refusal_of(action)).count() >= MOST_REFUSALS;
        let asked = asked.remove(&row.id).unwrap_or_default();
        let state = AttemptState {
            id: row.id,
            balance: balance(entries.iter().map(|of| &of.entry)),
            under_way: asked.iter().map(|of| (of.wish.action, of.wish.amount)).collect(),
            giving_back: asked
                .iter()
                .filter(|of| of.wish.action == Action::Refund && of.is_decided)
                .map(|of| of.wish.amount)
                .sum(),
            given_up: Action::ALL.into_iter().filter(|action| refused(*action)).collect(),
        };
        attempts.entry(row.order_id).or_default().push(Attempt {
            id: row.id,
            gateway: row.gateway,
            reference: row.reference,
            amount: Money::new(row.amount, currency(&row.currency)?),
            capture_later: row.capture_later,
            redirect_to: row.redirect_to,
            payer: row.payer_id,
            created_at: row.created_at,
            state,
            is_paused: asked.iter().any(|of| of.is_paused),
            entries,
        });
    }
    Ok(attempts)
}

/// What was paid of an order less what went back, in minor units of its currency.
///
/// # Errors
/// When the database fails.
pub async fn kept<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<i64, DbErr> {
    Ok(attempts(db, order).await?.iter().map(|attempt| attempt.state.balance.kept()).sum())
}

async fn entries<C: ConnectionTrait>(
    db: &C,
    orders: &[OrderId],
) -> Result<HashMap<PaymentAttemptId, Vec<Recorded>>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        attempt_id: PaymentAttemptId,
        action: String,
        outcome: String,
        fact: String,
        operation_id: Option<OperationId>,
        amount: i64,
        reference: Option<String>,
        reason: Option<String>,
        created_at: DateTime<Utc>,
        asked_for: Option<String>,
    }
    let (list, values) = in_list(db, 1, orders.iter().copied());
    let text = format!(
        "SELECT e.attempt_id, e.action, e.outcome, e.fact, e.operation_id, e.amount, e.reference, e.reason, e.created_at,
                o.reason AS asked_for
         FROM payment_events e JOIN payment_attempts a ON a.id = e.attempt_id
         LEFT JOIN payment_operations o ON o.id = e.operation_id
         WHERE a.order_id {list} ORDER BY e.id",
    );
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    let mut entries = HashMap::<PaymentAttemptId, Vec<Recorded>>::new();
    for row in rows {
        entries.entry(row.attempt_id).or_default().push(Recorded {
            entry: Entry {
                attempt: row.attempt_id,
                action: stored_action(&row.action)?,
                outcome: Outcome::parse(&row.outcome).ok_or_else(|| unknown("outcome", &row.outcome))?,
                fact: row.fact,
                operation: row.operation_id,
                balancing: row.asked_for.as_deref() == Some(BALANCE),
                amount: row.amount,
            },
            reference: row.reference,
            reason: row.reason,
            at: row.created_at,
        });
    }
    Ok(entries)
}

pub(super) fn stored_action(text: &str) -> Result<Action, DbErr> {
    Action::parse(text).ok_or_else(|| unknown("payment action", text))
}

/// Asks gateways to end what nobody has paid yet, so that nobody does, in a transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub async fn end_open<C: ConnectionTrait>(
    tx: &C,
    attempts: &[Attempt],
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    for attempt in attempts {
        let state = &attempt.state;
        let ending = state.under_way.iter().any(|(action, _)| *action == Action::Void);
        // What was set aside is let go for what it is.
        let open = attempt.redirect_to.is_some() && state.balance.authorised == 0 && !state.balance.voided;
        if open && !ending {
            let wish = Wish { attempt: attempt.id, action: Action::Void, amount: attempt.amount.minor() };
            ask(tx, wish, Asked::by_system(reason, now), now).await?;
        }
    }
    Ok(())
}

/// Writes a fact into the ledger, in a transaction of the caller's; `false` where it was there.
pub(super) async fn write<C: ConnectionTrait>(
    tx: &C,
    attempt: PaymentAttemptId,
    gateway: &str,
    fact: &Fact,
    source: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let text = "INSERT INTO payment_events
                (id, attempt_id, gateway, event_id, fact, action, outcome, amount, operation_id, reference, reason,
                 source, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                ON CONFLICT (gateway, event_id) DO NOTHING";
    let values = [
        PaymentEventId::new(now).into(),
        attempt.into(),
        gateway.into(),
        format!("{}:{}:{}", fact.action.code(), fact.name, fact.outcome.code()).into(),
        fact.name.clone().into(),
        fact.action.code().into(),
        fact.outcome.code().into(),
        fact.amount.minor().into(),
        fact.operation.into(),
        fact.reference.clone().into(),
        fact.reason.clone().into(),
        source.into(),
        now.into(),
    ];
    Ok(tx.execute_raw(sql(tx, text, values)).await?.rows_affected() == 1)
}

/// Whether what was set aside by an attempt was let go, though nobody here has asked for it.
///
/// # Errors
/// When the database fails.
pub async fn has_lapsed<C: ConnectionTrait>(db: &C, order: OrderId, attempt: PaymentAttemptId) -> Result<bool, DbErr> {
    let attempts = attempts(db, order).await?;
    let of = |attempt: &Attempt| attempt.state.balance;
    let Some(balance) = attempts.iter().find(|known| known.id == attempt).map(of) else { return Ok(false) };
    if !balance.voided || balance.authorised == 0 || balance.captured > 0 {
        return Ok(false);
    }
    let text = "SELECT COUNT(*) AS n FROM payment_operations WHERE attempt_id = $1 AND action = $2";
    let row = db.query_one_raw(sql(db, text, [attempt.into(), Action::Void.code().into()])).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get::<i64>("", "n"))? == 0)
}

/// The currency of an attempt, its gateway and its order; `None` where there is no such attempt.
pub(super) async fn head<C: ConnectionTrait>(
    db: &C,
    attempt: PaymentAttemptId,
) -> Result<Option<(OrderId, String, Currency)>, DbErr> {
    let text = "SELECT order_id, gateway, currency FROM payment_attempts WHERE id = $1";
    let Some(row) = db.query_one_raw(sql(db, text, [attempt.into()])).await? else { return Ok(None) };
    Ok(Some((
        row.try_get("", "order_id")?,
        row.try_get("", "gateway")?,
        currency(&row.try_get::<String>("", "currency")?)?,
    )))
}
