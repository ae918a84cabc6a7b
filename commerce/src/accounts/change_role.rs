//! Somebody becomes something else to the shop.

use super::queries::stored_role;
use super::{Forbidden, Permission, Role, SignedIn, StaffError, UserId};
use crate::Shop;
use crate::audit::{self, Action, Done};
use crate::db::{self, for_update, sql};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

/// Gives a person another role and ends their sessions: what they could before, they can't go on doing.
///
/// # Errors
/// [`StaffError::Forbidden`] without [`Permission::UsersWrite`], [`StaffError::Oneself`], [`StaffError::NobodyLeft`]
/// where there would be no admin any more, [`StaffError::Unknown`], or when the database fails.
pub async fn change_role(shop: &Shop, who: &SignedIn, user: UserId, role: Role) -> Result<(), StaffError> {
    who.require(Permission::UsersWrite)?;
    if who.user == user {
        return Err(StaffError::Oneself);
    }
    db::retry(|| attempt(shop, Some(who.user), user, role)).await
}

/// The same by `actor`, or by somebody at the command line, who may everything.
pub(super) async fn attempt(shop: &Shop, actor: Option<UserId>, user: UserId, role: Role) -> Result<(), StaffError> {
    let tx = shop.db.begin().await?;
    // All admins, so that two who dismiss each other at once don't leave the shop to nobody.
    let text = format!("SELECT u.id FROM users u WHERE u.role = $1 ORDER BY u.id{}", for_update(&tx, "u"));
    let admins = tx.query_all_raw(sql(&tx, &text, [Role::Admin.code().into()])).await?;
    let admins = admins.iter().map(|row| row.try_get("", "id")).collect::<Result<Vec<UserId>, DbErr>>()?;
    // Whoever has lost the right meanwhile has no say any more.
    if actor.is_some_and(|actor| !admins.contains(&actor)) {
        return Err(StaffError::Forbidden(Forbidden(Permission::UsersWrite)));
    }
    let text = format!("SELECT u.role FROM users u WHERE u.id = $1{}", for_update(&tx, "u"));
    let row = tx.query_one_raw(sql(&tx, &text, [user.into()])).await?.ok_or(StaffError::Unknown)?;
    let before = stored_role(&row.try_get::<String>("", "role")?)?;
    if before == role {
        return Ok(());
    }
    if before == Role::Admin && admins.len() == 1 {
        return Err(StaffError::NobodyLeft);
    }
    let now = shop.clock.now();
    let text = "UPDATE users SET role = $2, updated_at = $3, version = version + 1 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [user.into(), role.code().into(), now.into()])).await?;
    tx.execute_raw(sql(&tx, "DELETE FROM sessions WHERE user_id = $1", [user.into()])).await?;
    let as_json = |role: Role| Some(json!({ "role": role.code() }));
    let (before, after) = (as_json(before), as_json(role));
    let done = Done { action: Action::RoleChanged, actor, subject: Some(user), before, after };
    audit::record(&tx, now, done).await?;
    Ok(tx.commit().await?)
}
