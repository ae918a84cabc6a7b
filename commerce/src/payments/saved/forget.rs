//! Gateways are asked to forget what they keep: when its owner removes it, and when they erase their account. It is
//! written down before, so that it is asked for until they have.

use super::queries::{customer_place, method_place};
use super::{ForgetId, PaymentCustomerId, SavedMethodId};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::{self, sql};
use crate::payments::GatewayError;
use crate::sealed::Place;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::{Deserialize, Serialize};

/// How many one round takes.
pub const BATCH: usize = 50;

/// How long it is left to whoever asks for it, in seconds; longer each time.
const LEASE_SECONDS: i64 = 60;

/// What is to be forgotten: a method, or all of a customer.
#[derive(Serialize, Deserialize)]
struct What {
    customer: String,
    method: Option<String>,
}

fn place(id: ForgetId) -> Place {
    Place { table: "payment_forgets", column: "what", row: id.0 }
}

/// Writes down that a gateway is to forget something, in a transaction of the caller's.
pub(super) async fn ask<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    gateway: &str,
    customer: &str,
    method: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let id = ForgetId::new(now);
    let what = What { customer: customer.to_owned(), method: method.map(str::to_owned) };
    let what = serde_json::to_vec(&what).map_err(|error| DbErr::Custom(error.to_string()))?;
    let text = "INSERT INTO payment_forgets (id, gateway, what, created_at, due_at, tries)
                VALUES ($1, $2, $3, $4, $4, 0)";
    let values = [id.into(), gateway.into(), shop.keys.seal(place(id), &what).into(), now.into()];
    tx.execute_raw(sql(tx, text, values)).await.map(drop)
}

#[derive(FromQueryResult)]
struct Kept {
    customer_id: PaymentCustomerId,
    gateway: String,
    reference: String,
    token: Option<String>,
}

impl Kept {
    /// What it is called at the gateway; nothing where it can't be opened any more.
    fn open(&self, shop: &Shop, method: Option<SavedMethodId>) -> Option<(String, Option<String>)> {
        let text = |place, sealed: &str| String::from_utf8(shop.keys.open(place, sealed).ok()?).ok();
        let customer = text(customer_place(self.customer_id), &self.reference)?;
        match (method, &self.token) {
            (Some(id), Some(token)) => Some((customer, Some(text(method_place(id), token)?))),
            _ => Some((customer, None)),
        }
    }
}

/// Somebody removes a way to pay of their own: at once here, and soon at the gateway. Whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn remove(shop: &Shop, user: UserId, id: SavedMethodId) -> Result<bool, DbErr> {
    let removed = db::retry(|| attempt_to_remove(shop, user, id)).await?;
    shop.operations.notify_one();
    Ok(removed)
}

async fn attempt_to_remove(shop: &Shop, user: UserId, id: SavedMethodId) -> Result<bool, DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let text = "SELECT c.id AS customer_id, c.gateway, c.reference, m.token FROM saved_payment_methods m
                JOIN payment_customers c ON c.id = m.customer_id WHERE m.id = $1 AND c.user_id = $2";
    let kept = Kept::find_by_statement(sql(&tx, text, [id.into(), user.into()])).one(&tx).await?;
    let Some(kept) = kept else { return Ok(false) };
    let text = "DELETE FROM saved_payment_methods WHERE id = $1";
    if tx.execute_raw(sql(&tx, text, [id.into()])).await?.rows_affected() == 0 {
        return Ok(false);
    }
    match kept.open(shop, Some(id)) {
        Some((customer, method)) => ask(shop, &tx, &kept.gateway, &customer, method.as_deref(), now).await?,
        None => tracing::error!(gateway = kept.gateway, "a saved way to pay can't be opened: not removed there"),
    }
    tx.commit().await?;
    Ok(true)
}

/// Writes down that gateways are to forget somebody, in the transaction that erases their account.
pub(crate) async fn forget_all<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = "SELECT id AS customer_id, gateway, reference, NULL AS token FROM payment_customers WHERE user_id = $1";
    for kept in Kept::find_by_statement(sql(tx, text, [user.into()])).all(tx).await? {
        match kept.open(shop, None) {
            Some((customer, _)) => ask(shop, tx, &kept.gateway, &customer, None, now).await?,
            None => tracing::error!(gateway = kept.gateway, "a customer can't be opened: not forgotten there"),
        }
    }
    Ok(())
}

/// Asks gateways to forget what is due; gives how much was.
///
/// # Errors
/// When the database fails; what was not asked for stays due.
pub async fn forget_due(shop: &Shop) -> Result<usize, DbErr> {
    #[derive(FromQueryResult)]
    struct Due {
        id: ForgetId,
        gateway: String,
        what: String,
        due_at: DateTime<Utc>,
        tries: i32,
    }
    let db = shop.db.primary();
    let now = shop.clock.now();
    let text = format!(
        "SELECT id, gateway, what, due_at, tries FROM payment_forgets WHERE due_at <= $1 ORDER BY due_at LIMIT {BATCH}"
    );
    let due = Due::find_by_statement(sql(db, &text, [now.into()])).all(db).await?;
    let count = due.len();
    for Due { id, gateway, what, due_at, tries } in due {
        // Whoever moves it first has it; it comes back by itself should they die.
        let until = now + TimeDelta::seconds(LEASE_SECONDS << tries.clamp(0, 9));
        let text = "UPDATE payment_forgets SET due_at = $3, tries = tries + 1 WHERE id = $1 AND due_at = $2";
        if db.execute_raw(sql(db, text, [id.into(), due_at.into(), until.into()])).await?.rows_affected() == 0 {
            continue;
        }
        // One that isn't configured any more, or whose key is gone, may be again.
        let Some(asked) = shop.gateways.get(&gateway) else { continue };
        let what = shop.keys.open(place(id), &what).ok().and_then(|what| serde_json::from_slice::<What>(&what).ok());
        let Some(what) = what else { continue };
        match asked.forget(&what.customer, what.method.as_deref()).await {
            Ok(()) => {}
            Err(error @ GatewayError::Unavailable(_)) => {
                tracing::warn!(gateway, %error, "a gateway was not reached to forget something");
                continue;
            }
            // What it does not know it has forgotten.
            Err(error) => tracing::warn!(gateway, %error, "a gateway had nothing to forget"),
        }
        db.execute_raw(sql(db, "DELETE FROM payment_forgets WHERE id = $1", [id.into()])).await?;
    }
    Ok(count)
}
