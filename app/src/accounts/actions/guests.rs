//! For those who are not signed in: getting an account, and getting in.

use super::{arrive, error, failed, field, own_path};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::{
    AccountError, Password, Registration, end_session, register as registering, reset_password, sign_in, verify_email,
};
use commerce::forms::{self, FieldError, Fields, Parser};
use commerce::token::Token;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The names of the forms among drafts.
pub const SIGN_IN_FORM: &str = "auth/signin";
/// The form to get an account.
pub const REGISTER_FORM: &str = "auth/register";
/// The form that asks for a link.
pub const FORGOT_FORM: &str = "auth/forgot";
/// The form with the new password, after a link.
pub const RESET_FORM: &str = "auth/reset";
/// The form that confirms an address, after a link.
pub const VERIFY_FORM: &str = "auth/verify";

pub(super) fn register() {
    register_explicit::<SignIn>();
    register_explicit::<SignOut>();
    register_explicit::<RegisterAccount>();
    register_explicit::<Verify>();
    register_explicit::<Forgot>();
    register_explicit::<Reset>();
}

/// Signs in with address and password.
#[server(prefix = "/actions", endpoint = "auth/signin")]
pub async fn sign_in(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/signin";
    let page = Page::of_action();
    let mut parser = Parser::default();
    let email = parser.field("email", forms::email(field(&fields, "email")));
    let password = parser.field("password", Password::typed(field(&fields, "password")));
    let (email, password) = match parser.finish(email.zip(password)) {
        Ok(typed) => typed,
        Err(errors) => {
            keep_draft(&page, SIGN_IN_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match sign_in::sign_in(&page.shop, &email, &password, &page.device()).await {
        Ok(admission) => {
            let next = field(&fields, "next").and_then(own_path);
            arrive(&page, &admission, next.as_deref().unwrap_or("/account?done=signed-in")).await;
        }
        Err(AccountError::WrongCredentials) => {
            keep_draft(&page, SIGN_IN_FORM, PATH, fields, error("password", FieldError::Wrong)).await;
        }
        Err(AccountError::Unverified) => page.see_other("/auth/signin?done=check-mail"),
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Ends the session.
#[server(prefix = "/actions", endpoint = "auth/signout")]
pub async fn sign_out() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    if let Some(token) = page.session_token() {
        if let Err(error) = end_session::sign_out(&page.shop, &token).await {
            failed(&page, "/account", &error.into());
            return Ok(());
        }
        page.forget_session();
    }
    page.see_other("/auth/signin?done=signed-out");
    Ok(())
}

/// Asks for an account.
#[server(prefix = "/actions", endpoint = "auth/register")]
pub async fn register_account(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/register";
    let page = Page::of_action();
    let registration = match Registration::parse(&fields) {
        Ok(registration) => registration,
        Err(errors) => {
            keep_draft(&page, REGISTER_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match registering::register(&page.shop, &registration).await {
        Ok(()) => page.see_other("/auth/signin?done=check-mail"),
        Err(AccountError::CommonPassword) => {
            keep_draft(&page, REGISTER_FORM, PATH, fields, error("password", FieldError::TooCommon)).await;
        }
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Confirms an address by a mailed link and the password, and signs in.
#[server(prefix = "/actions", endpoint = "auth/verify")]
pub async fn verify(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(link) = field(&fields, "token").and_then(Token::parse) else {
        page.see_other("/auth/signin?refused=link");
        return Ok(());
    };
    let path = format!("/auth/verify/{}", link.as_str());
    let verified = match Password::typed(field(&fields, "current_password")) {
        Ok(password) => verify_email::verify_email(&page.shop, &link, &password, &page.device()).await,
        Err(wrong) => {
            keep_draft(&page, VERIFY_FORM, &path, Fields::new(), error("current_password", wrong)).await;
            return Ok(());
        }
    };
    match verified {
        Ok(admission) => arrive(&page, &admission, "/account?done=verified").await,
        Err(AccountError::WrongCredentials) => {
            keep_draft(&page, VERIFY_FORM, &path, Fields::new(), error("current_password", FieldError::Wrong)).await;
        }
        Err(AccountError::InvalidLink) => page.see_other("/auth/signin?refused=link"),
        Err(error) => failed(&page, &path, &error),
    }
    Ok(())
}

/// Has a link mailed by which a new password can be chosen.
#[server(prefix = "/actions", endpoint = "auth/forgot")]
pub async fn forgot(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/forgot";
    let page = Page::of_action();
    let email = match forms::email(field(&fields, "email")) {
        Ok(email) => email,
        Err(wrong) => {
            keep_draft(&page, FORGOT_FORM, PATH, fields, error("email", wrong)).await;
            return Ok(());
        }
    };
    match reset_password::request(&page.shop, &email).await {
        Ok(()) => page.see_other("/auth/signin?done=check-mail"),
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Sets a new password by a mailed link, and signs in.
#[server(prefix = "/actions", endpoint = "auth/reset")]
pub async fn reset(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(link) = field(&fields, "token").and_then(Token::parse) else {
        page.see_other("/auth/signin?refused=link");
        return Ok(());
    };
    let path = format!("/auth/reset/{}", link.as_str());
    let outcome = match Password::new(field(&fields, "new_password")) {
        Ok(password) => reset_password::reset(&page.shop, &link, &password, &page.device()).await,
        Err(wrong) => {
            keep_draft(&page, RESET_FORM, &path, Fields::new(), error("new_password", wrong)).await;
            return Ok(());
        }
    };
    match outcome {
        Ok(admission) => {
            arrive(&page, &admission, "/account?done=password-changed").await;
        }
        Err(AccountError::CommonPassword) => {
            keep_draft(&page, RESET_FORM, &path, Fields::new(), error("new_password", FieldError::TooCommon)).await;
        }
        Err(AccountError::InvalidLink) => page.see_other("/auth/signin?refused=link"),
        Err(error) => failed(&page, &path, &error),
    }
    Ok(())
}
