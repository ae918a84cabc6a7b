//! What people prove themselves with beside their password.

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod answer;
#[cfg(feature = "ssr")]
pub mod devices;
#[cfg(feature = "ssr")]
pub mod email_code;
#[cfg(feature = "ssr")]
mod pending;
#[cfg(feature = "ssr")]
pub mod queries;
#[cfg(feature = "ssr")]
pub mod recovery;
#[cfg(feature = "ssr")]
pub mod set_up;
#[cfg(feature = "ssr")]
pub mod totp;

#[cfg(feature = "ssr")]
pub(super) use pending::{close_pending, end_all as end_pending, open as open_pending};

use super::UserId;

id!(
    /// Identifies something that somebody proves themselves with.
    FactorId
);
id!(
    /// Identifies a sign-in that waits for its second factor.
    PendingId
);
id!(
    /// Identifies a browser that need not show the second factor each time.
    TrustedDeviceId
);
id!(
    /// Identifies the recovery codes of somebody while they are shown.
    SheetId
);

/// How long a sign-in waits for its second factor, in minutes.
pub const PENDING_MINUTES: i64 = 10;

/// How long a browser is trusted, in days.
pub const TRUSTED_DAYS: i64 = 30;

/// How many wrong codes a sign-in takes before it has to begin again.
pub const TRIES: i32 = 5;

/// How many wrong codes an account takes in an hour, over all of its sign-ins: of a million codes three are right at
/// a time, and whoever tries has the password.
pub const TRIES_PER_HOUR: i64 = 20;

/// What can be a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Codes of an authenticator app.
    Totp,
    /// Codes by mail.
    Email,
    /// A key that the device or password manager keeps.
    Passkey,
}

impl FactorKind {
    /// What it is called in records.
    pub fn code(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Email => "email",
            Self::Passkey => "passkey",
        }
    }
}

/// What somebody has to prove themselves with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Whether an authenticator app is set up.
    pub totp: bool,
    /// Whether codes may come by mail.
    pub email: bool,
    /// How many passkeys there are.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

impl Factors {
    /// Whether there is one at all: recovery codes only stand in for another.
    pub fn any(self) -> bool {
        self.totp || self.email || self.passkeys > 0
    }
}

/// A code that somebody answers with.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of their authenticator app.
    Totp(String),
    /// One of their recovery codes.
    Recovery(String),
    /// From the mail they just got.
    Email(String),
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Totp(_) => "Totp(…)",
            Self::Recovery(_) => "Recovery(…)",
            Self::Email(_) => "Email(…)",
        })
    }
}

/// Whether somebody has to set up a second factor before they go on: the shop may ask it of its staff.
pub fn must_be_set_up(required_for_staff: bool, is_staff: bool, factors: Factors) -> bool {
    required_for_staff && is_staff && !factors.any()
}

/// Somebody has a second factor more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FactorAdded {
    /// Who.
    pub user: UserId,
    /// Which.
    pub kind: FactorKind,
}

event!(FactorAdded, version 1, about user);

/// Somebody has a second factor less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FactorRemoved {
    /// Who.
    pub user: UserId,
    /// Which.
    pub kind: FactorKind,
}

event!(FactorRemoved, version 1, about user);

/// Somebody has signed in with a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RecoveryCodeUsed {
    /// Who.
    pub user: UserId,
    /// How many are left.
    pub left: i64,
}

event!(RecoveryCodeUsed, version 1, about user);

/// Somebody wants a code by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct SignInCodeRequested {
    /// Who.
    pub user: UserId,
    /// For which sign-in.
    pub pending: PendingId,
    /// The how many-th code it is for this sign-in.
    pub number: i32,
}

event!(SignInCodeRequested, version 1, about user);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_staff_without_a_factor_must_set_one_up_and_only_where_the_shop_asks() {
        let (none, one) = (Factors::default(), Factors { passkeys: 1, ..Factors::default() });
        assert!(must_be_set_up(true, true, none));
        for (required, staff, factors) in [(false, true, none), (true, false, none), (true, true, one)] {
            assert!(!must_be_set_up(required, staff, factors));
        }
        assert!(must_be_set_up(true, true, Factors { recovery_codes: 10, ..none }), "codes are none by themselves");
    }
}
