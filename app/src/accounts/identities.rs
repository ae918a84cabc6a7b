//! Signing in at another provider: leaving for it, and coming back. What the server, which speaks with providers, asks
//! of the shop's pages.

use super::actions::{arrive as begin_session, own_path};
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::AccountError;
use commerce::accounts::flow::Flow;
use commerce::accounts::identity::{self, Identity, IdentityError};
use commerce::accounts::sign_in_with_identity::sign_in_with_identity;

/// Where somebody proves that an account is theirs before something is linked to it.
pub(super) const LINK_PATH: &str = "/auth/link";

/// Why somebody was not signed in. [`Trouble::code`] is in the address of the page that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// They did not want to, at the provider.
    Cancelled,
    /// The provider can't be reached.
    Unreachable,
    /// The provider refuses, or what it says can't be believed.
    Refused,
    /// They came back too late, twice, or with another browser than they left with.
    Expired,
    /// The provider has not made sure of their address.
    Unverified,
    /// Who they are there opens another account.
    InUse,
    /// They have an account with this address that they sign in to by other means than a password.
    OtherWay,
    /// The shop could not do it.
    Unavailable,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Cancelled,
        Self::Unreachable,
        Self::Refused,
        Self::Expired,
        Self::Unverified,
        Self::InUse,
        Self::OtherWay,
        Self::Unavailable,
    ];

    /// What stands for it in an address.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Unverified => "unverified",
            Self::InUse => "in-use",
            Self::OtherWay => "other-way",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Answers with the page that says what was wrong.
pub fn explain(page: &Page, trouble: Trouble) {
    page.see_other(&format!("/auth/error?code={}", trouble.code()));
}

/// Logs what failed, and answers with the page that says so.
pub(super) fn fail(page: &Page, error: &dyn std::fmt::Display) {
    log_failure(error);
    explain(page, Trouble::Unavailable);
}

/// Begins a sign-in at a provider, after which somebody goes on at `next` if it is a page of ours.
pub fn begin(page: &Page, provider: &str, next: Option<&str>) -> Flow {
    Flow::begin(&page.shop, provider, next.and_then(own_path))
}

/// The sign-in that somebody comes back from, if it is the one that this browser left for, and for the first time.
/// Otherwise the answer says so.
pub async fn came_back(page: &Page, provider: &str, state: &str) -> Option<Flow> {
    let flow = page.flow().filter(|flow| flow.provider == provider && flow.is_answered_by(&page.shop, state));
    let Some(flow) = flow else {
        explain(page, Trouble::Expired);
        return None;
    };
    page.forget_flow();
    match flow.use_up(&page.shop).await {
        Ok(true) => return Some(flow),
        Ok(false) => explain(page, Trouble::Expired),
        Err(error) => fail(page, &error),
    }
    None
}

/// Signs in who came back, or asks for what they have to prove before.
pub async fn arrive(page: &Page, flow: &Flow, identity: &Identity) {
    let outcome = match page.signed_in().await {
        Ok(Some(who)) => match identity::holder(page.shop.db.primary(), identity).await {
            Ok(Some(user)) if user == who.user => return page.see_other("/account/security?done=linked"),
            Ok(Some(_)) => Err(IdentityError::InUse),
            Ok(None) => Err(IdentityError::MustProve),
            Err(error) => Err(error.into()),
        },
        Ok(None) => sign_in_with_identity(&page.shop, identity, &page.device()).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(admission) => {
            let next = flow.next.as_deref().and_then(own_path);
            begin_session(page, &admission, next.as_deref().unwrap_or("/account?done=signed-in")).await;
        }
        Err(IdentityError::MustProve) => match flow.keep(&page.shop, identity).await {
            Ok(()) => {
                page.set_flow(flow);
                page.see_other(LINK_PATH);
            }
            Err(error) => fail(page, &error),
        },
        Err(error) => refused(page, &error),
    }
}

/// Answers with what stands in the way.
pub(super) fn refused(page: &Page, error: &IdentityError) {
    match error {
        IdentityError::Unverified => explain(page, Trouble::Unverified),
        IdentityError::InUse => explain(page, Trouble::InUse),
        IdentityError::MustProve
        | IdentityError::WrongCredentials
        | IdentityError::Account(AccountError::WrongCredentials) => explain(page, Trouble::OtherWay),
        error => fail(page, error),
    }
}
