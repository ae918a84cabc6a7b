//! A program signs in for somebody with their address and password.

use super::refresh::refresh_token;
use super::{AccessError, Caller, GRANT_DAYS, GrantId, Role, Scopes, Tokens, entity::grant, jwt, role};
use crate::Shop;
use crate::accounts::{Device, Password, UserId, sign_in};
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// The most that is kept of what a program says of itself, in characters.
const DEVICE_MOST: usize = 200;

/// Signs in at the shop with this address; `wanted` narrows what the tokens allow.
///
/// # Errors
/// [`AccessError::Account`] as for a person who [signs in](sign_in::sign_in). [`AccessError::NoScope`] where nothing
/// of what is wanted can be allowed.
pub async fn log_in(
    shop: &Shop,
    issuer: &str,
    (email, password): (&str, &Password),
    wanted: Option<&Scopes>,
    device: &Device,
) -> Result<Tokens, AccessError> {
    let user = sign_in::check(shop, email, password, device).await?;
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    sign_in::forgive(&tx, user).await?;
    let role = role_of(&tx, user).await?;
    let allowed = Scopes::of(role);
    let scopes = wanted.map_or(allowed.clone(), |wanted| wanted.and(&allowed));
    if scopes.is_empty() {
        // The password was right all the same.
        tx.commit().await?;
        return Err(AccessError::NoScope);
    }
    let id = GrantId::new(now);
    let row = grant::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        scopes: Set(scopes.to_string()),
        device: Set(device.name.chars().filter(|c| !c.is_control()).take(DEVICE_MOST).collect()),
        client: Set(device.client.clone()),
        generation: Set(0),
        created_at: Set(now),
        used_at: Set(now),
        expires_at: Set(now + TimeDelta::days(GRANT_DAYS)),
    };
    grant::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.commit().await?;
    let access = jwt::issue(shop, issuer, &Caller { user, role, scopes: scopes.clone() }).await?;
    let refresh = refresh_token(shop, id, 0);
    Ok(Tokens { access, refresh, refresh_for: super::refresh::lasts(now, now + TimeDelta::days(GRANT_DAYS)), scopes })
}

/// What somebody is.
pub(super) async fn role_of<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Role, DbErr> {
    let text = format!("SELECT {} AS role FROM users u WHERE u.id = $1", role::COLUMN);
    let row = db.query_one_raw(sql(db, &text, [user.into()])).await?;
    let code: Option<String> = row.map(|row| row.try_get("", "role")).transpose()?;
    Ok(Role::parse(&code.unwrap_or_default()))
}
