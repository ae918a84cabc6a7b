//! The page to sign in.

use super::actions::{SIGN_IN_FORM, own_path};
use super::passkeys::{PasskeySignIn, relying_party};
use super::providers::Providers;
use super::{form_page, guest_form};
use crate::forms::{ErrorSummary, TextField};
use crate::page::Page;
use leptos::prelude::*;

/// Address and password, and the ways for those who have none.
#[component]
pub fn SignInPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let form = match guest_form(&page, SIGN_IN_FORM).await {
            Ok(form) => form,
            Err(answer) => return answer,
        };
        let next = page.query.get("next").or_else(|| form.fields.get("next").cloned());
        let next = next.as_deref().and_then(own_path);
        let content = view! {
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/auth/signin" novalidate=true>
                {next.clone().map(|next| view! { <input type="hidden" name="next" value=next /> })}
                <TextField form=form.clone() name="email".to_owned() label="E-mail" kind="email" autocomplete="username".to_owned() inputmode="email" maxlength=254 />
                <TextField form=form name="password".to_owned() label="Password" kind="password" autocomplete="current-password".to_owned() maxlength=128 />
                <button class="button primary wide">"Sign in"</button>
            </form>
            {relying_party(&page).map(|_| view! { <PasskeySignIn next=next.clone() /> })}
            <Providers site=page.site.clone() next=next />
            <p><a href="/auth/forgot">"I have forgotten my password"</a></p>
            <p>"Ordered without an account? "<a href="/orders/lookup">"Find your order"</a></p>
            <p>"New here? "<a href="/auth/register">"Create an account"</a></p>
        };
        form_page(&page, "Sign in", content).await
    })
}
