//! People who have an account: who they are, how they prove it, and where they are signed in.

use crate::forms::{self, Errors, Fields, Parser};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub mod address_book;
#[cfg(feature = "ssr")]
pub mod admit;
#[cfg(feature = "ssr")]
pub mod change_email;
#[cfg(feature = "ssr")]
pub mod change_name;
#[cfg(feature = "ssr")]
pub mod change_password;
#[cfg(feature = "ssr")]
pub mod change_role;
#[cfg(feature = "ssr")]
pub mod create_admin;
#[cfg(feature = "ssr")]
pub mod end_session;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
pub mod erase;
#[cfg(feature = "ssr")]
pub mod export;
#[cfg(feature = "ssr")]
pub mod flow;
#[cfg(feature = "ssr")]
mod hashers;
#[cfg(feature = "ssr")]
pub mod identity;
#[cfg(feature = "ssr")]
pub mod link_identity;
pub mod passkeys;
mod password;
#[cfg(feature = "ssr")]
pub mod passwords;
#[cfg(feature = "ssr")]
pub mod preferences;
#[cfg(feature = "ssr")]
pub mod prove;
#[cfg(feature = "ssr")]
pub mod purge;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod register;
#[cfg(feature = "ssr")]
pub mod reset_password;
mod roles;
pub mod second_factor;
#[cfg(feature = "ssr")]
pub mod sign_in;
#[cfg(feature = "ssr")]
pub mod sign_in_with_identity;
#[cfg(feature = "ssr")]
pub mod unlink_identity;
#[cfg(feature = "ssr")]
mod verification;
#[cfg(feature = "ssr")]
pub mod verify_email;

pub use password::{PASSWORD_LEAST, PASSWORD_MOST, Password};
pub use roles::{Forbidden, Permission, Reach, Role};
#[cfg(feature = "ssr")]
pub use verification::{Purpose, link_token};

id!(
    /// Identifies a person with an account.
    UserId
);
id!(
    /// Identifies a place where somebody is signed in.
    SessionId
);
id!(
    /// Identifies a link that was mailed.
    VerificationId
);

/// How long somebody stays signed in without coming back, in days.
pub const IDLE_DAYS: i64 = 30;

/// How long somebody stays signed in at most, in days.
pub const SESSION_DAYS: i64 = 90;

/// How long both addresses may take to confirm a change from one to the other, in days.
pub const EMAIL_CHANGE_DAYS: i64 = 3;

/// How long a sign-in stands for the password where an account has none, in minutes.
pub const RECENT_MINUTES: i64 = 10;

/// The most characters of a name.
pub const NAME_MOST: usize = 100;

/// Somebody who wants an account.
#[derive(Clone, Debug)]
pub struct Registration {
    /// What they are called.
    pub name: String,
    /// Where they get mail.
    pub email: String,
    /// What they sign in with.
    pub password: Password,
}

impl Registration {
    /// Reads the fields `name`, `email` and `password`.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(fields: &Fields) -> Result<Self, Errors> {
        let field = |name: &str| fields.get(name).map(String::as_str);
        let mut parser = Parser::default();
        let name = parser.field("name", forms::required(field("name"), NAME_MOST));
        let email = parser.field("email", forms::email(field("email")));
        let password = parser.field("password", Password::new(field("password")));
        parser.finish((|| Some(Self { name: name?, email: email?, password: password? }))())
    }
}

/// The address by which an account is found: one person has one, however it is typed.
pub fn email_key(email: &str) -> String {
    email.to_lowercase()
}

/// Somebody who is signed in, as pages know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Where they are signed in.
    pub session: SessionId,
    /// Who they are.
    pub user: UserId,
    /// What they are called.
    pub name: String,
    /// Where they get mail.
    pub email: String,
    /// What they are to the shop.
    pub role: Role,
}

impl SignedIn {
    /// Refuses what the role doesn't allow for everybody's things.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), Forbidden> {
        if self.role.allows(permission) { Ok(()) } else { Err(Forbidden(permission)) }
    }
}

/// A person as staff see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// What they are called.
    pub name: String,
    /// Where they get mail.
    pub email: String,
    /// Whether they have shown that it is theirs.
    pub verified: bool,
    /// What they are to the shop.
    pub role: Role,
    /// When they registered.
    pub created_at: DateTime<Utc>,
}

/// A place where somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifies it.
    pub id: SessionId,
    /// What the browser said of itself.
    pub device: String,
    /// The network address it was begun from.
    pub client: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take some minutes.
    pub used_at: DateTime<Utc>,
}

/// From where somebody signs in.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// What the browser says of itself.
    pub name: String,
    /// The network address.
    pub client: String,
    /// The token by which the browser says that it is trusted.
    #[cfg(feature = "ssr")]
    pub trusted: Option<crate::token::Token>,
}

/// The most that is kept of what a browser says of itself, in characters.
#[cfg(feature = "ssr")]
const DEVICE_MOST: usize = 200;

#[cfg(feature = "ssr")]
impl Device {
    /// What the browser says of itself, fit to be stored and shown.
    pub fn short_name(&self) -> String {
        self.name.chars().filter(|c| !c.is_control()).take(DEVICE_MOST).collect()
    }
}

/// Why something could not be done to an account.
#[cfg(feature = "ssr")]
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address or the password is wrong: which, nobody is told.
    #[error("wrong address or password")]
    WrongCredentials,
    /// The password is right, and the address was not confirmed yet.
    #[error("address not confirmed")]
    Unverified,
    /// The password is one of the commonest.
    #[error("password too common")]
    CommonPassword,
    /// The link has expired, was used, or never was one.
    #[error("link not valid")]
    InvalidLink,
    /// No sign-in waits for a second factor there, or not any more.
    #[error("no pending sign-in")]
    NoPendingSignIn,
    /// The code is wrong, too old, or was used.
    #[error("wrong code")]
    WrongCode,
    /// Too many wrong codes, or too many that were mailed.
    #[error("too many tries")]
    TooManyTries,
    /// What a browser says of a passkey does not hold.
    #[error("passkey refused: {0}")]
    PasskeyRefused(String),
    /// There is such a factor already.
    #[error("factor exists")]
    FactorExists,
    /// There is no such factor.
    #[error("no such factor")]
    NoFactor,
    /// Nobody is signed in there.
    #[error("not signed in")]
    NotSignedIn,
    /// The account has no password, and the sign-in was too long ago to stand for one.
    #[error("signed in too long ago")]
    SignInAgain,
    /// The new address is the one that the account has.
    #[error("the same address")]
    SameEmail,
    /// Somebody else has got an account with the address meanwhile.
    #[error("address taken meanwhile")]
    EmailTaken,
    /// So many orders are under way, and can't do without the person.
    #[error("{0} orders under way")]
    OpenOrders(i64),
    /// The password could not be hashed.
    #[error("hashing failed: {0}")]
    Hashing(String),
    /// What was encrypted can't be opened.
    #[error(transparent)]
    Sealed(#[from] crate::sealed::SealedError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(AccountError);

/// Why staff could not do something to an account.
#[cfg(feature = "ssr")]
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// They may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is nobody with this identifier or address.
    #[error("nobody is known by that")]
    Unknown,
    /// Nobody changes their own role: it might be by mistake.
    #[error("one's own role")]
    Oneself,
    /// There would be no admin any more.
    #[error("the last admin")]
    NobodyLeft,
    /// The new account could not be made.
    #[error(transparent)]
    Account(AccountError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(StaffError);

/// Somebody has asked for an account and is to confirm their address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct UserRegistered {
    /// Who.
    pub user: UserId,
    /// The link that confirms it.
    pub verification: VerificationId,
}

event!(UserRegistered, version 1, about user);

/// Somebody has asked for an account with an address that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RegistrationRepeated {
    /// Whose address it is.
    pub user: UserId,
}

event!(RegistrationRepeated, version 1, about user);

/// Somebody wants to choose a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PasswordResetRequested {
    /// Who.
    pub user: UserId,
    /// The link that lets them.
    pub verification: VerificationId,
}

event!(PasswordResetRequested, version 1, about user);

/// Somebody has a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PasswordChanged {
    /// Who.
    pub user: UserId,
}

event!(PasswordChanged, version 1, about user);

/// Somebody wants another address for their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EmailChangeRequested {
    /// Who.
    pub user: UserId,
    /// The link that confirms the new address.
    pub new_link: VerificationId,
    /// The link by which the present address agrees or refuses.
    pub old_link: VerificationId,
    /// Whether the new address has an account already: its owner gets other words, and no link.
    pub taken: bool,
}

event!(EmailChangeRequested, version 1, about user);

/// Somebody's account has another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EmailChanged {
    /// Who.
    pub user: UserId,
}

event!(EmailChanged, version 1, about user);

/// Somebody has changed what they are called, or which mails they get. Neither is repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProfileUpdated {
    /// Who.
    pub user: UserId,
    /// What they have changed.
    pub part: ProfilePart,
}

event!(ProfileUpdated, version 1, about user);

/// A part of what somebody says of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProfilePart {
    /// What they are called.
    Name,
    /// Which mails they get.
    Preferences,
}

/// Somebody's account is gone. The one event that holds an address: nobody could be told otherwise. It is deleted
/// soon after the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AccountErased {
    /// Who it was.
    pub user: UserId,
    /// Where the last mail goes. It does not leave the shop.
    #[cfg_attr(feature = "ssr", schemars(skip))]
    pub email: String,
    /// What they were called. It does not leave the shop.
    #[cfg_attr(feature = "ssr", schemars(skip))]
    pub name: String,
}

event!(AccountErased, version 1, about user);

/// A topic of mails that people choose to get, apart from those about orders and the safety of their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// News and offers of the shop.
    News,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 1] = [Self::News];

    /// Its name in the database and in forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::News => "news",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::FieldError;

    #[test]
    fn everything_wrong_with_a_registration_is_told_at_once() {
        let fields = [("name", " "), ("email", "nobody"), ("password", "short")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let errors = Registration::parse(&fields).expect_err("nothing of it is right");
        let wrong: Vec<_> = errors.iter().map(|(name, error)| (name.as_str(), *error)).collect();
        let expected =
            [("email", FieldError::Invalid), ("name", FieldError::Required), ("password", FieldError::TooShort)];
        assert_eq!(wrong, expected);
    }
}
