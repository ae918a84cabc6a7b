//! What was sent back has come: it is counted, and what can be sold again is in stock again.

use super::events::{ReceivedLine, ReturnReceived};
use super::step::{ReturnError, Word, locked, record, report, staff, step};
use super::{Counted, Return, ReturnEvent, ReturnId};
use crate::Shop;
use crate::accounts::{SignedIn, UserId};
use crate::audit::Action;
use crate::catalog::VariationId;
use crate::db::{self, sql};
use crate::inventory::put_back::{may_come_to, put_back};
use crate::inventory::{Actor, LocationId};
use crate::orders::Order;
use sea_orm::ConnectionTrait;

/// What has come, and to where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it has come to, and what can be sold again is kept.
    pub location: LocationId,
    /// What has come of each line; of those that are not named, nothing has.
    pub counted: Vec<Counted>,
}

/// Staff count what has come of a return.
///
/// # Errors
/// [`ReturnError::TooMuch`] for more than was asked for, [`ReturnError::NoLocation`], or [`ReturnError::WrongState`]
/// where it was not agreed to, or somebody else has counted it.
pub async fn receive(
    shop: &Shop,
    who: &SignedIn,
    id: ReturnId,
    arrival: &Arrival,
    word: &Word,
) -> Result<(), ReturnError> {
    let staff = staff(who)?;
    db::retry(|| attempt(shop, staff, id, arrival, word)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(shop: &Shop, staff: UserId, id: ReturnId, arrival: &Arrival, word: &Word) -> Result<(), ReturnError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let (order, of) = locked(&tx, id).await?;
    if !step(&tx, &of, ReturnEvent::Receive, Some(staff), word, now).await? {
        return Ok(());
    }
    let counted = complete(&of, &arrival.counted)?;
    if !may_come_to(&tx, arrival.location).await? {
        return Err(ReturnError::NoLocation);
    }
    for line in &counted {
        let text = "UPDATE return_lines SET received = $3, resellable = $4 WHERE return_id = $1 AND line_id = $2";
        let values = [id.into(), line.line.into(), line.received.into(), line.resellable.into()];
        tx.execute_raw(sql(&tx, text, values)).await?;
    }
    let text = "UPDATE returns SET location_id = $2 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [id.into(), arrival.location.into()])).await?;
    let items = resellable(&order, &counted)?;
    put_back(shop, &tx, arrival.location, &items, id.0, &Actor::Staff(staff)).await?;
    let lines =
        counted.iter().map(|of| ReceivedLine { line: of.line, received: of.received, resellable: of.resellable });
    let received = ReturnReceived {
        order: order.id,
        return_id: id,
        return_number: of.number.to_string(),
        location: arrival.location,
        lines: lines.collect(),
    };
    report(shop, &tx, order.id, &received, now).await?;
    record(&tx, Action::ReturnReceived, staff, of.number, now).await?;
    Ok(tx.commit().await?)
}

/// What has come of every line of a return.
fn complete(of: &Return, counted: &[Counted]) -> Result<Vec<Counted>, ReturnError> {
    if counted.iter().any(|one| !of.lines.iter().any(|line| line.line == one.line)) {
        return Err(ReturnError::NotFound);
    }
    let mut all = Vec::with_capacity(of.lines.len());
    for line in &of.lines {
        let mut named = counted.iter().filter(|one| one.line == line.line);
        let one = named.next().copied().unwrap_or(Counted { line: line.line, received: 0, resellable: 0 });
        let right = (0..=line.quantity).contains(&one.received) && (0..=one.received).contains(&one.resellable);
        if !right || named.next().is_some() {
            return Err(ReturnError::TooMuch);
        }
        all.push(one);
    }
    Ok(all)
}

fn resellable(order: &Order, counted: &[Counted]) -> Result<Vec<(VariationId, i64)>, ReturnError> {
    let mut items = Vec::with_capacity(counted.len());
    for one in counted.iter().filter(|one| one.resellable > 0) {
        let line = order.lines.iter().find(|line| line.id == one.line).ok_or(ReturnError::NotFound)?;
        items.push((line.variation, one.resellable));
    }
    Ok(items)
}
