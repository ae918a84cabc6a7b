//! What the forms of staff do.

use crate::accounts::sign_in_for;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::{Role, StaffError, UserId, change_role};
use commerce::events::replay::{DeliveryId, replay};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// Makes these server functions known.
pub fn register() {
    register_explicit::<ChangeRole>();
    super::credit::register();
    super::inventory_actions::register();
    super::order_actions::register();
    super::order_edit_actions::register();
    super::return_actions::register();
    register_explicit::<ReplayEvents>();
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

/// Has one event that a handler has given up delivered again, or without an event all of them.
#[server(prefix = "/actions", endpoint = "admin/replay-events")]
pub async fn replay_events(
    #[server(default)] event: Option<String>,
    #[server(default)] handler: Option<String>,
) -> Result<(), ServerFnError> {
    const PATH: &str = "/admin/events";
    let page = Page::of_action();
    let only = match event.filter(|event| !event.is_empty()).map(|event| event.parse()) {
        None => None,
        Some(Ok(event)) => Some(DeliveryId { event, handler: handler.unwrap_or_default() }),
        Some(Err(_)) => {
            page.see_other(&format!("{PATH}?refused=unknown-choice"));
            return Ok(());
        }
    };
    let outcome = match page.signed_in().await {
        Ok(Some(who)) => replay(&page.shop, &who, only.as_ref()).await,
        Ok(None) => {
            page.see_other(&sign_in_for(PATH));
            return Ok(());
        }
        Err(error) => Err(error.into()),
    };
    let answer = match outcome {
        Ok(_) => "done=events-replayed",
        Err(StaffError::Forbidden(_)) => "refused=forbidden",
        Err(error) => {
            log_failure(&error);
            "refused=unavailable"
        }
    };
    page.see_other(&format!("{PATH}?{answer}"));
    Ok(())
}
