//! Linking who one is elsewhere to an account, and unlinking it.

use super::{arrive, error, failed, field, own_path, required};
use crate::accounts::identities::{LINK_PATH, Trouble, explain, fail, refused};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::Password;
use commerce::accounts::identity::IdentityError;
use commerce::accounts::link_identity::{link_by_address, link_own};
use commerce::accounts::unlink_identity::unlink_identity;
use commerce::forms::{FieldError, Fields};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The form that proves whose account it is.
pub const LINK_FORM: &str = "auth/link";

pub(super) fn register() {
    register_explicit::<LinkIdentity>();
    register_explicit::<Unlink>();
}

/// Links who somebody has just shown to be elsewhere: to the account they are signed in to, or to the one with their
/// address, which they are then signed in to.
#[server(prefix = "/actions", endpoint = "auth/link")]
pub async fn link_identity(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let found = async {
        let Some(flow) = page.flow() else { return Ok(None) };
        let kept = flow.kept(&page.shop).await?;
        Ok::<_, IdentityError>(kept.map(|identity| (flow, identity)))
    };
    let (who, found) = match (page.signed_in().await, found.await) {
        (Ok(who), Ok(found)) => (who, found),
        (Err(error), _) => {
            fail(&page, &error);
            return Ok(());
        }
        (_, Err(error)) => {
            fail(&page, &error);
            return Ok(());
        }
    };
    let Some((flow, identity)) = found else {
        explain(&page, Trouble::Expired);
        return Ok(());
    };
    let password = Password::typed(field(&fields, "current_password"));
    let outcome = match (&who, &password) {
        (Some(who), password) => link_own(&page.shop, who, &identity, password.as_ref().ok()).await.map(|()| None),
        (None, Ok(password)) => link_by_address(&page.shop, &identity, password, &page.device()).await.map(Some),
        (None, Err(_)) => Err(IdentityError::WrongCredentials),
    };
    match outcome {
        Ok(session) => {
            if let Err(error) = flow.forget(&page.shop).await {
                // It is linked all the same, and will be forgotten soon.
                crate::layout::log_failure(&error);
            }
            page.forget_flow();
            match session {
                None => page.see_other("/account/security?done=linked"),
                Some(admission) => {
                    let next = flow.next.as_deref().and_then(own_path);
                    arrive(&page, &admission, next.as_deref().unwrap_or("/account?done=linked")).await;
                }
            }
        }
        Err(IdentityError::WrongCredentials) => {
            let wrong = password.err().unwrap_or(FieldError::Wrong);
            keep_draft(&page, LINK_FORM, LINK_PATH, Fields::new(), error("current_password", wrong)).await;
        }
        Err(error) => refused(&page, &error),
    }
    Ok(())
}

/// Takes a way in away from one's account.
#[server(prefix = "/actions", endpoint = "account/unlink")]
pub async fn unlink(#[server(default)] linked: Option<String>) -> Result<(), ServerFnError> {
    const PATH: &str = "/account/security";
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let outcome = match linked.and_then(|text| text.parse().ok()) {
        Some(linked) => unlink_identity(&page.shop, &who, linked).await,
        // One that is none is unlinked already.
        None => Ok(()),
    };
    match outcome {
        Ok(()) => page.see_other("/account/security?done=unlinked"),
        Err(IdentityError::LastWayIn) => page.see_other("/account/security?refused=last-way-in"),
        Err(IdentityError::Account(error)) => failed(&page, PATH, &error),
        Err(error) => fail(&page, &error),
    }
    Ok(())
}
