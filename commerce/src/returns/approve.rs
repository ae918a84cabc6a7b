//! Staff answer who wants to send something back, or its customer keeps it after all.

use super::events::{ReturnApproved, ReturnRejected, ReturnWithdrawn};
use super::step::{ReturnError, Word, locked, record, report, staff, step};
use super::{ReturnEvent, ReturnId};
use crate::Shop;
use crate::accounts::{SignedIn, UserId};
use crate::audit::Action;
use crate::db;

/// Staff agree to a return.
///
/// # Errors
/// [`ReturnError::WrongState`] where it was answered or withdrawn meanwhile.
pub async fn approve(shop: &Shop, who: &SignedIn, id: ReturnId, word: &Word) -> Result<(), ReturnError> {
    answer(shop, id, ReturnEvent::Approve, Some(staff(who)?), word).await
}

/// Staff don't agree to a return, and say why.
///
/// # Errors
/// [`ReturnError::WrongState`] where it was answered or withdrawn meanwhile.
pub async fn reject(shop: &Shop, who: &SignedIn, id: ReturnId, word: &Word) -> Result<(), ReturnError> {
    answer(shop, id, ReturnEvent::Reject, Some(staff(who)?), word).await
}

/// A customer takes back a request of their own, which whoever calls has made sure of.
///
/// # Errors
/// [`ReturnError::WrongState`] once it was answered.
pub async fn withdraw(shop: &Shop, id: ReturnId, key: &str) -> Result<(), ReturnError> {
    let word = Word { key: key.to_owned(), note: String::new() };
    answer(shop, id, ReturnEvent::Withdraw, None, &word).await
}

async fn answer(
    shop: &Shop,
    id: ReturnId,
    event: ReturnEvent,
    actor: Option<UserId>,
    word: &Word,
) -> Result<(), ReturnError> {
    db::retry(|| attempt(shop, id, event, actor, word)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(
    shop: &Shop,
    id: ReturnId,
    event: ReturnEvent,
    actor: Option<UserId>,
    word: &Word,
) -> Result<(), ReturnError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let (order, of) = locked(&tx, id).await?;
    if !step(&tx, &of, event, actor, word, now).await? {
        return Ok(());
    }
    let (order, return_id, return_number) = (order.id, id, of.number.to_string());
    let action = match event {
        ReturnEvent::Approve => {
            report(shop, &tx, order, &ReturnApproved { order, return_id, return_number }, now).await?;
            Action::ReturnApproved
        }
        ReturnEvent::Reject => {
            report(shop, &tx, order, &ReturnRejected { order, return_id, return_number }, now).await?;
            Action::ReturnRejected
        }
        _ => {
            report(shop, &tx, order, &ReturnWithdrawn { order, return_id, return_number }, now).await?;
            return Ok(tx.commit().await?);
        }
    };
    if let Some(staff) = actor {
        record(&tx, action, staff, of.number, now).await?;
    }
    Ok(tx.commit().await?)
}
