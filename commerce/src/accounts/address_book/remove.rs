//! Somebody does not need an address any more.

use super::AddressId;
use crate::Shop;
use crate::accounts::UserId;
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr};

/// Deletes an address of a person's own; one that is gone already is no error. Orders keep their copy.
///
/// # Errors
/// When the database fails.
pub async fn remove(shop: &Shop, user: UserId, id: AddressId) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "DELETE FROM addresses WHERE id = $1 AND user_id = $2";
    db.execute_raw(sql(db, text, [id.into(), user.into()])).await.map(drop)
}
