//! Staff give somebody store credit, or take it.

use super::book::{Posting, post};
use super::{Adjustment, EntryKind};
use crate::Shop;
use crate::accounts::{Forbidden, Permission, SignedIn, UserId};
use crate::audit::{self, Action, Done};
use crate::db::{self, for_no_key_update, sql};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

/// Why somebody's store credit was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// They may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is nobody with this identifier.
    #[error("nobody is known by that")]
    Unknown,
    /// Nobody gives themselves money.
    #[error("one's own store credit")]
    Oneself,
    /// More is to be taken than there is.
    #[error("less store credit than that")]
    TooMuch,
    /// The request has the name of another one.
    #[error("the key of another request")]
    KeyReused,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

db::transient_by_db!(CreditError);

/// Gives somebody store credit, or takes it; `key` names the request, so that it counts once.
///
/// # Errors
/// [`CreditError`]; then nothing has changed.
pub async fn adjust(
    shop: &Shop,
    who: &SignedIn,
    user: UserId,
    adjustment: &Adjustment,
    key: &str,
) -> Result<(), CreditError> {
    if !who.role.allows(Permission::UsersWrite) {
        return Err(Forbidden(Permission::UsersWrite).into());
    }
    if who.user == user {
        return Err(CreditError::Oneself);
    }
    db::retry(|| attempt(shop, who.user, user, adjustment, key)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn attempt(
    shop: &Shop,
    staff: UserId,
    user: UserId,
    adjustment: &Adjustment,
    key: &str,
) -> Result<(), CreditError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    // The same request at the same time waits for the first one here.
    let text = format!("SELECT u.id FROM users u WHERE u.id = $1{}", for_no_key_update(&tx, "u"));
    tx.query_one_raw(sql(&tx, &text, [user.into()])).await?.ok_or(CreditError::Unknown)?;
    let Adjustment { amount, reason } = adjustment;
    let text = "SELECT amount, currency FROM store_credit_entries WHERE user_id = $1 AND idempotency_key = $2";
    if let Some(row) = tx.query_one_raw(sql(&tx, text, [user.into(), key.into()])).await? {
        let before: (i64, String) = (row.try_get("", "amount")?, row.try_get("", "currency")?);
        let same = before == (amount.minor(), amount.currency().code().to_owned());
        return if same { Ok(()) } else { Err(CreditError::KeyReused) };
    }
    let kind = if amount.minor() > 0 { EntryKind::Granted } else { EntryKind::Taken };
    let by = Some((staff, reason.clone(), key.to_owned()));
    let posting = Posting { user, amount: *amount, kind, order: None, refund: None, by };
    let entry = post(shop, &tx, posting, now).await?.ok_or(CreditError::TooMuch)?;
    // The reason is in the entry, which goes with its owner; the log stays.
    let after = json!({ "entry": entry, "amount": amount.minor(), "currency": amount.currency().code() });
    let done = Done::by(Action::StoreCreditAdjusted, staff);
    audit::record(&tx, now, Done { subject: Some(user), after: Some(after), ..done }).await?;
    Ok(tx.commit().await?)
}
