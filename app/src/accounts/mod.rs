//! Accounts: how people get one, sign in, and see to it.

pub(crate) mod actions;
mod address_book;
mod api_keys;
pub(crate) mod credit;
mod data;
mod device;
mod email;
pub mod identities;
mod link;
mod order_history;
mod passkeys;
mod payment_methods;
mod profile;
mod providers;
mod register;
mod reset;
mod second_factor;
mod security;
mod sign_in;
mod trouble;
mod verify;

pub use address_book::{AddressBookPage, AddressPage};
pub use api_keys::ApiKeysPage;
pub use credit::CreditPage;
pub use data::{DownloadPage, ErasePage};
pub use email::{ChangeEmailPage, ConfirmEmailPage};
pub use link::LinkPage;
pub use order_history::OrderHistoryPage;
pub use passkeys::PasskeyPage;
pub use payment_methods::PaymentMethodsPage;
pub use profile::ProfilePage;
pub use register::RegisterPage;
pub use reset::{ForgotPage, ResetPage};
pub use second_factor::{AuthenticatorPage, ConfirmPage, RecoveryCodesPage, SecondFactorPage};
pub use security::SecurityPage;
pub use sign_in::SignInPage;
pub use trouble::SignInErrorPage;
pub use verify::VerifyPage;

use crate::admin;
use crate::forms::{Form, draft};
use crate::head::Head;
use crate::layout::{Drawn, nothing, shop_page, unavailable};
use crate::page::Page;
pub use actions::sign_in_for;
use chrono::{DateTime, Utc};
use commerce::accounts::{Role, SignedIn};
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

/// The pages of an account: their names and addresses.
const SECTIONS: [(&str, &str); 7] = [
    ("Orders", "/account"),
    ("Store credit", "/account/credit"),
    ("Payment methods", "/account/payment-methods"),
    ("Profile", "/account/profile"),
    ("Addresses", "/account/addresses"),
    ("Security", "/account/security"),
    ("API keys", "/account/api-keys"),
];

/// A page of an account, with the way to the others.
pub(crate) async fn account_page(page: &Page, title: &'static str, content: impl IntoView) -> Drawn {
    page.set_head(Head { title: format!("{title} — your account"), ..Head::default() });
    let links: Vec<_> = SECTIONS
        .iter()
        .map(|(name, href)| {
            let current = (page.path() == *href).then_some("page");
            view! { <li><a href=*href aria-current=current>{*name}</a></li> }
        })
        .collect();
    // Who is signed in was read before: a page of an account is nobody else's.
    let role = page.signed_in().await.ok().flatten().map_or(Role::Customer, |who| who.role);
    let back_office = admin::first_page(role).map(|href| view! { <li><a href=href>"Back office"</a></li> });
    let content = view! {
        <div class="wrap account">
            <div class="section-head">
                <h1>"Your account"</h1>
                <form method="post" action="/actions/auth/signout"><button class="button">"Sign out"</button></form>
            </div>
            <nav class="account-nav" aria-label="Your account"><ul>{links}{back_office}</ul></nav>
            {content}
        </div>
    };
    shop_page(page, content).await
}

/// Who is signed in; the answer for everybody else leads to where they can, and back.
pub(crate) async fn member(page: &Page) -> Result<SignedIn, Drawn> {
    match page.signed_in().await {
        Ok(Some(who)) => Ok(who),
        Ok(None) => {
            page.see_other(&sign_in_for(page.path()));
            Err(nothing())
        }
        Err(error) => Err(unavailable(page, error).await),
    }
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

/// A day, for people.
pub(crate) fn day(time: DateTime<Utc>) -> String {
    time.format("%-d %B %Y").to_string()
}

/// A time, for people.
pub fn minute(time: DateTime<Utc>) -> String {
    time.format("%-d %B %Y, %H:%M UTC").to_string()
}
