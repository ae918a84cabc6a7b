//! What people do with passkeys.

use super::{enter, failed, field, own_path, required};
use crate::accounts::passkeys::relying_party;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::AccountError;
use commerce::accounts::passkeys::{PASSKEY_NAME_MOST, add, manage, show};
use commerce::forms::{self, Fields};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

const SECURITY: &str = "/account/security";

pub(super) fn register() {
    register_explicit::<PasskeyOptions>();
    register_explicit::<PasskeySignIn>();
    register_explicit::<AddPasskey>();
    register_explicit::<RenamePasskey>();
}

/// What a browser is to be told to show a passkey, as JSON: for the script of the sign-in page.
#[server(prefix = "/actions", endpoint = "auth/passkey-options")]
pub async fn passkey_options() -> Result<String, ServerFnError> {
    let page = Page::of_action();
    let Some(party) = relying_party(&page) else {
        page.see_other("/auth/signin?refused=passkey");
        return Ok(String::new());
    };
    match show::begin(&page.shop, &party).await {
        Ok(options) => Ok(options),
        Err(error) => {
            failed(&page, "/auth/signin", &error);
            Ok(String::new())
        }
    }
}

/// Signs in with a passkey.
#[server(prefix = "/actions", endpoint = "auth/passkey")]
pub async fn passkey_sign_in(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/signin";
    let page = Page::of_action();
    let (Some(party), Some(shown)) = (relying_party(&page), field(&fields, "credential")) else {
        page.see_other("/auth/signin?refused=passkey");
        return Ok(());
    };
    match show::sign_in(&page.shop, &party, page.pending_token().as_ref(), shown, &page.device()).await {
        Ok(token) => {
            page.forget_pending();
            let next = field(&fields, "next").and_then(own_path);
            enter(&page, &token, next.as_deref().unwrap_or("/account?done=signed-in")).await;
        }
        Err(error @ AccountError::PasskeyRefused(_)) => {
            log_failure(&error);
            page.see_other("/auth/signin?refused=passkey");
        }
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Takes a new passkey.
#[server(prefix = "/actions", endpoint = "account/passkey")]
pub async fn add_passkey(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, SECURITY).await else { return Ok(()) };
    let (Some(party), Some(made)) = (relying_party(&page), field(&fields, "credential")) else {
        page.see_other("/account/security?refused=passkey");
        return Ok(());
    };
    let name = forms::required(field(&fields, "name"), PASSKEY_NAME_MOST).unwrap_or_else(|_| "Passkey".to_owned());
    match add::finish(&page.shop, &party, &who, &name, made).await {
        Ok(()) => page.see_other("/account/security/recovery-codes?done=factor-added"),
        Err(error @ AccountError::PasskeyRefused(_)) => {
            log_failure(&error);
            page.see_other("/account/security?refused=passkey");
        }
        Err(error) => failed(&page, SECURITY, &error),
    }
    Ok(())
}

/// Calls a passkey something else.
#[server(prefix = "/actions", endpoint = "account/rename-passkey")]
pub async fn rename_passkey(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, SECURITY).await else { return Ok(()) };
    let name = forms::required(field(&fields, "name"), PASSKEY_NAME_MOST).ok();
    // Without a name it keeps the one it has.
    if let (Some(passkey), Some(name)) = (field(&fields, "passkey").and_then(|id| id.parse().ok()), name)
        && let Err(error) = manage::rename(&page.shop, &who, passkey, &name).await
    {
        failed(&page, SECURITY, &error.into());
        return Ok(());
    }
    page.see_other("/account/security?done=passkey-renamed");
    Ok(())
}
