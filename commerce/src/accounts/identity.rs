//! Who somebody is at another provider, and whose account here that opens.

use super::{AccountError, NAME_MOST, SignedIn, UserId, email_key};
use crate::Shop;
use crate::db::sql;
use crate::forms;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, sea_query::OnConflict};
use serde::{Deserialize, Serialize};

use super::entity::account;

id!(
    /// Identifies the link between an account and who somebody is elsewhere.
    LinkedId
);

/// Who somebody is at another provider, as that provider has proved. Its tokens are not kept: nothing is asked of it
/// after a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The shop's name of the provider.
    pub provider: String,
    /// Who says so. With `subject` it is what the person is known by.
    pub issuer: String,
    /// What the issuer calls them, for ever.
    pub subject: String,
    /// Their address, as far as the issuer knows.
    pub email: Option<String>,
    /// Whether the issuer has made sure that the address is theirs.
    pub email_verified: bool,
    /// What they are called.
    pub name: Option<String>,
}

impl Identity {
    /// Their address where the issuer has made sure that it is theirs; one that we would not take is none.
    pub fn proven_email(&self) -> Option<String> {
        let email = self.email.as_deref().filter(|_| self.email_verified);
        forms::email(email).ok()
    }

    /// What to call them: by the address where the issuer gives no name.
    pub(super) fn person(&self, email: &str) -> String {
        let name: String = forms::clean(self.name.as_deref()).chars().take(NAME_MOST).collect();
        let local = || email.split('@').next().unwrap_or_default().chars().take(NAME_MOST).collect();
        if name.is_empty() { local() } else { name }
    }
}

/// Who somebody is elsewhere, as their account shows it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Linked {
    /// Identifies the link.
    pub id: LinkedId,
    /// The shop's name of the provider.
    pub provider: String,
    /// The address that the provider had when it was linked.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it was last used to sign in.
    pub used_at: DateTime<Utc>,
}

/// Who somebody is elsewhere was linked to the account they had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct IdentityLinked {
    /// Whose account.
    pub user: UserId,
    /// The shop's name of the provider.
    pub provider: String,
}

event!(IdentityLinked, version 1, about user);

/// Why somebody can't sign in by who they are elsewhere, or link it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The issuer has not made sure that the address is theirs, and they are not known yet.
    #[error("address not verified by the issuer")]
    Unverified,
    /// There is an account with the address: they have to prove that it is theirs.
    #[error("account to be proved")]
    MustProve,
    /// It opens somebody else's account.
    #[error("linked to another account")]
    InUse,
    /// Without it nothing would be left to sign in by.
    #[error("the last way in")]
    LastWayIn,
    /// The password is wrong.
    #[error("wrong password")]
    WrongCredentials,
    /// Something of the account failed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

crate::db::transient_by_db!(IdentityError);

/// Whose account an identity opens.
///
/// # Errors
/// When the database fails.
pub async fn holder<C: ConnectionTrait>(db: &C, identity: &Identity) -> Result<Option<UserId>, DbErr> {
    let text = "SELECT user_id FROM accounts WHERE issuer = $1 AND subject = $2";
    let values = [identity.issuer.clone().into(), identity.subject.clone().into()];
    db.query_one_raw(sql(db, text, values)).await?.map(|row| row.try_get("", "user_id")).transpose()
}

/// Links an identity to an account; `false` where it is linked already, to whichever.
pub(super) async fn link<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = account::ActiveModel {
        id: Set(LinkedId::new(now)),
        user_id: Set(user),
        provider: Set(identity.provider.clone()),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        email: Set(identity.email.clone()),
        created_at: Set(now),
        used_at: Set(now),
    };
    let known = OnConflict::columns([account::Column::Issuer, account::Column::Subject]).do_nothing().to_owned();
    let inserted = account::Entity::insert(row).on_conflict(known).exec_without_returning(tx).await?;
    Ok(inserted == 1)
}

/// Somebody's ways to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether they have a password.
    pub password: bool,
    /// Who they are elsewhere, the first linked first.
    pub linked: Vec<Linked>,
}

/// The ways in which somebody can sign in.
///
/// # Errors
/// When the database fails.
pub async fn ways_in(shop: &Shop, user: UserId) -> Result<WaysIn, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT id, provider, email, created_at, used_at FROM accounts WHERE user_id = $1 ORDER BY id LIMIT 100";
    let linked = Linked::find_by_statement(sql(db, text, [user.into()])).all(db).await?;
    Ok(WaysIn { password: has_password(db, user).await?, linked })
}

/// Whom an identity would be linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whose account.
    pub user: UserId,
    /// Their address.
    pub email: String,
    /// Whether they have a password to prove it by.
    pub password: bool,
}

/// The account to link an identity to: that of whoever is signed in, else the one whose confirmed address is the
/// address that the issuer has made sure of.
///
/// # Errors
/// When the database fails.
pub async fn candidate(shop: &Shop, identity: &Identity, who: Option<&SignedIn>) -> Result<Option<Candidate>, DbErr> {
    let db = shop.db.primary();
    if let Some(who) = who {
        let password = has_password(db, who.user).await?;
        return Ok(Some(Candidate { user: who.user, email: who.email.clone(), password }));
    }
    let Some(email) = identity.proven_email() else { return Ok(None) };
    let text = "SELECT id, email, password_hash IS NOT NULL AS password FROM users
                WHERE email_key = $1 AND email_verified_at IS NOT NULL";
    let row = db.query_one_raw(sql(db, text, [email_key(&email).into()])).await?;
    row.map(|row| {
        let password = row.try_get("", "password")?;
        Ok(Candidate { user: row.try_get("", "id")?, email: row.try_get("", "email")?, password })
    })
    .transpose()
}

async fn has_password<C: ConnectionTrait>(db: &C, user: UserId) -> Result<bool, DbErr> {
    let text = "SELECT 1 AS one FROM users WHERE id = $1 AND password_hash IS NOT NULL";
    Ok(db.query_one_raw(sql(db, text, [user.into()])).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(email: Option<&str>, email_verified: bool, name: Option<&str>) -> Identity {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Identity {
            provider: "google".to_owned(),
            issuer: "https://accounts.google.com".to_owned(),
            subject: "1".to_owned(),
            email: owned(email),
            email_verified,
            name: owned(name),
        }
    }

    #[test]
    fn only_an_address_that_the_issuer_has_made_sure_of_counts() {
        assert_eq!(identity(Some("Ada@Example.org"), true, None).proven_email().as_deref(), Some("Ada@example.org"));
        assert_eq!(identity(Some("ada@example.org"), false, None).proven_email(), None);
        assert_eq!(identity(Some("not an address"), true, None).proven_email(), None);
        assert_eq!(identity(None, true, None).proven_email(), None);
    }

    #[test]
    fn a_name_fits_whatever_the_issuer_sends() {
        assert_eq!(identity(None, true, Some(" Ada\nLovelace ")).person("ada@example.org"), "Ada Lovelace");
        assert_eq!(identity(None, true, Some(" ")).person("ada@example.org"), "ada");
        assert_eq!(identity(None, true, None).person("ada@example.org"), "ada");
        let long = "é".repeat(1_000);
        assert_eq!(identity(None, true, Some(&long)).person("ada@example.org").chars().count(), NAME_MOST);
    }
}
