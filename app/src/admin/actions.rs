//! What the forms of staff do.

use crate::accounts::sign_in_for;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::{Role, StaffError, UserId, change_role};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// Makes these server functions known.
pub fn register() {
    register_explicit::<ChangeRole>();
    super::inventory_actions::register();
}

/// Gives a person another role.
#[server(prefix = "/actions", endpoint = "admin/change-role")]
pub async fn change_role(
    #[server(default)] user: Option<String>,
    #[server(default)] role: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(user) = user.and_then(|id| id.parse::<UserId>().ok()) else {
        page.see_other("/admin/people?refused=unknown-person");
        return Ok(());
    };
    let path = format!("/admin/people/{user}");
    let Some(role) = role.as_deref().and_then(Role::from_code) else {
        page.see_other(&format!("{path}?refused=unknown-choice"));
        return Ok(());
    };
    let outcome = match page.signed_in().await {
        Ok(Some(who)) => change_role::change_role(&page.shop, &who, user, role).await,
        Ok(None) => {
            page.see_other(&sign_in_for(&path));
            return Ok(());
        }
        Err(error) => Err(error.into()),
    };
    let answer = match outcome {
        Ok(()) => "done=role-changed",
        Err(StaffError::Forbidden(_)) => "refused=forbidden",
        Err(StaffError::Oneself) => "refused=own-role",
        Err(StaffError::NobodyLeft) => "refused=last-admin",
        Err(StaffError::Unknown) => "refused=unknown-person",
        Err(error @ (StaffError::Account(_) | StaffError::Db(_))) => {
            log_failure(&error);
            "refused=unavailable"
        }
    };
    page.see_other(&format!("{path}?{answer}"));
    Ok(())
}
