//! What people change about who they are.

use super::{error, failed, field, required};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::change_email::{self, Confirmed};
use commerce::accounts::{AccountError, NAME_MOST, Password, Topic, change_name, preferences};
use commerce::forms::{self, FieldError, Fields, Parser};
use commerce::token::Token;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The form with the name.
pub const NAME_FORM: &str = "account/name";
/// The form with the new address.
pub const EMAIL_FORM: &str = "account/email";

const PROFILE: &str = "/account/profile";

pub(super) fn register() {
    register_explicit::<ChangeName>();
    register_explicit::<ChangeEmail>();
    register_explicit::<CancelEmail>();
    register_explicit::<ConfirmEmail>();
    register_explicit::<RefuseEmail>();
    register_explicit::<ChooseMails>();
}

/// Changes the name.
#[server(prefix = "/actions", endpoint = "account/name")]
pub async fn change_name(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PROFILE).await else { return Ok(()) };
    match forms::required(field(&fields, "name"), NAME_MOST) {
        Err(wrong) => keep_draft(&page, NAME_FORM, PROFILE, fields, error("name", wrong)).await,
        Ok(name) => match change_name::change_name(&page.shop, &who, &name).await {
            Ok(()) => page.see_other("/account/profile?done=name-changed"),
            Err(error) => failed(&page, PROFILE, &error.into()),
        },
    }
    Ok(())
}

/// The password, where the form had a field for it.
pub(super) fn proof(fields: &Fields) -> Result<Option<Password>, FieldError> {
    fields.get("current_password").map(|typed| Password::typed(Some(typed))).transpose()
}

/// Asks both addresses whether one is to take the place of the other.
#[server(prefix = "/actions", endpoint = "account/email")]
pub async fn change_email(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/account/email";
    let page = Page::of_action();
    let Some(who) = required(&page, PATH).await else { return Ok(()) };
    let mut parser = Parser::default();
    let email = parser.field("new_email", forms::email(field(&fields, "new_email")));
    let password = parser.field("current_password", proof(&fields));
    let outcome = match parser.finish(email.zip(password)) {
        Ok((email, password)) => change_email::request(&page.shop, &who, &email, password.as_ref()).await,
        Err(errors) => {
            keep_draft(&page, EMAIL_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    let wrong = match outcome {
        Ok(()) => {
            page.see_other("/account/profile?done=email-asked");
            return Ok(());
        }
        Err(AccountError::WrongCredentials) => error("current_password", FieldError::Wrong),
        Err(AccountError::SameEmail) => error("new_email", FieldError::Wrong),
        Err(AccountError::SignInAgain) => {
            page.see_other("/account/email?refused=sign-in-again");
            return Ok(());
        }
        Err(error) => {
            failed(&page, PATH, &error);
            return Ok(());
        }
    };
    keep_draft(&page, EMAIL_FORM, PATH, fields, wrong).await;
    Ok(())
}

/// Keeps the present address.
#[server(prefix = "/actions", endpoint = "account/email-cancel")]
pub async fn cancel_email() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PROFILE).await else { return Ok(()) };
    match change_email::cancel(&page.shop, &who).await {
        Ok(()) => page.see_other("/account/profile?done=email-cancelled"),
        Err(error) => failed(&page, PROFILE, &error.into()),
    }
    Ok(())
}

/// Goes on where whoever followed a mailed link is: with their account, or where they sign in.
async fn arrive_at(page: &Page, own: &str, otherwise: &str, what: &str) {
    let signed_in = page.signed_in().await.is_ok_and(|who| who.is_some());
    page.see_other(&format!("{}?{what}", if signed_in { own } else { otherwise }));
}

/// Confirms a change of address by a mailed link.
#[server(prefix = "/actions", endpoint = "auth/email-confirm")]
pub async fn confirm_email(#[server(default)] token: Option<String>) -> Result<(), ServerFnError> {
    const SIGN_IN: &str = "/auth/signin";
    let page = Page::of_action();
    let outcome = match token.as_deref().and_then(Token::parse) {
        Some(link) => change_email::confirm(&page.shop, &link).await,
        None => Err(AccountError::InvalidLink),
    };
    match outcome {
        Ok(Confirmed::Waiting) => arrive_at(&page, PROFILE, SIGN_IN, "done=email-waiting").await,
        Ok(Confirmed::Changed) => arrive_at(&page, PROFILE, SIGN_IN, "done=email-changed").await,
        Err(AccountError::EmailTaken) => arrive_at(&page, PROFILE, SIGN_IN, "refused=email-taken").await,
        Err(AccountError::InvalidLink) => arrive_at(&page, PROFILE, SIGN_IN, "refused=link").await,
        Err(error) => failed(&page, SIGN_IN, &error),
    }
    Ok(())
}

/// Refuses a change of address by a mailed link, and signs out everywhere else.
#[server(prefix = "/actions", endpoint = "auth/email-refuse")]
pub async fn refuse_email(#[server(default)] token: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let outcome = match (token.as_deref().and_then(Token::parse), page.signed_in().await) {
        (Some(link), Ok(who)) => change_email::refuse(&page.shop, &link, who.map(|who| who.session)).await,
        (None, _) => Err(AccountError::InvalidLink),
        (_, Err(error)) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.see_other("/auth/forgot?done=email-refused"),
        Err(AccountError::InvalidLink) => arrive_at(&page, PROFILE, "/auth/signin", "refused=link").await,
        Err(error) => failed(&page, "/auth/forgot", &error),
    }
    Ok(())
}

/// Keeps which mails are wanted.
#[server(prefix = "/actions", endpoint = "account/preferences")]
pub async fn choose_mails(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, PROFILE).await else { return Ok(()) };
    let topics: Vec<_> = Topic::ALL.into_iter().filter(|topic| fields.contains_key(topic.code())).collect();
    match preferences::choose(&page.shop, who.user, &topics).await {
        Ok(()) => page.see_other("/account/profile?done=preferences-saved"),
        Err(error) => failed(&page, PROFILE, &error.into()),
    }
    Ok(())
}
