//! What every step of a return has in common: the lock of its order, the table of transitions, and the key of the form.

use super::{Return, ReturnEvent, ReturnId, ReturnNumber, ReturnState, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::audit::{self, Action, Done};
use crate::db::{self, sql};
use crate::events::{self, DomainEvent, NewEvent};
use crate::orders::cancel::{self, OrderError};
use crate::orders::{Order, OrderId};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// Why a return is not, or stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ReturnError {
    /// There is no such return or order, or not for whoever asks.
    #[error("no such return")]
    NotFound,
    /// It is not in a state in which this can be done.
    #[error("not in this state")]
    WrongState,
    /// More pieces than can be returned, or than were asked for.
    #[error("too many pieces")]
    TooMuch,
    /// More money than is left of what was paid, or nothing at all.
    #[error("not so much money")]
    Amount,
    /// No piece was chosen.
    #[error("nothing chosen")]
    Nothing,
    /// The order has as many returns as its customer may ask for.
    #[error("too many returns")]
    TooMany,
    /// Store credit belongs to an account, and there is none.
    #[error("no account")]
    NoAccount,
    /// There is no such location, or nothing may come there.
    #[error("no such location")]
    NoLocation,
    /// Whoever asks may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

db::transient_by_db!(ReturnError);

impl From<OrderError> for ReturnError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound => Self::NotFound,
            OrderError::TooMuch | OrderError::Nothing => Self::Amount,
            OrderError::NoAccount => Self::NoAccount,
            OrderError::NotHeld => Self::NoLocation,
            OrderError::NotAllowed => Self::NotAllowed,
            OrderError::WrongState | OrderError::Unpaid => Self::WrongState,
            OrderError::Db(error) => Self::Db(error),
        }
    }
}

/// What somebody says with a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Names the request: made again, nothing more is done.
    pub key: String,
    /// What they say to the customer, perhaps nothing.
    pub note: String,
}

/// Refuses who may not change orders.
pub(super) fn staff(who: &SignedIn) -> Result<UserId, ReturnError> {
    who.require(Permission::OrdersWrite).map(|()| who.user).map_err(|_| ReturnError::NotAllowed)
}

/// A return and its order, whose lock the transaction holds from here on.
pub(super) async fn locked<C: ConnectionTrait>(tx: &C, id: ReturnId) -> Result<(Order, Return), ReturnError> {
    let order = queries::order_of(tx, id).await?.ok_or(ReturnError::NotFound)?;
    let order = cancel::locked(tx, order).await?;
    let all = queries::of_order(tx, order.id).await?;
    let one = all.into_iter().find(|one| one.id == id).ok_or(ReturnError::NotFound)?;
    Ok((order, one))
}

/// Brings a return a step further, in a transaction that holds the lock of its order; `false` where the same form has
/// done it already.
pub(super) async fn step<C: ConnectionTrait>(
    tx: &C,
    of: &Return,
    event: ReturnEvent,
    actor: Option<UserId>,
    word: &Word,
    now: DateTime<Utc>,
) -> Result<bool, ReturnError> {
    let to = event.leads_to();
    if of.step(to).is_some_and(|step| step.key == word.key) {
        return Ok(false);
    }
    let to = of.state.after(event).ok_or(ReturnError::WrongState)?;
    let text = "UPDATE returns SET state = $2, ended_at = $3, version = version + 1 WHERE id = $1";
    let ended = to.has_ended().then_some(now);
    tx.execute_raw(sql(tx, text, [of.id.into(), to.code().into(), ended.into()])).await?;
    write_step(tx, of.id, to, actor, word, now).await?;
    Ok(true)
}

/// Writes down what brought a return to a state.
pub(super) async fn write_step<C: ConnectionTrait>(
    tx: &C,
    id: ReturnId,
    state: ReturnState,
    actor: Option<UserId>,
    word: &Word,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "INSERT INTO return_steps (return_id, state, idempotency_key, actor_id, note, at)
                VALUES ($1, $2, $3, $4, $5, $6)";
    let (key, note) = (word.key.clone(), word.note.clone());
    let values = [id.into(), state.code().into(), key.into(), actor.into(), note.into(), now.into()];
    tx.execute_raw(sql(tx, text, values)).await.map(drop)
}

/// Reports something about an order whose lock is held, as its next version.
pub(super) async fn report<C: ConnectionTrait, E: DomainEvent>(
    shop: &Shop,
    tx: &C,
    order: OrderId,
    event: &E,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "UPDATE orders SET version = version + 1, updated_at = $2 WHERE id = $1 RETURNING version";
    let row = tx.query_one_raw(sql(tx, text, [order.into(), now.into()])).await?;
    let version: i64 = row.map_or(Ok(0), |row| row.try_get("", "version"))?;
    events::emit(shop, tx, vec![NewEvent::of(event, version)]).await
}

/// Writes into the audit log what staff did to a return.
pub(super) async fn record<C: ConnectionTrait>(
    tx: &C,
    action: Action,
    staff: UserId,
    number: ReturnNumber,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let after = serde_json::json!({ "return": number.to_string() });
    audit::record(tx, now, Done { after: Some(after), subject: None, ..Done::by(action, staff) }).await
}
