//! The page that a mailed link leads to, to confirm an address.

use super::actions::VERIFY_FORM;
use super::{form_page, used_up};
use crate::forms::{ErrorSummary, TextField, draft};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::verify_email;
use commerce::token::Token;
use leptos::prelude::*;

/// The password, and a button: mail programs open links by themselves, and must not use them up.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let Some(token) = page.params.get("token").as_deref().and_then(Token::parse) else {
            return used_up(&page).await;
        };
        match verify_email::is_valid(&page.shop, &token).await {
            Ok(true) => {}
            Ok(false) => return used_up(&page).await,
            Err(error) => return unavailable(&page, error).await,
        }
        let form = match draft(&page, VERIFY_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let content = view! {
            <p>"Enter the password that you chose. It confirms that this e-mail address is yours, and signs you in."</p>
            <p class="hint">"You have not registered? Then there is nothing to do: without the password nobody can use this account."</p>
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/auth/verify" novalidate=true>
                <input type="hidden" name="token" value=token.as_str().to_owned() />
                <TextField form=form name="current_password".to_owned() label="Password" kind="password" autocomplete="current-password".to_owned() maxlength=128 />
                <button class="button primary wide">"Confirm and sign in"</button>
            </form>
            <p><a href="/auth/forgot">"I have forgotten my password"</a></p>
        };
        form_page(&page, "Confirm your address", content).await
    })
}
