//! Everything that has happened to an order: its events, which are written with each change.

use super::OrderId;
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

/// How many entries a timeline shows at most, the newest of them.
const MOST: u32 = 200;

/// Something that has happened to an order.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Happening {
    /// Identifies it.
    pub id: Uuid,
    /// The name of the event.
    pub kind: String,
    /// What it reports.
    pub data: serde_json::Value,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// What has happened to an order, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn timeline<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Happening>, DbErr> {
    let text = format!(
        "SELECT id, kind, data, occurred_at FROM events WHERE aggregate_id = $1
         ORDER BY aggregate_version DESC, occurred_at DESC, id DESC LIMIT {MOST}"
    );
    let mut happened = Happening::find_by_statement(sql(db, &text, [order.into()])).all(db).await?;
    happened.reverse();
    Ok(happened)
}
