//! What people do about the programs that act for them.

use super::{error, failed, required};
use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::access::{AccessError, NewKey, create_key, end};
use commerce::forms::{FieldError, Fields};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The form for a new key.
pub const KEY_FORM: &str = "account/api-keys";

/// Where these forms are.
const PATH: &str = "/account/api-keys";

pub(super) fn register() {
    register_explicit::<CreateApiKey>();
    register_explicit::<RevokeApiKey>();
    register_explicit::<EndGrant>();
}

/// Makes a key, which the next page shows once.
#[server(prefix = "/actions", endpoint = "account/api-keys")]
pub async fn create_api_key(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let new = match NewKey::parse(&fields, who.role) {
        Ok(new) => new,
        Err(errors) => {
            keep_draft(&page, KEY_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match create_key::create_key(&page.shop, who.user, &new).await {
        Ok(key) => {
            page.set_secret(key.as_str());
            page.see_other(PATH);
        }
        Err(AccessError::TooManyKeys) => page.see_other("/account/api-keys?refused=too-many-keys"),
        Err(AccessError::NoScope) => {
            keep_draft(&page, KEY_FORM, PATH, fields, error("scopes", FieldError::Required)).await;
        }
        Err(error) => {
            log_failure(&error);
            page.see_other("/account/api-keys?refused=unavailable");
        }
    }
    Ok(())
}

/// Ends a key.
#[server(prefix = "/actions", endpoint = "account/revoke-key")]
pub async fn revoke_api_key(#[server(default)] key: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    // One that is none has ended already.
    if let Some(key) = key.and_then(|text| text.parse().ok())
        && let Err(error) = end::revoke_key(&page.shop, who.user, key).await
    {
        failed(&page, PATH, &error.into());
        return Ok(());
    }
    page.see_other("/account/api-keys?done=key-revoked");
    Ok(())
}

/// Signs a program out.
#[server(prefix = "/actions", endpoint = "account/end-grant")]
pub async fn end_grant(#[server(default)] grant: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    if let Some(grant) = grant.and_then(|text| text.parse().ok())
        && let Err(error) = end::end_grant(&page.shop, who.user, grant).await
    {
        failed(&page, PATH, &error.into());
        return Ok(());
    }
    page.see_other("/account/api-keys?done=grant-ended");
    Ok(())
}
