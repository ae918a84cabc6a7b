//! Reads of what is open in the outbox.

use super::entity::delivery::{DEAD, DONE};
use super::replay::DeliveryId;
use crate::Shop;
use crate::accounts::{Permission, SignedIn, StaffError};
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// How many dead letters a page has.
const PAGE: usize = 50;

/// A delivery that was given up.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DeadLetter {
    /// The event.
    pub event_id: Uuid,
    /// The handler that failed with it.
    pub handler: String,
    /// The kind of the event.
    pub kind: String,
    /// What the event is about.
    pub aggregate_id: Uuid,
    /// How often it was tried.
    pub attempts: i32,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
}

impl DeadLetter {
    /// Which delivery it is.
    pub fn id(&self) -> DeliveryId {
        DeliveryId { event: self.event_id, handler: self.handler.clone() }
    }
}

/// What is open at a handler.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OpenAt {
    /// The handler.
    pub handler: String,
    /// How many deliveries are yet to be made, those that wait behind a dead one among them.
    pub pending: i64,
    /// How many were given up.
    pub dead: i64,
}

/// A page of what was given up, the latest event first, and whether there is more.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::EventsWrite`], or when the database fails.
pub async fn dead_letters(
    shop: &Shop,
    who: &SignedIn,
    before: Option<&DeliveryId>,
) -> Result<(Vec<DeadLetter>, bool), StaffError> {
    who.require(Permission::EventsWrite)?;
    let older = if before.is_some() { " AND (d.event_id, d.handler) < ($1, $2)" } else { "" };
    let values = before.into_iter().flat_map(|id| [Value::from(id.event), id.handler.clone().into()]);
    let text = format!(
        "SELECT d.event_id, d.handler, e.kind, d.aggregate_id, d.attempts, d.error, e.occurred_at
         FROM event_deliveries d JOIN events e ON e.id = d.event_id
         WHERE d.state = '{DEAD}'{older} ORDER BY d.event_id DESC, d.handler DESC LIMIT {}",
        PAGE + 1,
    );
    let db = shop.db.latest();
    let mut letters = DeadLetter::find_by_statement(sql(db, &text, values)).all(db).await?;
    let more = letters.len() > PAGE;
    letters.truncate(PAGE);
    Ok((letters, more))
}

/// What is open, by handler.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::EventsWrite`], or when the database fails.
pub async fn open(shop: &Shop, who: &SignedIn) -> Result<Vec<OpenAt>, StaffError> {
    who.require(Permission::EventsWrite)?;
    let text = format!(
        "SELECT handler, CAST(SUM(CASE WHEN state = '{DEAD}' THEN 0 ELSE 1 END) AS BIGINT) AS pending,
                CAST(SUM(CASE WHEN state = '{DEAD}' THEN 1 ELSE 0 END) AS BIGINT) AS dead
         FROM event_deliveries WHERE state <> '{DONE}' GROUP BY handler ORDER BY handler"
    );
    let db = shop.db.latest();
    Ok(OpenAt::find_by_statement(sql(db, &text, [])).all(db).await?)
}
