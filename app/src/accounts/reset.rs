//! The pages for those who have forgotten their password.

use super::actions::{FORGOT_FORM, RESET_FORM};
use super::{form_page, used_up};
use crate::forms::{ErrorSummary, TextField, draft};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::reset_password;
use commerce::token::Token;
use leptos::prelude::*;

/// Asks where to send the link.
#[component]
pub fn ForgotPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let form = match draft(&page, FORGOT_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let content = view! {
            <p>"Tell us the address of your account. We send a link to it by which you choose a new password."</p>
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/auth/forgot" novalidate=true>
                <TextField form=form name="email".to_owned() label="E-mail" kind="email" autocomplete="username".to_owned() inputmode="email" maxlength=254 />
                <button class="button primary wide">"Send the link"</button>
            </form>
            <p><a href="/auth/signin">"Back to sign in"</a></p>
        };
        form_page(&page, "Forgotten password", content).await
    })
}

/// Asks for the new password.
#[component]
pub fn ResetPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let Some(token) = page.params.get("token").as_deref().and_then(Token::parse) else {
            return used_up(&page).await;
        };
        match reset_password::is_valid(&page.shop, &token).await {
            Ok(true) => {}
            Ok(false) => return used_up(&page).await,
            Err(error) => return unavailable(&page, error).await,
        }
        let form = match draft(&page, RESET_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let content = view! {
            <p>"You are signed out everywhere else when you choose a new password."</p>
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/auth/reset" novalidate=true>
                <input type="hidden" name="token" value=token.as_str().to_owned() />
                <TextField form=form name="new_password".to_owned() label="New password" kind="password" autocomplete="new-password".to_owned() maxlength=128 hint="At least 8 characters; a few words are fine" />
                <button class="button primary wide">"Set new password"</button>
            </form>
        };
        form_page(&page, "Choose a new password", content).await
    })
}
