//! The book of store credit: an entry and the balance that it changes are written together, in the transaction of what
//! they are for.

use super::{EntryKind, StoreCreditEntryId, StoreCreditGranted, StoreCreditSpent};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use crate::events::{self, NewEvent};
use crate::money::Money;
use crate::orders::{OrderId, RefundId};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// What an entry is for.
#[derive(Clone, Debug)]
pub(crate) struct Posting {
    /// Whose credit it is.
    pub user: UserId,
    /// How much comes, or below zero how much goes.
    pub amount: Money,
    /// Why.
    pub kind: EntryKind,
    /// For which order, if for one.
    pub order: Option<OrderId>,
    /// For which refund, if for one.
    pub refund: Option<RefundId>,
    /// Who of the staff decided it, why, and the name of their request.
    pub by: Option<(UserId, String, String)>,
}

impl Posting {
    /// What comes or goes for an order.
    pub(crate) fn of_order(user: UserId, amount: Money, kind: EntryKind, order: OrderId) -> Self {
        Self { user, amount, kind, order: Some(order), refund: None, by: None }
    }
}

/// Writes an entry and reports it; `None` where there is less than is to go. Whoever else changes the same balance waits
/// until the transaction ends, so that nothing is spent twice.
///
/// # Errors
/// When the database fails.
pub(crate) async fn post<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    posting: Posting,
    now: DateTime<Utc>,
) -> Result<Option<StoreCreditEntryId>, DbErr> {
    let Posting { user, amount, kind, order, refund, by } = posting;
    if !change_balance(tx, user, amount, now).await? {
        return Ok(None);
    }
    let id = StoreCreditEntryId::new(now);
    let (actor, reason, key) = by.map_or((None, None, None), |(who, why, key)| (Some(who), Some(why), Some(key)));
    let text = "INSERT INTO store_credit_entries
                (id, user_id, currency, amount, kind, order_id, refund_id, actor_id, reason, idempotency_key, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = [
        id.into(),
        user.into(),
        amount.currency().code().into(),
        amount.minor().into(),
        kind.code().into(),
        order.into(),
        refund.into(),
        actor.into(),
        reason.into(),
        key.into(),
        now.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    let event = if amount.minor() > 0 {
        NewEvent::uncounted(&StoreCreditGranted { user, entry: id, amount, kind, order })
    } else {
        let amount = Money::new(-amount.minor(), amount.currency());
        NewEvent::uncounted(&StoreCreditSpent { user, entry: id, amount, kind, order })
    };
    events::emit(shop, tx, vec![event]).await?;
    Ok(Some(id))
}

/// Whether the balance could be changed: it is never below zero.
async fn change_balance<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let text = if amount.minor() > 0 {
        "INSERT INTO store_credit_balances (user_id, currency, balance, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, currency) DO UPDATE
         SET balance = store_credit_balances.balance + excluded.balance, updated_at = excluded.updated_at"
    } else {
        "UPDATE store_credit_balances SET balance = balance + $3, updated_at = $4
         WHERE user_id = $1 AND currency = $2 AND balance + $3 >= 0"
    };
    let values = [user.into(), amount.currency().code().into(), amount.minor().into(), now.into()];
    Ok(tx.execute_raw(sql(tx, text, values)).await?.rows_affected() == 1)
}
