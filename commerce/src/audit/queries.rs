//! Reads of the audit log.

use super::{Action, Entry, EntryId};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, StaffError, UserId};
use crate::db::sql;
use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};

/// How many entries a page has.
const PAGE: usize = 50;

/// What of the log is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only this.
    pub action: Option<Action>,
    /// Only what this person did or what was done to their account.
    pub person: Option<UserId>,
    /// Only what is older than this entry.
    pub before: Option<EntryId>,
}

#[derive(FromQueryResult)]
struct Row {
    id: EntryId,
    at: DateTime<Utc>,
    action: String,
    actor_id: Option<UserId>,
    actor_email: Option<String>,
    subject_id: Option<UserId>,
    subject_email: Option<String>,
    client: String,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
}

/// A page of the log, the latest first, and whether there is more.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::AuditRead`], or when the database fails.
pub async fn entries(shop: &Shop, who: &SignedIn, filter: Filter) -> Result<(Vec<Entry>, bool), StaffError> {
    who.require(Permission::AuditRead)?;
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = String::new();
    if let Some(action) = filter.action {
        values.push(action.code().into());
        conditions.push_str(&format!(" AND a.action = ${}", values.len()));
    }
    if let Some(person) = filter.person {
        values.push(person.into());
        conditions.push_str(&format!(" AND (a.actor_id = ${0} OR a.subject_id = ${0})", values.len()));
    }
    if let Some(before) = filter.before {
        values.push(before.into());
        conditions.push_str(&format!(" AND a.id < ${}", values.len()));
    }
    let text = format!(
        "SELECT a.id, a.at, a.action, a.actor_id, u.email AS actor_email, a.subject_id, s.email AS subject_email,
                a.client, a.before, a.after
         FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id LEFT JOIN users s ON s.id = a.subject_id
         WHERE TRUE{conditions} ORDER BY a.id DESC LIMIT {}",
        PAGE + 1,
    );
    let db = shop.db.latest();
    let mut rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let entry = |row: Row| Entry {
        id: row.id,
        at: row.at,
        action: row.action,
        actor: row.actor_id.map(|id| (id, row.actor_email)),
        subject: row.subject_id.map(|id| (id, row.subject_email)),
        client: row.client,
        change: (row.before, row.after),
    };
    Ok((rows.into_iter().map(entry).collect(), more))
}
