//! The page to get an account.

use super::actions::REGISTER_FORM;
use super::providers::Providers;
use super::{form_page, guest_form};
use crate::forms::{ErrorSummary, TextField};
use crate::page::Page;
use leptos::prelude::*;

/// Name, address and a password.
#[component]
pub fn RegisterPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let form = match guest_form(&page, REGISTER_FORM).await {
            Ok(form) => form,
            Err(answer) => return answer,
        };
        let content = view! {
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/auth/register" novalidate=true>
                <TextField form=form.clone() name="name".to_owned() label="Full name" autocomplete="name".to_owned() maxlength=100 />
                <TextField form=form.clone() name="email".to_owned() label="E-mail" kind="email" autocomplete="username".to_owned() inputmode="email" maxlength=254 hint="We send a link to it, to be sure that it is yours" />
                <TextField form=form name="password".to_owned() label="Password" kind="password" autocomplete="new-password".to_owned() maxlength=128 hint="At least 8 characters; a few words are fine" />
                <button class="button primary wide">"Create account"</button>
            </form>
            <Providers site=page.site.clone() next=None />
            <p>"You have one? "<a href="/auth/signin">"Sign in"</a></p>
        };
        form_page(&page, "Create an account", content).await
    })
}
