//! A return ends without money.

use super::events::ReturnClosed;
use super::step::{ReturnError, Word, locked, record, report, staff, step};
use super::{ReturnEvent, ReturnId, ReturnState};
use crate::Shop;
use crate::accounts::{SignedIn, UserId};
use crate::audit::Action;
use crate::db;

/// Staff end a return for which no money is given back: nothing came, or what came is not worth any. They say why.
///
/// # Errors
/// [`ReturnError::WrongState`] where it was not answered, or has ended.
pub async fn close(shop: &Shop, who: &SignedIn, id: ReturnId, word: &Word) -> Result<(), ReturnError> {
    let staff = staff(who)?;
    db::retry(|| attempt(shop, staff, id, word)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(shop: &Shop, staff: UserId, id: ReturnId, word: &Word) -> Result<(), ReturnError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let (order, of) = locked(&tx, id).await?;
    if !step(&tx, &of, ReturnEvent::Close, Some(staff), word, now).await? {
        return Ok(());
    }
    let closed = ReturnClosed {
        order: order.id,
        return_id: id,
        return_number: of.number.to_string(),
        received: of.state == ReturnState::Received,
    };
    report(shop, &tx, order.id, &closed, now).await?;
    record(&tx, Action::ReturnClosed, staff, of.number, now).await?;
    Ok(tx.commit().await?)
}
