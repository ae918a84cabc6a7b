//! Programs that act for people: how they prove it, and what they may do.
//!
//! A program either signs in with address and password, and gets an access
//! token for minutes and a refresh token for weeks; or it is given a key that
//! somebody has made for it. Both are bearer tokens with scopes.

use crate::accounts::{NAME_MOST, Role, UserId};
use crate::forms::{self, Errors, FieldError, Fields, Parser};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fmt;

#[cfg(feature = "ssr")]
pub mod authenticate;
#[cfg(feature = "ssr")]
pub mod create_key;
#[cfg(feature = "ssr")]
pub mod end;
#[cfg(feature = "ssr")]
pub mod entity;
#[cfg(feature = "ssr")]
mod jwt;
#[cfg(feature = "ssr")]
mod key_text;
#[cfg(feature = "ssr")]
pub mod log_in;
#[cfg(feature = "ssr")]
pub mod purge;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod refresh;
#[cfg(feature = "ssr")]
pub mod signing_keys;

#[cfg(feature = "ssr")]
pub use key_text::KeyText;

id!(
    /// Identifies a key that somebody has made.
    ApiKeyId
);
id!(
    /// Identifies a place where a program is signed in.
    GrantId
);
id!(
    /// Identifies a key that access tokens are signed with.
    SigningKeyId
);

/// How long an access token is good, in minutes.
pub const ACCESS_MINUTES: i64 = 15;

/// How long a refresh token is good, in days.
pub const REFRESH_DAYS: i64 = 30;

/// How long a program stays signed in at most, however often it refreshes, in days.
pub const GRANT_DAYS: i64 = 90;

/// The most keys that a person can have.
pub const KEYS_MOST: i64 = 50;

/// For how many days a key can be made.
pub const KEY_DAYS: [i64; 3] = [30, 90, 365];

/// What a program may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Read who somebody is: name and address.
    ProfileRead,
    /// Read the catalogue as its person sees it.
    ProductsRead,
    /// Change products.
    ProductsWrite,
    /// Read the cart.
    CartRead,
    /// Change the cart.
    CartWrite,
    /// Read orders.
    OrdersRead,
    /// Place and change orders.
    OrdersWrite,
}

impl Scope {
    /// Every scope, as lists show them.
    pub const ALL: [Self; 7] = [
        Self::ProfileRead,
        Self::ProductsRead,
        Self::ProductsWrite,
        Self::CartRead,
        Self::CartWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
    ];

    /// What it is called in tokens and forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::ProfileRead => "profile:read",
            Self::ProductsRead => "products:read",
            Self::ProductsWrite => "products:write",
            Self::CartRead => "cart:read",
            Self::CartWrite => "cart:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
        }
    }

    /// Whether somebody in this role can allow it.
    pub fn is_of(self, role: Role) -> bool {
        match self {
            Self::ProductsWrite => matches!(role, Role::Vendor | Role::Admin),
            Self::ProfileRead
            | Self::ProductsRead
            | Self::CartRead
            | Self::CartWrite
            | Self::OrdersRead
            | Self::OrdersWrite => true,
        }
    }
}

/// What a program is allowed to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything that somebody in this role can allow.
    pub fn of(role: Role) -> Self {
        Scope::ALL.into_iter().filter(|scope| scope.is_of(role)).collect()
    }

    /// Reads codes with spaces between; what is no code allows nothing.
    pub fn parse(text: &str) -> Self {
        let scope = |code: &str| Scope::ALL.into_iter().find(|scope| scope.code() == code);
        text.split_ascii_whitespace().filter_map(scope).collect()
    }

    /// Whether one is among them.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Those that somebody in this role can allow still.
    #[must_use]
    pub fn within(&self, role: Role) -> Self {
        self.iter().filter(|scope| scope.is_of(role)).collect()
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<_> = self.iter().map(Scope::code).collect();
        f.write_str(&codes.join(" "))
    }
}

/// A program that has proved whom it acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whom it acts for.
    pub user: UserId,
    /// What they are.
    pub role: Role,
    /// What it may do.
    pub scopes: Scopes,
}

/// A key that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What they call it.
    pub name: String,
    /// What it shall allow.
    pub scopes: Scopes,
    /// For how many days; `None` for as long as they don't end it.
    pub days: Option<i64>,
}

impl NewKey {
    /// Reads the fields `key_name`, `days` (a number of [`KEY_DAYS`], or `none`), and one named `scope.` and a code for
    /// each scope.
    ///
    /// # Errors
    /// Everything that is wrong with them; what is wrong with scopes under `scopes`.
    pub fn parse(fields: &Fields, role: Role) -> Result<Self, Errors> {
        let field = |name: &str| fields.get(name).map(String::as_str);
        let mut parser = Parser::default();
        let name = parser.field("key_name", forms::required(field("key_name"), NAME_MOST));
        let codes: Vec<_> = fields.keys().filter_map(|name| name.strip_prefix("scope.")).collect();
        let scopes = Scopes::parse(&codes.join(" ")).within(role);
        let scopes = parser.field("scopes", if scopes.is_empty() { Err(FieldError::Required) } else { Ok(scopes) });
        let days = match field("days").unwrap_or_default() {
            "none" => Ok(None),
            text => {
                let days = text.parse().ok().filter(|days| KEY_DAYS.contains(days));
                days.map(Some).ok_or(FieldError::UnknownChoice)
            }
        };
        let days = parser.field("days", days);
        parser.finish((|| Some(Self { name: name?, scopes: scopes?, days: days? }))())
    }
}

/// A key as its owner sees it, which is not the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Identifies it.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// The last characters of the key.
    pub ending: String,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take some minutes.
    pub used_at: Option<DateTime<Utc>>,
    /// Until when it is good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A place where a program is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Identifies it.
    pub id: GrantId,
    /// What the program says of itself.
    pub device: String,
    /// The network address it signed in from.
    pub client: String,
    /// When it signed in.
    pub created_at: DateTime<Utc>,
    /// When it last got a new access token.
    pub used_at: DateTime<Utc>,
}

/// What a program gets that signs in or refreshes.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Good for [`ACCESS_MINUTES`].
    pub access: String,
    /// Good for one use.
    pub refresh: String,
    /// How long the refresh token is good.
    pub refresh_for: chrono::TimeDelta,
    /// What the access token allows.
    pub scopes: Scopes,
}

/// Why a program gets nothing.
#[cfg(feature = "ssr")]
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The refresh token has expired, was used, or never was one.
    #[error("refresh token not valid")]
    InvalidToken,
    /// Whoever signs in can allow none of what was asked for.
    #[error("no such scope")]
    NoScope,
    /// The person has as many keys as they can have.
    #[error("too many keys")]
    TooManyKeys,
    /// A token could not be signed.
    #[error("signing failed: {0}")]
    Signing(&'static str),
    /// The password is right, and there is a second factor that was not shown.
    #[error("second factor needed")]
    SecondFactor,
    /// Address and password don't let anybody in.
    #[error(transparent)]
    Account(#[from] crate::accounts::AccountError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

#[cfg(feature = "ssr")]
crate::db::transient_by_db!(AccessError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for role in [Role::Customer, Role::Vendor, Role::Support, Role::Admin] {
            assert_eq!(Scopes::parse(&Scopes::of(role).to_string()), Scopes::of(role));
        }
        assert_eq!(Scopes::parse("orders:read  nonsense orders:read ORDERS:WRITE").to_string(), "orders:read");
        assert!(!Scopes::of(Role::Customer).contains(Scope::ProductsWrite));
        assert!(Scopes::of(Role::Admin).within(Role::Customer) == Scopes::of(Role::Customer));
    }

    #[test]
    fn everything_wrong_with_a_key_is_told_at_once() {
        let parse = |pairs: &[(&str, &str)]| {
            let fields = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            NewKey::parse(&fields, Role::Customer)
        };
        let errors = parse(&[("days", "31"), ("scope.products:write", "1")]).expect_err("nothing of it is right");
        let wrong: Vec<_> = errors.iter().map(|(name, error)| (name.as_str(), *error)).collect();
        let expected =
            [("days", FieldError::UnknownChoice), ("key_name", FieldError::Required), ("scopes", FieldError::Required)];
        assert_eq!(wrong, expected);
        let key = parse(&[("key_name", "Till"), ("days", "none"), ("scope.orders:read", "1")]).expect("a key");
        assert_eq!(key, NewKey { name: "Till".to_owned(), scopes: Scopes::parse("orders:read"), days: None });
    }
}
