//! Somebody wants to send something back: a customer by themselves, or staff for one who calls.

use super::events::{RequestedLine, ReturnApproved, ReturnRequested};
use super::step::{ReturnError, Word, record, report, staff, step, write_step};
use super::{NewReturn, Return, ReturnEvent, ReturnId, ReturnNumber, ReturnState, Window, queries, returnable};
use crate::Shop;
use crate::accounts::{SignedIn, UserId};
use crate::audit::Action;
use crate::db::{self, sql};
use crate::fulfilment::queries as shipments;
use crate::orders::cancel::locked;
use crate::orders::{Order, OrderId, OrderLineId};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::BTreeMap;

/// The most returns of an order that its customer may ask for, whatever became of them.
pub const RETURNS_MOST: usize = 20;

/// Who wants to send something back.
#[derive(Clone, Copy)]
enum By<'a> {
    Customer,
    /// Staff, who may do it after the window, and what they say.
    Staff(UserId, &'a Word),
}

/// A customer asks to send something of an order of their own back, which whoever calls has made sure of.
///
/// # Errors
/// [`ReturnError::TooMuch`] for more than was sent, is not in another return and has come within the window.
pub async fn request(shop: &Shop, order: OrderId, new: &NewReturn) -> Result<ReturnNumber, ReturnError> {
    write(shop, order, new, By::Customer).await
}

/// Staff open a return for a customer who asks another way: it is agreed to at once.
///
/// # Errors
/// [`ReturnError::TooMuch`] for more than was sent and is not in another return.
pub async fn open_for(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    new: &NewReturn,
    note: &str,
) -> Result<ReturnNumber, ReturnError> {
    let word = Word { key: new.key.clone(), note: note.to_owned() };
    write(shop, order, new, By::Staff(staff(who)?, &word)).await
}

/// How many pieces of each line the customer of an order can ask for now; staff, with no window.
///
/// # Errors
/// When the database fails.
pub async fn left<C: ConnectionTrait>(
    shop: &Shop,
    db: &C,
    order: OrderId,
    by_staff: bool,
) -> Result<BTreeMap<OrderLineId, i64>, DbErr> {
    let sent = shipments::shipments_of_order(db, order).await?;
    if sent.is_empty() {
        return Ok(BTreeMap::new());
    }
    let window = Window { days: shop.reference().settings.return_days, now: shop.clock.now() };
    Ok(returnable(&sent, &queries::of_order(db, order).await?, (!by_staff).then_some(window)))
}

async fn write(shop: &Shop, order: OrderId, new: &NewReturn, by: By<'_>) -> Result<ReturnNumber, ReturnError> {
    let number = db::retry(|| attempt(shop, order, new, by)).await?;
    shop.outbox.notify_one();
    Ok(number)
}

async fn attempt(shop: &Shop, order: OrderId, new: &NewReturn, by: By<'_>) -> Result<ReturnNumber, ReturnError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let order = locked(&tx, order).await?;
    if let Some(known) = queries::number_by_key(&tx, &order, &new.key).await? {
        return Ok(known);
    }
    let by_staff = matches!(by, By::Staff(..));
    let returns = queries::of_order(&tx, order.id).await?;
    if !by_staff && returns.len() >= RETURNS_MOST {
        return Err(ReturnError::TooMany);
    }
    if new.lines.is_empty() {
        return Err(ReturnError::Nothing);
    }
    let left = left(shop, &tx, order.id, by_staff).await?;
    for (at, wanted) in new.lines.iter().enumerate() {
        let twice = new.lines[..at].iter().any(|other| other.line == wanted.line);
        let most = left.get(&wanted.line).copied().unwrap_or_default();
        if twice || !(1..=most).contains(&wanted.quantity) {
            return Err(ReturnError::TooMuch);
        }
    }
    let number = returns.iter().map(|one| one.number.number).max().unwrap_or_default() + 1;
    let number = ReturnNumber { order: order.number, number };
    let id = insert(&tx, &order, number, new, now).await?;
    let requested = ReturnRequested {
        order: order.id,
        return_id: id,
        return_number: number.to_string(),
        lines: new.lines.iter().map(requested_line).collect(),
        by_staff,
    };
    let said = Word { key: new.key.clone(), note: String::new() };
    match by {
        By::Customer => {
            write_step(&tx, id, ReturnState::Requested, None, &said, now).await?;
            report(shop, &tx, order.id, &requested, now).await?;
        }
        By::Staff(user, word) => {
            write_step(&tx, id, ReturnState::Requested, Some(user), &said, now).await?;
            report(shop, &tx, order.id, &requested, now).await?;
            let opened = opened(id, &order, number, now);
            step(&tx, &opened, ReturnEvent::Approve, Some(user), word, now).await?;
            let approved = ReturnApproved { order: order.id, return_id: id, return_number: number.to_string() };
            report(shop, &tx, order.id, &approved, now).await?;
            record(&tx, Action::ReturnOpened, user, number, now).await?;
        }
    }
    tx.commit().await?;
    Ok(number)
}

fn requested_line(wanted: &super::Wanted) -> RequestedLine {
    RequestedLine { line: wanted.line, quantity: wanted.quantity, reason: wanted.reason }
}

/// A return as it was just written, as far as its first step needs it.
fn opened(id: ReturnId, order: &Order, number: ReturnNumber, now: DateTime<Utc>) -> Return {
    Return {
        id,
        order: order.id,
        number,
        state: ReturnState::Requested,
        location: None,
        refund: None,
        created_at: now,
        lines: Vec::new(),
        steps: Vec::new(),
    }
}

async fn insert<C: ConnectionTrait>(
    tx: &C,
    order: &Order,
    number: ReturnNumber,
    new: &NewReturn,
    now: DateTime<Utc>,
) -> Result<ReturnId, DbErr> {
    let id = ReturnId::new(now);
    let text = "INSERT INTO returns (id, order_id, number, idempotency_key, state, version, created_at)
                VALUES ($1, $2, $3, $4, $5, 1, $6)";
    let values = [
        id.into(),
        order.id.into(),
        number.number.into(),
        new.key.clone().into(),
        ReturnState::Requested.code().into(),
        now.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    for wanted in &new.lines {
        let text = "INSERT INTO return_lines (return_id, line_id, quantity, reason, comment)
                    VALUES ($1, $2, $3, $4, $5)";
        let values = [
            id.into(),
            wanted.line.into(),
            wanted.quantity.into(),
            wanted.reason.code().into(),
            wanted.comment.clone().into(),
        ];
        tx.execute_raw(sql(tx, text, values)).await?;
    }
    Ok(id)
}
