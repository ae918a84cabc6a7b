//! Somebody wants another address for their account: it is changed once both addresses have confirmed.

use super::verification::{self, Purpose};
use super::{
    AccountError, EMAIL_CHANGE_DAYS, EmailChangeRequested, EmailChanged, Password, SessionId, SignedIn, UserId,
    email_key, prove,
};
use crate::Shop;
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, SqlErr};

/// Which of the two addresses a link was mailed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that is to be the account's.
    New,
    /// The one that is the account's.
    Old,
}

impl Side {
    fn purpose(self) -> Purpose {
        match self {
            Self::New => Purpose::ConfirmNewEmail,
            Self::Old => Purpose::ConfirmOldEmail,
        }
    }
}

/// A change that waits for the addresses.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Pending {
    /// Whose account it is.
    pub user_id: UserId,
    /// The new address.
    pub email: String,
    /// When the new address confirmed.
    pub new_confirmed_at: Option<DateTime<Utc>>,
    /// When the present address agreed.
    pub old_confirmed_at: Option<DateTime<Utc>>,
    /// Until when both have time.
    pub expires_at: DateTime<Utc>,
}

/// What came of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The other address has not confirmed yet.
    Waiting,
    /// The account has its new address.
    Changed,
}

/// Asks both addresses; a change that waited already is forgotten.
///
/// An address with an account is answered alike, in the same statements: its owner is told by mail.
///
/// # Errors
/// [`AccountError::SameEmail`], those of [`prove::prove`], or when the database fails.
pub async fn request(
    shop: &Shop,
    who: &SignedIn,
    email: &str,
    password: Option<&Password>,
) -> Result<(), AccountError> {
    prove::prove(shop, who, password).await?;
    if email_key(email) == email_key(&who.email) {
        return Err(AccountError::SameEmail);
    }
    db::retry(|| ask(shop, who.user, email)).await?;
    shop.outbox.notify_one();
    Ok(())
}

async fn ask(shop: &Shop, user: UserId, email: &str) -> Result<(), AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    if !prove::lock(&tx, user).await? {
        return Err(AccountError::NotSignedIn);
    }
    forget(&tx, user).await?;
    let key = email_key(email);
    let text = "INSERT INTO email_changes (user_id, email, email_key, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5)";
    let expires_at = now + TimeDelta::days(EMAIL_CHANGE_DAYS);
    let values = [user.into(), email.into(), key.clone().into(), now.into(), expires_at.into()];
    tx.execute_raw(sql(&tx, text, values)).await?;
    let event = EmailChangeRequested {
        user,
        new_link: verification::create(shop, &tx, user, Purpose::ConfirmNewEmail).await?,
        old_link: verification::create(shop, &tx, user, Purpose::ConfirmOldEmail).await?,
        taken: is_taken(&tx, &key, user).await?,
    };
    events::emit(shop, &tx, vec![NewEvent::uncounted(&event)]).await?;
    Ok(tx.commit().await?)
}

/// Whether somebody else has proved that an address is theirs.
async fn is_taken<C: ConnectionTrait>(tx: &C, key: &str, user: UserId) -> Result<bool, DbErr> {
    let text = "SELECT id FROM users WHERE email_key = $1 AND email_verified_at IS NOT NULL AND id <> $2";
    Ok(tx.query_one_raw(sql(tx, text, [key.into(), user.into()])).await?.is_some())
}

/// The change that waits, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn pending<C: ConnectionTrait>(db: &C, user: UserId, now: DateTime<Utc>) -> Result<Option<Pending>, DbErr> {
    let text = "SELECT user_id, email, new_confirmed_at, old_confirmed_at, expires_at FROM email_changes
                WHERE user_id = $1 AND expires_at > $2";
    Pending::find_by_statement(sql(db, text, [user.into(), now.into()])).one(db).await
}

/// Which change a link is about, and to which address it was mailed; `None` for a link that can't be used.
///
/// # Errors
/// When the database fails.
pub async fn by_link(shop: &Shop, link: &Token) -> Result<Option<(Side, Pending)>, DbErr> {
    let (db, now) = (shop.db.latest(), shop.clock.now());
    for side in [Side::New, Side::Old] {
        if let Some(user) = verification::holder(db, link, side.purpose(), now).await? {
            return Ok(pending(db, user, now).await?.map(|pending| (side, pending)));
        }
    }
    Ok(None)
}

/// Confirms a change at one of its addresses; the second one changes the account.
///
/// # Errors
/// [`AccountError::InvalidLink`]; [`AccountError::EmailTaken`] where somebody was faster, and the change is off.
pub async fn confirm(shop: &Shop, link: &Token) -> Result<Confirmed, AccountError> {
    let (side, _) = by_link(shop, link).await?.ok_or(AccountError::InvalidLink)?;
    let outcome = db::retry(|| attempt(shop, link, side)).await;
    shop.outbox.notify_one();
    match outcome {
        // They confirmed it between our look and our write.
        Err(AccountError::Db(error)) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Err(AccountError::EmailTaken)
        }
        outcome => outcome?,
    }
}

/// The inner error is one that is kept: the change is off.
async fn attempt(shop: &Shop, link: &Token, side: Side) -> Result<Result<Confirmed, AccountError>, AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let user = verification::redeem(&tx, link, side.purpose(), now).await?;
    prove::lock(&tx, user).await?;
    let column = match side {
        Side::New => "new_confirmed_at",
        Side::Old => "old_confirmed_at",
    };
    let text = format!("UPDATE email_changes SET {column} = $2 WHERE user_id = $1 AND expires_at > $2");
    tx.execute_raw(sql(&tx, &text, [user.into(), now.into()])).await?;
    let change = pending(&tx, user, now).await?.ok_or(AccountError::InvalidLink)?;
    if change.new_confirmed_at.is_none() || change.old_confirmed_at.is_none() {
        tx.commit().await?;
        return Ok(Ok(Confirmed::Waiting));
    }
    forget(&tx, user).await?;
    let key = email_key(&change.email);
    if is_taken(&tx, &key, user).await? {
        tx.commit().await?;
        return Ok(Err(AccountError::EmailTaken));
    }
    // Whoever asked for an account with it has proved nothing, and this person has.
    let text = "DELETE FROM users WHERE email_key = $1 AND email_verified_at IS NULL AND id <> $2";
    tx.execute_raw(sql(&tx, text, [key.clone().into(), user.into()])).await?;
    let text = "UPDATE users SET email = $2, email_key = $3, email_verified_at = $4, updated_at = $4,
                                 version = version + 1 WHERE id = $1";
    tx.execute_raw(sql(&tx, text, [user.into(), change.email.into(), key.into(), now.into()])).await?;
    // Other links went to the old address.
    let text = "DELETE FROM verification_tokens WHERE user_id = $1";
    tx.execute_raw(sql(&tx, text, [user.into()])).await?;
    events::emit(shop, &tx, vec![NewEvent::uncounted(&EmailChanged { user })]).await?;
    tx.commit().await?;
    Ok(Ok(Confirmed::Changed))
}

/// Whoever reads the mail at the present address did not ask for this: the change is off, and every session ends but
/// `here`, which is the one they say it in, if it is one of theirs.
///
/// # Errors
/// [`AccountError::InvalidLink`], or when the database fails.
pub async fn refuse(shop: &Shop, link: &Token, here: Option<SessionId>) -> Result<(), AccountError> {
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        let user = verification::redeem(&tx, link, Purpose::ConfirmOldEmail, shop.clock.now()).await?;
        forget(&tx, user).await?;
        let but = if here.is_some() { " AND id <> $2" } else { "" };
        let text = format!("DELETE FROM sessions WHERE user_id = $1{but}");
        let values = std::iter::once(user.into()).chain(here.map(Into::into));
        tx.execute_raw(sql(&tx, &text, values)).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Forgets a change that waits, at its owner's wish.
///
/// # Errors
/// When the database fails.
pub async fn cancel(shop: &Shop, who: &SignedIn) -> Result<(), DbErr> {
    let tx = shop.db.begin().await?;
    forget(&tx, who.user).await?;
    tx.commit().await
}

/// Forgets a change that waits, with its links.
pub(super) async fn forget<C: ConnectionTrait>(tx: &C, user: UserId) -> Result<(), DbErr> {
    tx.execute_raw(sql(tx, "DELETE FROM email_changes WHERE user_id = $1", [user.into()])).await?;
    let text = "DELETE FROM verification_tokens WHERE user_id = $1 AND purpose IN ($2, $3)";
    let purposes = [Purpose::ConfirmNewEmail.code().into(), Purpose::ConfirmOldEmail.code().into()];
    tx.execute_raw(sql(tx, text, std::iter::once(user.into()).chain(purposes))).await.map(drop)
}
