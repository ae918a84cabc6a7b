//! Somebody wants to be forgotten. What bookkeeping must keep of their orders is told in `orders::anonymise`.

use super::{AccountErased, AccountError, Password, SignedIn, UserId, prove};
use crate::Shop;
use crate::cart::{CartId, account_token};
use crate::db::{self, placeholders, sql};
use crate::events::{self, DomainEvent, NewEvent, PUT_OFF};
use crate::inventory::claims;
use crate::orders::{self, Fulfilment, Lifecycle, OrderId, OrderNumber, anonymise, claim, draft};
use crate::payments::saved::forget;
use crate::token::Token;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbErr, TryGetable};
use uuid::Uuid;

/// How long the last mail to somebody is kept, in days: long enough to be sent, and to be read in the mailbox.
const FAREWELL_DAYS: i64 = 1;

/// The most parameters of a list in one statement.
const CHUNK: usize = 500;

/// Forgets a person: account, sessions, addresses, carts, drafts, links, mails and events about them. Their orders,
/// also those as a guest with the same address, are kept without what no invoice needs. A last mail says so.
///
/// # Errors
/// [`AccountError::OpenOrders`] while something is still to be delivered to them, the errors of [`prove::prove`], or
/// when the database fails; then nothing is erased.
pub async fn erase(
    shop: &Shop,
    who: &SignedIn,
    password: Option<&Password>,
    guest: Option<&Token>,
) -> Result<(), AccountError> {
    prove::prove(shop, who, password).await?;
    db::retry(|| attempt(shop, who, guest)).await?;
    shop.sessions.ended(&[account_token(shop, who.user).hash()]).await;
    shop.outbox.notify_one();
    shop.operations.notify_one();
    Ok(())
}

async fn attempt(shop: &Shop, who: &SignedIn, guest: Option<&Token>) -> Result<(), AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    // Sent twice: it is done already.
    if !prove::lock(&tx, who.user).await? {
        return Ok(());
    }
    draft::forget(&tx, &who.email).await?;
    claim::take(&tx, who.user, now).await?;
    let open = open_orders(&tx, who.user).await?.len() as i64;
    if open > 0 {
        return Err(AccountError::OpenOrders(open));
    }
    let orders: Vec<OrderId> = ids(&tx, "SELECT id FROM orders WHERE user_id = $1", who.user).await?;
    forget_mails(&tx, who, &orders).await?;
    for order in &orders {
        anonymise::unlink(&tx, *order, now).await?;
    }
    let text =
        "SELECT id FROM carts k WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.cart_id = k.id)";
    for cart in ids::<CartId, _>(&tx, text, who.user).await? {
        claims::release_cart(shop, &tx, cart).await?;
        tx.execute_raw(sql(&tx, "DELETE FROM carts WHERE id = $1", [cart.into()])).await?;
    }
    if let Some(guest) = guest {
        tx.execute_raw(sql(&tx, "DELETE FROM form_drafts WHERE owner = $1", [guest.hash().into()])).await?;
    }
    forget::forget_all(shop, &tx, who.user, now).await?;
    // What belongs to a person goes with their row.
    tx.execute_raw(sql(&tx, "DELETE FROM users WHERE id = $1", [who.user.into()])).await?;
    let farewell = AccountErased { user: who.user, email: who.email.clone(), name: who.name.clone() };
    events::emit(shop, &tx, vec![NewEvent::uncounted(&farewell)]).await?;
    Ok(tx.commit().await?)
}

/// The orders of a person that are neither cancelled nor delivered.
///
/// # Errors
/// When the database fails.
pub async fn open_orders<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Vec<OrderNumber>, DbErr> {
    let text = format!(
        "SELECT number FROM orders WHERE (user_id = $1 OR ({})) AND lifecycle <> $2 AND fulfilment <> $3 ORDER BY id",
        claim::CLAIMABLE
    );
    let values = [user.into(), Lifecycle::Cancelled.code().into(), Fulfilment::Delivered.code().into()];
    let rows = db.query_all_raw(sql(db, &text, values)).await?;
    let number = |row: &sea_orm::QueryResult| {
        let text: String = row.try_get("", "number")?;
        text.parse().map_err(|_| orders::queries::unknown("order number", &text))
    };
    rows.iter().map(number).collect()
}

async fn ids<T: TryGetable, C: ConnectionTrait>(tx: &C, text: &str, user: UserId) -> Result<Vec<T>, DbErr> {
    let rows = tx.query_all_raw(sql(tx, text, [user.into()])).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Deletes the mails to a person, also to an address they had before, and the events about their account, which are
/// the keys of these mails.
async fn forget_mails<C: ConnectionTrait>(tx: &C, who: &SignedIn, orders: &[OrderId]) -> Result<(), DbErr> {
    let events: Vec<Uuid> = ids(tx, "SELECT id FROM events WHERE aggregate_id = $1", who.user).await?;
    let mut keys: Vec<String> = orders.iter().map(|order| format!("order_confirmation:{order}")).collect();
    keys.extend(events.iter().flat_map(|id| ["", ":old", ":new"].map(|side| format!("account:{id}{side}"))));
    for orders in orders.chunks(CHUNK) {
        let text = format!("SELECT id FROM events WHERE aggregate_id IN ({})", placeholders(1, orders.len()));
        for row in tx.query_all_raw(sql(tx, &text, orders.iter().map(|order| (*order).into()))).await? {
            keys.push(format!("order_mail:{}", row.try_get::<Uuid>("", "id")?));
        }
    }
    for keys in keys.chunks(CHUNK) {
        let text = format!("DELETE FROM mails WHERE idempotency_key IN ({})", placeholders(1, keys.len()));
        tx.execute_raw(sql(tx, &text, keys.iter().map(|key| key.clone().into()))).await?;
    }
    let text = "DELETE FROM mails WHERE LOWER(recipient) = LOWER($1)";
    tx.execute_raw(sql(tx, text, [who.email.clone().into()])).await?;
    tx.execute_raw(sql(tx, "DELETE FROM events WHERE aggregate_id = $1", [who.user.into()])).await?;
    // What a mail server said may repeat the address, and how long it is tried goes by whether it was put off.
    for orders in orders.chunks(CHUNK) {
        let text = format!(
            "UPDATE event_deliveries SET error = CASE WHEN error LIKE '{PUT_OFF}%' THEN '{PUT_OFF}' END
             WHERE aggregate_id IN ({})",
            placeholders(1, orders.len())
        );
        tx.execute_raw(sql(tx, &text, orders.iter().map(|order| (*order).into()))).await?;
    }
    Ok(())
}

/// Deletes last mails, and the events that asked for them, a day after they were due.
///
/// # Errors
/// When the database fails.
pub async fn purge_farewells(shop: &Shop) -> Result<(), DbErr> {
    let tx = shop.db.begin().await?;
    let before = shop.clock.now() - TimeDelta::days(FAREWELL_DAYS);
    let text = "SELECT id FROM events WHERE kind = $1 AND occurred_at <= $2";
    let rows = tx.query_all_raw(sql(&tx, text, [AccountErased::KIND.name.into(), before.into()])).await?;
    for row in rows {
        let id: Uuid = row.try_get("", "id")?;
        let text = "DELETE FROM mails WHERE idempotency_key = $1";
        tx.execute_raw(sql(&tx, text, [format!("account:{id}").into()])).await?;
        tx.execute_raw(sql(&tx, "DELETE FROM events WHERE id = $1", [id.into()])).await?;
    }
    tx.commit().await
}
