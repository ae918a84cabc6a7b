//! Somebody is called otherwise.

use super::SignedIn;
use crate::Shop;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr};

/// Changes what a person is called.
///
/// # Errors
/// When the database fails.
pub async fn change_name(shop: &Shop, who: &SignedIn, name: &str) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "UPDATE users SET name = $2, updated_at = $3, version = version + 1 WHERE id = $1 AND name <> $2";
    db.execute_raw(sql(db, text, [who.user.into(), name.into(), shop.clock.now().into()])).await.map(drop)
}
