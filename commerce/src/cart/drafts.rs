//! Forms that were refused: what was typed and what was wrong with it, kept
//! for the page that the refusal redirects to.

use crate::clock::uuid_at;
use crate::db::{sql, without_zeros};
use crate::forms::{Errors, Fields};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

/// How long a refused form is kept, in minutes.
const KEPT_MINUTES: i64 = 30;

/// A form that was refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What was typed.
    pub fields: Fields,
    /// What is wrong with it.
    pub errors: Errors,
}

/// Keeps a refused form for its owner; gives the name by which the page asks for it.
///
/// # Errors
/// When the database fails.
pub async fn keep<C: ConnectionTrait>(
    db: &C,
    owner: &Token,
    form: &str,
    draft: &Draft,
    now: DateTime<Utc>,
) -> Result<Uuid, DbErr> {
    let id = uuid_at(now);
    let json = |value: Result<serde_json::Value, serde_json::Error>| value.map_err(|e| DbErr::Json(e.to_string()));
    let fields: Fields = draft.fields.iter().map(|(name, value)| (without_zeros(name), without_zeros(value))).collect();
    let text = "INSERT INTO form_drafts (id, owner, form, fields, errors, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        id.into(),
        owner.hash().into(),
        form.into(),
        json(serde_json::to_value(&fields))?.into(),
        json(serde_json::to_value(&draft.errors))?.into(),
        (now + TimeDelta::minutes(KEPT_MINUTES)).into(),
    ];
    db.execute_raw(sql(db, text, values)).await?;
    Ok(id)
}

/// The refused form of this name and owner; `None` where there is none, or not any more.
///
/// # Errors
/// When the database fails.
pub async fn load<C: ConnectionTrait>(
    db: &C,
    owner: &Token,
    form: &str,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Draft>, DbErr> {
    let text = "SELECT fields, errors FROM form_drafts WHERE id = $1 AND owner = $2 AND form = $3 AND expires_at > $4";
    let values = [id.into(), owner.hash().into(), form.into(), now.into()];
    let Some(row) = db.query_one_raw(sql(db, text, values)).await? else { return Ok(None) };
    let fields = serde_json::from_value(row.try_get("", "fields")?).unwrap_or_default();
    let errors = serde_json::from_value(row.try_get("", "errors")?).unwrap_or_default();
    Ok(Some(Draft { fields, errors }))
}
