//! A program signs in for somebody with their address and password.

use super::refresh::refresh_token;
use super::{AccessError, Caller, GRANT_DAYS, GrantId, Scopes, Tokens, entity::grant, jwt};
use crate::Shop;
use crate::accounts::queries::stored_role;
use crate::accounts::second_factor::{answer::shows, queries::factors};
use crate::accounts::{AccountError, Device, Password, Role, UserId, sign_in};
use crate::audit::{self, Action, Done};
use crate::db::sql;
use chrono::TimeDelta;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// How somebody proves to be who they are to a program that signs in for them.
#[derive(Debug)]
pub struct Login {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: Password,
    /// A code of their authenticator app or a recovery code, where they have a second factor.
    pub code: Option<String>,
}

/// Signs in at the shop with this address; `wanted` narrows what the tokens allow.
///
/// # Errors
/// [`AccessError::Account`] as for a person who [signs in](sign_in::sign_in). [`AccessError::SecondFactor`] where a code is
/// missing. [`AccessError::NoScope`] where nothing
/// of what is wanted can be allowed.
pub async fn log_in(
    shop: &Shop,
    issuer: &str,
    login: &Login,
    wanted: Option<&Scopes>,
    device: &Device,
) -> Result<Tokens, AccessError> {
    let user = sign_in::check(shop, &login.email, &login.password, device).await?;
    let needs_code = factors(shop.db.primary(), user).await?.any();
    if needs_code {
        if login.code.is_none() {
            return Err(AccessError::SecondFactor);
        }
        // Before the transaction: nobody else writes while one is open.
        sign_in::slow_down(shop, user).await?;
    }
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    if needs_code && !shows(shop, &tx, user, login.code.as_deref().unwrap_or_default(), now).await? {
        audit::record(&tx, now, Done::to(Action::SignInFailed, Some(user))).await?;
        tx.commit().await?;
        return Err(AccountError::WrongCode.into());
    }
    sign_in::forgive(&tx, user).await?;
    audit::record(&tx, now, Done::by(Action::SignedIn, user)).await?;
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
        device: Set(device.short_name()),
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
    let text = "SELECT role FROM users WHERE id = $1";
    let row = db.query_one_raw(sql(db, text, [user.into()])).await?;
    // Who has gone meanwhile is nobody any more.
    row.map_or(Ok(Role::Customer), |row| stored_role(&row.try_get::<String>("", "role")?))
}
