//! Somebody is called otherwise.

use super::{ProfilePart, ProfileUpdated, SignedIn};
use crate::Shop;
use crate::db::sql;
use crate::events::{self, NewEvent};
use sea_orm::{ConnectionTrait, DbErr};

/// Changes what a person is called.
///
/// # Errors
/// When the database fails.
pub async fn change_name(shop: &Shop, who: &SignedIn, name: &str) -> Result<(), DbErr> {
    let tx = shop.db.begin().await?;
    let text = "UPDATE users SET name = $2, updated_at = $3, version = version + 1 WHERE id = $1 AND name <> $2";
    let values = [who.user.into(), name.into(), shop.clock.now().into()];
    if tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() > 0 {
        let event = ProfileUpdated { user: who.user, part: ProfilePart::Name };
        events::emit(shop, &tx, vec![NewEvent::uncounted(&event)]).await?;
    }
    tx.commit().await?;
    shop.outbox.notify_one();
    Ok(())
}
