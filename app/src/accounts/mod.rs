//! Accounts: how people get one, sign in, and see to it.

mod account;
pub(crate) mod actions;
mod device;
mod register;
mod reset;
mod sign_in;
mod verify;

pub use account::AccountPage;
pub use register::RegisterPage;
pub use reset::{ForgotPage, ResetPage};
pub use sign_in::SignInPage;
pub use verify::VerifyPage;

use crate::forms::{Form, draft};
use crate::head::Head;
use crate::layout::{Drawn, nothing, shop_page, unavailable};
use crate::page::Page;
use leptos::prelude::*;

/// A page with one form.
async fn form_page(page: &Page, title: &'static str, content: impl IntoView) -> Drawn {
    page.set_head(Head { title: title.to_owned(), ..Head::default() });
    let content = view! {
        <div class="wrap">
            <div class="narrow">
                <h1>{title}</h1>
                {content}
            </div>
        </div>
    };
    shop_page(page, content).await
}

/// A form for those who are not signed in, as it was refused or empty; the page to answer with where it can't be shown.
async fn guest_form(page: &Page, name: &str) -> Result<Form, Drawn> {
    match page.signed_in().await {
        Ok(Some(_)) => {
            page.see_other("/account");
            return Err(nothing());
        }
        Ok(None) => {}
        Err(error) => return Err(unavailable(page, error).await),
    }
    match draft(page, name).await {
        Ok(form) => Ok(form.unwrap_or_default()),
        Err(error) => Err(unavailable(page, error).await),
    }
}

/// What to say where a mailed link can't be used, with a way on.
async fn used_up(page: &Page) -> Drawn {
    let content = view! {
        <p>"This link has expired, or it was used already. Links can be used once, and not for long."</p>
        <ul class="button-row">
            <li><a class="button primary" href="/auth/signin">"Sign in"</a></li>
            <li><a class="button" href="/auth/forgot">"Get a new link"</a></li>
        </ul>
    };
    form_page(page, "This link can’t be used", content).await
}
