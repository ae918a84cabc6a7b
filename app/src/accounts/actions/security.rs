//! What people do about the safety of their account.

use super::{error, failed, field, required};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::{AccountError, Password, change_password, end_session};
use commerce::forms::{FieldError, Fields, Parser};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The form with the old and the new password.
pub const PASSWORD_FORM: &str = "account/password";

/// Where these forms are.
const PATH: &str = "/account/security";

pub(super) fn register() {
    register_explicit::<ChangePassword>();
    register_explicit::<EndSession>();
    register_explicit::<EndOthers>();
}

/// Sets a new password for who knows the old one.
#[server(prefix = "/actions", endpoint = "account/password")]
pub async fn change_password(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let mut parser = Parser::default();
    let current = parser.field("current_password", Password::typed(field(&fields, "current_password")));
    let new = parser.field("new_password", Password::new(field(&fields, "new_password")));
    let outcome = match parser.finish(current.zip(new)) {
        Ok((current, new)) => change_password::change_password(&page.shop, &who, &current, &new, &page.device()).await,
        Err(errors) => {
            keep_draft(&page, PASSWORD_FORM, PATH, Fields::new(), errors).await;
            return Ok(());
        }
    };
    let wrong = match outcome {
        Ok(token) => {
            page.set_session(&token);
            page.see_other("/account/security?done=password-changed");
            return Ok(());
        }
        Err(AccountError::WrongCredentials) => error("current_password", FieldError::Wrong),
        Err(AccountError::CommonPassword) => error("new_password", FieldError::TooCommon),
        Err(error) => {
            failed(&page, PATH, &error);
            return Ok(());
        }
    };
    keep_draft(&page, PASSWORD_FORM, PATH, Fields::new(), wrong).await;
    Ok(())
}

/// Signs out on another device.
#[server(prefix = "/actions", endpoint = "account/end-session")]
pub async fn end_session(#[server(default)] session: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    // One that is none has ended already.
    if let Some(session) = session.and_then(|text| text.parse().ok())
        && let Err(error) = end_session::end(&page.shop, &who, session).await
    {
        failed(&page, PATH, &error.into());
        return Ok(());
    }
    page.see_other("/account/security?done=session-ended");
    Ok(())
}

/// Signs out on every other device.
#[server(prefix = "/actions", endpoint = "account/end-others")]
pub async fn end_others() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    match end_session::end_others(&page.shop, &who).await {
        Ok(()) => page.see_other("/account/security?done=session-ended"),
        Err(error) => failed(&page, PATH, &error.into()),
    }
    Ok(())
}
