//! What people do with all that we know about them.

use super::profile::proof;
use super::{error, failed, required};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::{AccountError, SignedIn, erase, export, prove};
use commerce::forms::{FieldError, Fields, Parser};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The form before a download.
pub const DOWNLOAD_FORM: &str = "account/download";
/// The form before an account is deleted.
pub const ERASE_FORM: &str = "account/erase";
/// What is typed by those who really want it.
pub const ERASE_WORD: &str = "DELETE";

pub(super) fn register() {
    register_explicit::<Download>();
    register_explicit::<Erase>();
}

/// Proves who wants to download, and leads to the file.
#[server(prefix = "/actions", endpoint = "account/download")]
pub async fn download(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/account/download";
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let proved = match proof(&fields) {
        Ok(password) => may_download(&page, &who, password.as_ref()).await,
        Err(wrong) => {
            keep_draft(&page, DOWNLOAD_FORM, PATH, Fields::new(), error("current_password", wrong)).await;
            return Ok(());
        }
    };
    match proved {
        Ok(()) => {
            let (until, permit) = export::permit(&page.shop, &who);
            page.see_other(&format!("/account/export?until={until}&permit={permit}"));
        }
        Err(AccountError::WrongCredentials) => {
            let wrong = error("current_password", FieldError::Wrong);
            keep_draft(&page, DOWNLOAD_FORM, PATH, Fields::new(), wrong).await;
        }
        Err(AccountError::SignInAgain) => page.see_other("/account/download?refused=sign-in-again"),
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// A recent sign-in is enough to read.
async fn may_download(
    page: &Page,
    who: &SignedIn,
    password: Option<&commerce::accounts::Password>,
) -> Result<(), AccountError> {
    if password.is_none() && prove::means(&page.shop, who).await?.recent {
        return Ok(());
    }
    prove::prove(&page.shop, who, password).await
}

/// Forgets whoever is signed in.
#[server(prefix = "/actions", endpoint = "account/erase")]
pub async fn erase(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/account/erase";
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let mut parser = Parser::default();
    let typed = fields.get("confirmation").is_some_and(|word| word.trim().eq_ignore_ascii_case(ERASE_WORD));
    let sure = parser.field("confirmation", typed.then_some(()).ok_or(FieldError::Wrong));
    let password = parser.field("current_password", proof(&fields));
    let outcome = match parser.finish(sure.zip(password)) {
        Ok(((), password)) => erase::erase(&page.shop, &who, password.as_ref(), page.guest().as_ref()).await,
        Err(errors) => {
            keep_draft(&page, ERASE_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match outcome {
        Ok(()) => {
            page.forget_session();
            page.see_other("/auth/signin?done=erased");
        }
        Err(AccountError::WrongCredentials) => {
            keep_draft(&page, ERASE_FORM, PATH, fields, error("current_password", FieldError::Wrong)).await;
        }
        Err(AccountError::SignInAgain) => page.see_other("/account/erase?refused=sign-in-again"),
        Err(AccountError::OpenOrders(_)) => page.see_other("/account/erase?refused=open-orders"),
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}
