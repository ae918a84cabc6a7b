//! Somebody signs out: here, somewhere else, or everywhere else.

use super::{SessionId, SignedIn};
use crate::Shop;
use crate::access::end::end_grants;
use crate::db::sql;
use crate::token::Token;
use sea_orm::{ConnectionTrait, DbErr};

/// Ends the session of a token, if it is one.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(shop: &Shop, token: &Token) -> Result<(), DbErr> {
    let db = shop.db.primary();
    db.execute_raw(sql(db, "DELETE FROM sessions WHERE token_hash = $1", [token.hash().into()])).await.map(drop)
}

/// Ends one session of a person's own.
///
/// # Errors
/// When the database fails.
pub async fn end(shop: &Shop, who: &SignedIn, session: SessionId) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "DELETE FROM sessions WHERE id = $1 AND user_id = $2";
    db.execute_raw(sql(db, text, [session.into(), who.user.into()])).await.map(drop)
}

/// Ends every session of a person but the one they are in, and signs every program out.
///
/// # Errors
/// When the database fails.
pub async fn end_others(shop: &Shop, who: &SignedIn) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
    db.execute_raw(sql(db, text, [who.user.into(), who.session.into()])).await?;
    end_grants(db, who.user).await
}
