//! Staff give money of an order back.

use super::cancel::{OrderError, locked};
use super::{Lifecycle, Order, OrderId, OrderLineId, RefundId, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Done};
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::money::Money;
use crate::payments::ledger::{self, Attempt};
use crate::payments::operations::{self, Asked};
use crate::payments::record::settle_up;
use crate::payments::{Action, Credit, Wish, split};
use crate::store_credit::EntryKind;
use crate::store_credit::book::{Posting, post};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundMethod {
    /// The way it came: money first, then what store credit has paid.
    Original,
    /// As credit of the account, to be spent here.
    StoreCredit,
}

impl RefundMethod {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::Original, Self::StoreCredit];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::StoreCredit => "store_credit",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.code() == text)
    }
}

/// What is to be given back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Names the request: made again, it is the same refund.
    pub key: String,
    /// How much; `None` where it is what the lines cost.
    pub amount: Option<Money>,
    /// For which pieces of which lines, if for any.
    pub lines: Vec<(OrderLineId, i32)>,
    /// How.
    pub method: RefundMethod,
    /// Why, in the words of staff.
    pub reason: String,
}

/// What of a refund `r` gateways have refused in the end, in minor units, as an expression: it goes back to nobody, and
/// can be decided anew. What a bank has sent back has failed, too; what failed and was done all the same was done.
pub(crate) const REFUSED: &str = "COALESCE((
    SELECT SUM(p.amount) FROM payment_operations p WHERE p.refund_id = r.id AND p.due_at IS NULL
    AND EXISTS (
        SELECT 1 FROM payment_events e JOIN payment_events f ON f.attempt_id = e.attempt_id AND f.action = e.action
            AND f.fact = e.fact AND f.outcome = 'failed' WHERE e.operation_id = p.id
    ) AND NOT EXISTS (
        SELECT 1 FROM payment_events e WHERE e.operation_id = p.id AND e.outcome = 'succeeded' AND NOT EXISTS (
            SELECT 1 FROM payment_events f WHERE f.attempt_id = e.attempt_id AND f.action = e.action
                AND f.fact = e.fact AND f.outcome = 'failed'
        )
    )), 0)";

/// The pieces that were given back, as a table: those of refunds of which not all was refused.
pub(crate) fn given_lines() -> String {
    format!(
        "(SELECT l.line_id, l.quantity, l.amount, r.order_id FROM refund_lines l JOIN refunds r ON r.id = l.refund_id
          WHERE r.amount > {REFUSED})"
    )
}

/// Reports that staff have decided to give money of an order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RefundRequested {
    /// Which refund.
    pub refund: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: RefundMethod,
    /// Why.
    pub reason: String,
}
event!(RefundRequested, version 1, about order);

/// Gives money of an order back: several times, in parts, for lines or any amount, never more than was captured and is
/// not given back yet. Money goes back by itself after this; store credit is there at once, and what was paid with it
/// is given back as it.
///
/// # Errors
/// [`OrderError::TooMuch`] for more than there is, [`OrderError::NoAccount`] for store credit of a guest.
pub async fn refund(shop: &Shop, who: &SignedIn, order: OrderId, refund: &Refund) -> Result<RefundId, OrderError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(OrderError::NotAllowed);
    }
    let id = db::retry(|| attempt(shop, who.user, order, refund)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(id)
}

async fn attempt(shop: &Shop, staff: UserId, order: OrderId, refund: &Refund) -> Result<RefundId, OrderError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    let text = "SELECT id FROM refunds WHERE order_id = $1 AND idempotency_key = $2";
    if let Some(row) = tx.query_one_raw(sql(&tx, text, [order.id.into(), refund.key.clone().into()])).await? {
        return Ok(row.try_get("", "id")?);
    }
    let id = refund_within(shop, &tx, staff, &order, refund, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// As [`refund`], in a transaction of the caller's that holds the order's lock; whoever asks gateways is to be told
/// after that. The key must be new.
///
/// # Errors
/// As those of [`refund`].
pub(crate) async fn refund_within<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    staff: UserId,
    order: &Order,
    refund: &Refund,
    now: DateTime<Utc>,
) -> Result<RefundId, OrderError> {
    if matches!(order.lifecycle, Lifecycle::Draft | Lifecycle::AwaitingPayment) {
        return Err(OrderError::WrongState);
    }
    let lines = amounts_of(tx, order, &refund.lines).await?;
    let amount = refund.amount.map_or_else(|| lines.iter().map(|line| line.2).sum(), Money::minor);
    if amount <= 0 {
        return Err(OrderError::Nothing);
    }
    let attempts = ledger::attempts(tx, order.id).await?;
    let left = Refundable::of(tx, order, &attempts).await?;
    // As store credit, the money is kept for as long as credit can be given back instead.
    let (money, from_credit) = match refund.method {
        RefundMethod::Original => split(amount, left.money, left.credit),
        RefundMethod::StoreCredit => split(amount, left.credit, left.money).map(|(credit, money)| (money, credit)),
    }
    .ok_or(OrderError::TooMuch)?;
    let id = RefundId::new(now);
    write(tx, id, order, staff, refund, (amount, from_credit), &lines, now).await?;
    let to_credit = match refund.method {
        RefundMethod::Original => from_credit,
        RefundMethod::StoreCredit => amount,
    };
    if to_credit > 0 {
        let owner = queries::owner(tx, order.id).await?.ok_or(OrderError::NoAccount)?;
        let posting = Posting::of_order(owner, Money::new(to_credit, order.currency), EntryKind::Refunded, order.id);
        post(shop, tx, Posting { refund: Some(id), ..posting }, now).await?;
    }
    if refund.method == RefundMethod::Original {
        let mut left = money;
        // The newest payment goes back first.
        for attempt in attempts.iter().rev() {
            let part = attempt.state.refundable().max(0).min(left);
            if part > 0 {
                let wish = Wish { attempt: attempt.id, action: Action::Refund, amount: part };
                let actor = format!("staff:{staff}");
                let asked = Asked { reason: "refund", actor: &actor, refund: Some(id), due_at: now };
                operations::ask(tx, wish, asked, now).await?;
            }
            left -= part;
        }
    }
    settle_up(shop, tx, order.id, now, &[]).await?;
    let requested = RefundRequested {
        refund: id,
        order: order.id,
        amount: Money::new(amount, order.currency),
        method: refund.method,
        reason: refund.reason.clone(),
    };
    let version = version(tx, order.id).await?;
    events::emit(shop, tx, vec![NewEvent::of(&requested, version)]).await?;
    let after = serde_json::json!({ "order": order.number.to_string(), "amount": amount,
        "currency": order.currency.code(), "method": refund.method.code(), "reason": refund.reason });
    let done = Done { after: Some(after), subject: None, ..Done::by(audit::Action::OrderRefunded, staff) };
    audit::record(tx, now, done).await?;
    Ok(id)
}

/// The version of an order whose lock is held.
pub(crate) async fn version<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<i64, DbErr> {
    let row = tx.query_one_raw(sql(tx, "SELECT version FROM orders WHERE id = $1", [order.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "version"))
}

/// What the chosen pieces cost, as far as they were not given back before: the share of a line's gross amount that
/// falls on them, so that all of its pieces together give exactly that.
pub(crate) async fn amounts_of<C: ConnectionTrait>(
    tx: &C,
    order: &Order,
    chosen: &[(OrderLineId, i32)],
) -> Result<Vec<(OrderLineId, i32, i64)>, OrderError> {
    let mut amounts = Vec::with_capacity(chosen.len());
    let given = if chosen.is_empty() { HashMap::new() } else { given_back_by_line(tx, order.id).await? };
    for (id, quantity) in chosen.iter().filter(|(_, quantity)| *quantity > 0) {
        let line = order.lines.iter().find(|line| line.id == *id).ok_or(OrderError::NotFound)?;
        let LineGivenBack { pieces, amount: given } = given.get(id).copied().unwrap_or_default();
        let (before, all, quantity_wide) = (i128::from(pieces), i128::from(line.quantity), i128::from(*quantity));
        if before + quantity_wide > all || amounts.iter().any(|(known, _, _)| known == id) {
            return Err(OrderError::TooMuch);
        }
        let share = i128::from(line.total.amounts.gross) * (before + quantity_wide) / all;
        let amount = i64::try_from(share - i128::from(given)).map_err(|_| OrderError::TooMuch)?.max(0);
        amounts.push((*id, *quantity, amount));
    }
    Ok(amounts)
}

/// What was given back of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineGivenBack {
    /// For how many pieces.
    pub pieces: i64,
    /// How much, in minor units.
    pub amount: i64,
}

/// What was given back of the lines of an order: nothing of those that are missing.
///
/// # Errors
/// When the database fails.
pub async fn given_back_by_line<C: ConnectionTrait>(
    db: &C,
    order: OrderId,
) -> Result<HashMap<OrderLineId, LineGivenBack>, DbErr> {
    let text = format!(
        "SELECT g.line_id, CAST(SUM(g.quantity) AS BIGINT) AS pieces, CAST(SUM(g.amount) AS BIGINT) AS amount
         FROM {} AS g WHERE g.order_id = $1 GROUP BY g.line_id",
        given_lines(),
    );
    let rows = db.query_all_raw(sql(db, &text, [order.into()])).await?;
    let given = |row: &QueryResult| {
        let given = LineGivenBack { pieces: row.try_get("", "pieces")?, amount: row.try_get("", "amount")? };
        Ok((row.try_get("", "line_id")?, given))
    };
    rows.iter().map(given).collect()
}

#[expect(clippy::too_many_arguments, reason = "a row of each table")]
async fn write<C: ConnectionTrait>(
    tx: &C,
    id: RefundId,
    order: &Order,
    staff: UserId,
    refund: &Refund,
    (amount, from_credit): (i64, i64),
    lines: &[(OrderLineId, i32, i64)],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "INSERT INTO refunds (id, order_id, idempotency_key, method, amount, reason, actor_id, created_at,
                                     from_credit)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        id.into(),
        order.id.into(),
        refund.key.clone().into(),
        refund.method.code().into(),
        amount.into(),
        refund.reason.clone().into(),
        staff.into(),
        now.into(),
        from_credit.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    for (line, quantity, amount) in lines {
        let text = "INSERT INTO refund_lines (refund_id, line_id, quantity, amount) VALUES ($1, $2, $3, $4)";
        let values = [id.into(), (*line).into(), (*quantity).into(), (*amount).into()];
        tx.execute_raw(sql(tx, text, values)).await?;
    }
    Ok(())
}

/// What was given back of an order as store credit, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenBack {
    /// For money that stays.
    pub credited: i64,
    /// For store credit that the order was paid with.
    pub returned: i64,
}

impl GivenBack {
    /// Reads it from the order's refunds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Self, DbErr> {
        let text =
            "SELECT CAST(COALESCE(SUM(CASE WHEN method = 'store_credit' THEN amount - from_credit ELSE 0 END), 0)
                                AS BIGINT) AS credited,
                           CAST(COALESCE(SUM(from_credit), 0) AS BIGINT) AS returned
                    FROM refunds WHERE order_id = $1";
        let Some(row) = db.query_one_raw(sql(db, text, [order.into()])).await? else { return Ok(Self::default()) };
        Ok(Self { credited: row.try_get("", "credited")?, returned: row.try_get("", "returned")? })
    }

    /// The store credit that an order was paid with, and what of it went back: all of it once the order is given up,
    /// unless what was paid is kept.
    pub fn credit(self, order: &Order) -> Credit {
        self.credit_of(order.store_credit.minor(), order.lifecycle, order.keeps_payment)
    }

    /// As [`credit`](Self::credit), of an order of which only this is known; `spent` in minor units.
    pub(crate) fn credit_of(self, spent: i64, lifecycle: Lifecycle, keeps_payment: bool) -> Credit {
        let is_back = lifecycle == Lifecycle::Cancelled && !keeps_payment;
        Credit { spent, returned: if is_back { spent } else { self.returned } }
    }
}

/// What can still be given back of an order, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refundable {
    money: i64,
    credit: i64,
}

impl Refundable {
    async fn of<C: ConnectionTrait>(db: &C, order: &Order, attempts: &[Attempt]) -> Result<Self, DbErr> {
        let given = GivenBack::of(db, order.id).await?;
        let kept: i64 = attempts.iter().map(|attempt| attempt.state.refundable().max(0)).sum();
        let credit = given.credit(order).kept();
        Ok(Self { money: (kept - given.credited).max(0), credit })
    }
}

/// What can still be given back of an order: money, and store credit that has paid it.
///
/// # Errors
/// When the database fails.
pub async fn refundable<C: ConnectionTrait>(db: &C, order: &Order) -> Result<Money, DbErr> {
    let left = Refundable::of(db, order, &ledger::attempts(db, order.id).await?).await?;
    Ok(Money::new(left.money + left.credit, order.currency))
}

/// What a refund has given as store credit; nothing where there is no such refund.
///
/// # Errors
/// When the database fails.
pub async fn given_as_credit<C: ConnectionTrait>(db: &C, refund: RefundId, order: &Order) -> Result<Money, DbErr> {
    let text = "SELECT CASE WHEN method = 'store_credit' THEN amount ELSE from_credit END AS n FROM refunds
                WHERE id = $1 AND order_id = $2";
    let row = db.query_one_raw(sql(db, text, [refund.into(), order.id.into()])).await?;
    Ok(Money::new(row.map_or(Ok(0), |row| row.try_get("", "n"))?, order.currency))
}

/// What an order gives back that was given up and keeps nothing: money, and store credit that had paid it.
///
/// # Errors
/// When the database fails.
pub async fn given_back_at_the_end<C: ConnectionTrait>(db: &C, order: &Order) -> Result<(Money, Money), DbErr> {
    let text = format!(
        "SELECT CAST(COALESCE(SUM(r.amount - r.from_credit - {REFUSED}), 0) AS BIGINT) AS n FROM refunds r
         WHERE r.order_id = $1"
    );
    let row = db.query_one_raw(sql(db, &text, [order.id.into()])).await?;
    let before: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    let captured: i64 = ledger::attempts(db, order.id).await?.iter().map(|attempt| attempt.state.paid()).sum();
    let credit = order.store_credit.minor() - GivenBack::of(db, order.id).await?.returned;
    Ok((Money::new((captured - before).max(0), order.currency), Money::new(credit, order.currency)))
}
