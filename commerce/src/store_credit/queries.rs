//! Reads of store credit.

use super::{Entry, EntryKind, StoreCreditEntryId};
use crate::accounts::UserId;
use crate::cart::CartId;
use crate::catalog::queries::currency;
use crate::db::sql;
use crate::money::{Currency, Money};
use crate::orders::OrderId;
use crate::orders::queries::unknown;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

/// How many entries a page of somebody's history has.
const PAGE: usize = 20;

/// What somebody has, by currency; nothing where it is all spent.
///
/// # Errors
/// When the database fails.
pub async fn balances<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Vec<Money>, DbErr> {
    let text = "SELECT currency, balance FROM store_credit_balances WHERE user_id = $1 AND balance > 0
                ORDER BY currency";
    let rows = db.query_all_raw(sql(db, text, [user.into()])).await?;
    rows.iter()
        .map(|row| Ok(Money::new(row.try_get("", "balance")?, currency(&row.try_get::<String>("", "currency")?)?)))
        .collect()
}

/// What the account that a cart belongs to has in the cart's currency.
///
/// # Errors
/// When the database fails.
pub async fn of_cart<C: ConnectionTrait>(db: &C, cart: CartId, currency: Currency) -> Result<Money, DbErr> {
    let text = "SELECT b.balance FROM carts k JOIN store_credit_balances b ON b.user_id = k.user_id
                WHERE k.id = $1 AND b.currency = $2";
    let row = db.query_one_raw(sql(db, text, [cart.into(), currency.code().into()])).await?;
    Ok(Money::new(row.map_or(Ok(0), |row| row.try_get("", "balance"))?, currency))
}

#[derive(FromQueryResult)]
struct Row {
    id: StoreCreditEntryId,
    currency: String,
    amount: i64,
    kind: String,
    number: Option<String>,
    reason: Option<String>,
    created_at: DateTime<Utc>,
}

/// A page of what came and went, the latest first, and whether there is more.
///
/// # Errors
/// When the database fails.
pub async fn history<C: ConnectionTrait>(
    db: &C,
    user: UserId,
    before: Option<StoreCreditEntryId>,
) -> Result<(Vec<Entry>, bool), DbErr> {
    let mut entries = entries(db, user, before, Some(PAGE + 1)).await?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    Ok((entries, more))
}

/// What came and went, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn entries<C: ConnectionTrait>(
    db: &C,
    user: UserId,
    before: Option<StoreCreditEntryId>,
    most: Option<usize>,
) -> Result<Vec<Entry>, DbErr> {
    let mut values: Vec<Value> = vec![user.into()];
    values.extend(before.map(Value::from));
    // Identifiers begin with their time.
    let before = if before.is_some() { " AND e.id < $2" } else { "" };
    let limit = most.map(|most| format!(" LIMIT {most}")).unwrap_or_default();
    let text = format!(
        "SELECT e.id, e.currency, e.amount, e.kind, o.number, e.reason, e.created_at
         FROM store_credit_entries e LEFT JOIN orders o ON o.id = e.order_id
         WHERE e.user_id = $1{before} ORDER BY e.id DESC{limit}"
    );
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let number = row.number.map(|text| text.parse().map_err(|_| unknown("order number", &text)));
            Ok(Entry {
                id: row.id,
                amount: Money::new(row.amount, currency(&row.currency)?),
                kind: EntryKind::parse(&row.kind).ok_or_else(|| unknown("kind of store credit", &row.kind))?,
                order: number.transpose()?,
                reason: row.reason,
                at: row.created_at,
            })
        })
        .collect()
}

/// What came or went for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfOrder {
    /// How much came, or below zero how much went.
    pub amount: Money,
    /// Why.
    pub kind: EntryKind,
    /// Who of the staff decided it, if one of them did.
    pub by: Option<UserId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What came and went for an order, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<OfOrder>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        currency: String,
        amount: i64,
        kind: String,
        by: Option<UserId>,
        created_at: DateTime<Utc>,
    }
    // Entries are found by whose they are.
    let text = "SELECT e.currency, e.amount, e.kind, COALESCE(e.actor_id, r.actor_id) AS \"by\", e.created_at
                FROM orders o JOIN store_credit_entries e ON e.user_id = o.user_id AND e.order_id = o.id
                LEFT JOIN refunds r ON r.id = e.refund_id WHERE o.id = $1 ORDER BY e.id";
    let rows = Row::find_by_statement(sql(db, text, [order.into()])).all(db).await?;
    rows.into_iter()
        .map(|row| {
            Ok(OfOrder {
                amount: Money::new(row.amount, currency(&row.currency)?),
                kind: EntryKind::parse(&row.kind).ok_or_else(|| unknown("kind of store credit", &row.kind))?,
                by: row.by,
                at: row.created_at,
            })
        })
        .collect()
}
