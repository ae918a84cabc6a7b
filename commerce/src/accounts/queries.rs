//! Reads of accounts and sessions.

use super::{IDLE_DAYS, Permission, Person, Role, Session, SessionId, SignedIn, StaffError, UserId};
use crate::Shop;
use crate::db::{placeholders, sql};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::{HashMap, HashSet};

/// How exactly the last use of a session is known, in minutes: a page that only
/// reads must not write each time.
const USE_MINUTES: i64 = 5;

/// How many people a page of staff has.
const PAGE: usize = 50;

/// The role of a stored code.
pub(crate) fn stored_role(code: &str) -> Result<Role, DbErr> {
    Role::from_code(code).ok_or_else(|| DbErr::Type(format!("no role: {code}")))
}

/// Who is signed in with a token; `None` where nobody is, or not any more.
///
/// # Errors
/// When the database fails.
pub async fn signed_in(shop: &Shop, token: &Token) -> Result<Option<SignedIn>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        session: SessionId,
        used_at: DateTime<Utc>,
        user: UserId,
        name: String,
        email: String,
        role: String,
    }
    let now = shop.clock.now();
    let db = shop.db.latest();
    let text = "SELECT s.id AS session, s.used_at, u.id AS \"user\", u.name, u.email, u.role
                FROM sessions s JOIN users u ON u.id = s.user_id
                WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.used_at > $3";
    let values = [token.hash().into(), now.into(), (now - TimeDelta::days(IDLE_DAYS)).into()];
    let Some(row) = Row::find_by_statement(sql(db, text, values)).one(db).await? else { return Ok(None) };
    if row.used_at < now - TimeDelta::minutes(USE_MINUTES) {
        let db = shop.db.primary();
        let text = "UPDATE sessions SET used_at = $2 WHERE id = $1";
        db.execute_raw(sql(db, text, [row.session.into(), now.into()])).await?;
    }
    let role = stored_role(&row.role)?;
    Ok(Some(SignedIn { session: row.session, user: row.user, name: row.name, email: row.email, role }))
}

/// The addresses of those who run the shop.
///
/// # Errors
/// When the database fails.
pub async fn admins<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, DbErr> {
    let text = "SELECT u.email FROM users u WHERE u.role = $1 ORDER BY u.id";
    let rows = db.query_all_raw(sql(db, text, [Role::Admin.code().into()])).await?;
    rows.iter().map(|row| row.try_get("", "email")).collect()
}

/// Where a person is signed in, the last used first.
///
/// # Errors
/// When the database fails.
pub async fn sessions(shop: &Shop, user: UserId) -> Result<Vec<Session>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: SessionId,
        device: String,
        client: String,
        created_at: DateTime<Utc>,
        used_at: DateTime<Utc>,
    }
    let now = shop.clock.now();
    let db = shop.db.latest();
    let text = "SELECT id, device, client, created_at, used_at FROM sessions
                WHERE user_id = $1 AND expires_at > $2 AND used_at > $3 ORDER BY used_at DESC, id DESC LIMIT 100";
    let values = [user.into(), now.into(), (now - TimeDelta::days(IDLE_DAYS)).into()];
    let rows = Row::find_by_statement(sql(db, text, values)).all(db).await?;
    let session = |row: Row| Session {
        id: row.id,
        device: row.device,
        client: row.client,
        created_at: row.created_at,
        used_at: row.used_at,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// What a mail to a person needs: their address and name.
///
/// # Errors
/// When the database fails.
pub async fn contact<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Option<(String, String)>, DbErr> {
    let text = "SELECT email, name FROM users WHERE id = $1";
    let row = db.query_one_raw(sql(db, text, [user.into()])).await?;
    row.map(|row| Ok((row.try_get("", "email")?, row.try_get("", "name")?))).transpose()
}

/// The addresses of these people, while they have an account.
///
/// # Errors
/// When the database fails.
pub(crate) async fn addresses<C: ConnectionTrait>(
    db: &C,
    users: impl Iterator<Item = UserId>,
) -> Result<HashMap<UserId, String>, DbErr> {
    let users: HashSet<_> = users.collect();
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!("SELECT id, email FROM users WHERE id IN ({})", placeholders(1, users.len()));
    let rows = db.query_all_raw(sql(db, &text, users.into_iter().map(Into::into))).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "email")?))).collect()
}

/// Which people staff look for.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Only those whose name or address has this in it.
    pub text: String,
    /// Only those who are this.
    pub role: Option<Role>,
    /// Only those who registered before this person.
    pub before: Option<UserId>,
}

#[derive(FromQueryResult)]
struct PersonRow {
    id: UserId,
    name: String,
    email: String,
    email_verified_at: Option<DateTime<Utc>>,
    role: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<PersonRow> for Person {
    type Error = DbErr;
    fn try_from(row: PersonRow) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            name: row.name,
            email: row.email,
            verified: row.email_verified_at.is_some(),
            role: stored_role(&row.role)?,
            created_at: row.created_at,
        })
    }
}

const PERSON: &str = "SELECT u.id, u.name, u.email, u.email_verified_at, u.role, u.created_at FROM users u";

/// A page of people, the newest first, and whether there are more.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::UsersRead`], or when the database fails.
pub async fn people(shop: &Shop, who: &SignedIn, filter: &PeopleFilter) -> Result<(Vec<Person>, bool), StaffError> {
    who.require(Permission::UsersRead)?;
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = String::new();
    let text = filter.text.trim();
    if !text.is_empty() {
        // What stands for anything in a pattern is looked for as it is.
        let escaped = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        values.push(format!("%{escaped}%").into());
        conditions.push_str(" AND (u.email_key LIKE $1 ESCAPE '!' OR LOWER(u.name) LIKE $1 ESCAPE '!')");
    }
    if let Some(role) = filter.role {
        values.push(role.code().into());
        conditions.push_str(&format!(" AND u.role = ${}", values.len()));
    }
    if let Some(before) = filter.before {
        values.push(before.into());
        conditions.push_str(&format!(" AND u.id < ${}", values.len()));
    }
    let text = format!("{PERSON} WHERE TRUE{conditions} ORDER BY u.id DESC LIMIT {}", PAGE + 1);
    let db = shop.db.latest();
    let mut rows = PersonRow::find_by_statement(sql(db, &text, values)).all(db).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    Ok((rows.into_iter().map(Person::try_from).collect::<Result<_, _>>()?, more))
}

/// One person.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::UsersRead`], or when the database fails.
pub async fn person(shop: &Shop, who: &SignedIn, user: UserId) -> Result<Option<Person>, StaffError> {
    who.require(Permission::UsersRead)?;
    let db = shop.db.latest();
    let text = format!("{PERSON} WHERE u.id = $1");
    let row = PersonRow::find_by_statement(sql(db, &text, [user.into()])).one(db).await?;
    Ok(row.map(Person::try_from).transpose()?)
}
