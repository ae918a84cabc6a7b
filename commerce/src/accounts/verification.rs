//! Links that are mailed, and let whoever holds them do one thing once.

use super::{AccountError, EMAIL_CHANGE_DAYS, UserId, VerificationId, entity::verification};
use crate::Shop;
use crate::db::sql;
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// What a link lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Prove that the address is theirs.
    VerifyEmail,
    /// Choose a new password.
    ResetPassword,
    /// Prove that the address that is to be the account's is theirs.
    ConfirmNewEmail,
    /// Agree, at the address that is the account's, that another one is to be.
    ConfirmOldEmail,
}

impl Purpose {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify email",
            Self::ResetPassword => "reset password",
            Self::ConfirmNewEmail => "confirm new email",
            Self::ConfirmOldEmail => "confirm old email",
        }
    }

    /// How long the link can be used: what opens an account not longer than it takes to read a mail.
    fn lasts(self) -> TimeDelta {
        match self {
            Self::VerifyEmail => TimeDelta::days(3),
            Self::ConfirmNewEmail | Self::ConfirmOldEmail => TimeDelta::days(EMAIL_CHANGE_DAYS),
            Self::ResetPassword => TimeDelta::hours(1),
        }
    }
}

/// The token of a link. It follows from its identifier, so that events need not hold it.
pub fn link_token(shop: &Shop, id: VerificationId) -> Token {
    Token::from_bytes(shop.sign("mailed link", id.0.as_bytes()))
}

/// Makes a link for a person.
pub(super) async fn create<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: UserId,
    purpose: Purpose,
) -> Result<VerificationId, DbErr> {
    let now = shop.clock.now();
    let id = VerificationId::new(now);
    let row = verification::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        purpose: Set(purpose.code().to_owned()),
        token_hash: Set(link_token(shop, id).hash()),
        created_at: Set(now),
        expires_at: Set(now + purpose.lasts()),
    };
    verification::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

/// Makes a link useless, if there is one.
pub(super) async fn forget<C: ConnectionTrait>(tx: &C, id: VerificationId) -> Result<(), DbErr> {
    let text = "DELETE FROM verification_tokens WHERE id = $1";
    tx.execute_raw(sql(tx, text, [id.into()])).await.map(drop)
}

/// Whom a link was mailed to, if it can be used.
pub(super) async fn holder<C: ConnectionTrait>(
    db: &C,
    token: &Token,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, DbErr> {
    let text = "SELECT user_id FROM verification_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3";
    let values = [token.hash().into(), purpose.code().into(), now.into()];
    db.query_one_raw(sql(db, text, values)).await?.map(|row| row.try_get("", "user_id")).transpose()
}

/// Uses a link up, and every other of the same purpose and person. Of two who try at once one gets it.
pub(super) async fn redeem<C: ConnectionTrait>(
    tx: &C,
    token: &Token,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<UserId, AccountError> {
    let text = "DELETE FROM verification_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3
                RETURNING user_id";
    let values = [token.hash().into(), purpose.code().into(), now.into()];
    let row = tx.query_one_raw(sql(tx, text, values)).await?.ok_or(AccountError::InvalidLink)?;
    let user: UserId = row.try_get("", "user_id")?;
    let text = "DELETE FROM verification_tokens WHERE user_id = $1 AND purpose = $2";
    tx.execute_raw(sql(tx, text, [user.into(), purpose.code().into()])).await?;
    Ok(user)
}
