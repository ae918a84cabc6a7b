//! Money is given back for what came: what its pieces cost, less what staff keep.

use super::events::ReturnRefunded;
use super::step::{ReturnError, Word, locked, report, staff, step};
use super::{Return, ReturnEvent, ReturnId};
use crate::Shop;
use crate::accounts::{SignedIn, UserId};
use crate::db::{self, sql};
use crate::money::Money;
use crate::orders::refund::{Refund, RefundMethod, amounts_of, given_back_by_line, refund_within};
use crate::orders::{Order, OrderLineId, RefundId};
use sea_orm::ConnectionTrait;

/// How money is given back for a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// How.
    pub method: RefundMethod,
    /// What of the cost of the pieces is kept, in minor units of the order's currency.
    pub deduction: i64,
}

/// The pieces that came and were not paid back by another refund, and what they cost.
///
/// # Errors
/// When the database fails.
pub async fn worth<C: ConnectionTrait>(
    db: &C,
    order: &Order,
    of: &Return,
) -> Result<(Vec<(OrderLineId, i32)>, Money), ReturnError> {
    let given_back = given_back_by_line(db, order.id).await?;
    let mut pieces = Vec::new();
    for line in &of.lines {
        let bought = order.lines.iter().find(|bought| bought.id == line.line).ok_or(ReturnError::NotFound)?;
        let left = i64::from(bought.quantity) - given_back.get(&line.line).map_or(0, |given| given.pieces);
        let quantity = line.received.unwrap_or_default().min(left).max(0);
        if quantity > 0 {
            pieces.push((line.line, i32::try_from(quantity).map_err(|_| ReturnError::TooMuch)?));
        }
    }
    let cost = amounts_of(db, order, &pieces).await?.iter().map(|line| line.2).sum();
    Ok((pieces, Money::new(cost, order.currency)))
}

/// Staff give money back for what came of a return.
///
/// # Errors
/// [`ReturnError::Amount`] for more than is left of what was paid or nothing at all, [`ReturnError::NoAccount`] for
/// store credit of a guest, or [`ReturnError::WrongState`] where it was not counted, or has ended.
pub async fn refund(
    shop: &Shop,
    who: &SignedIn,
    id: ReturnId,
    settlement: Settlement,
    word: &Word,
) -> Result<(), ReturnError> {
    let staff = staff(who)?;
    db::retry(|| attempt(shop, staff, id, settlement, word)).await?;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(())
}

async fn attempt(
    shop: &Shop,
    staff: UserId,
    id: ReturnId,
    settlement: Settlement,
    word: &Word,
) -> Result<(), ReturnError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let (order, of) = locked(&tx, id).await?;
    if !step(&tx, &of, ReturnEvent::Refund, Some(staff), word, now).await? {
        return Ok(());
    }
    let (lines, cost) = worth(&tx, &order, &of).await?;
    // Less than nothing would give back more than the pieces cost.
    if !(0..cost.minor()).contains(&settlement.deduction) {
        return Err(ReturnError::Amount);
    }
    let amount = Money::new(cost.minor() - settlement.deduction, order.currency);
    let wanted = Refund {
        key: format!("return:{id}"),
        amount: Some(amount),
        lines,
        method: settlement.method,
        reason: format!("Return {}", of.number),
    };
    let refund: RefundId = refund_within(shop, &tx, staff, &order, &wanted, now).await?;
    let text = "UPDATE returns SET refund_id = $2 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [id.into(), refund.into()])).await?;
    let refunded = ReturnRefunded {
        order: order.id,
        return_id: id,
        return_number: of.number.to_string(),
        refund,
        amount,
        deduction: Money::new(settlement.deduction, order.currency),
    };
    report(shop, &tx, order.id, &refunded, now).await?;
    Ok(tx.commit().await?)
}
