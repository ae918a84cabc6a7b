//! The pages by which somebody gets another address for their account.

use super::actions::EMAIL_FORM;
use super::data::Proof;
use super::profile::PendingChange;
use super::{account_page, form_page, member, used_up};
use crate::forms::{ErrorSummary, TextField, draft};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::change_email::{self, Pending, Side};
use commerce::accounts::{AccountError, prove};
use commerce::token::Token;
use leptos::prelude::*;

/// Asks for the new address.
#[component]
pub fn ChangeEmailPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let read = async {
            let now = page.shop.clock.now();
            Ok::<_, AccountError>((
                draft(&page, EMAIL_FORM).await?.unwrap_or_default(),
                change_email::pending(page.shop.db.latest(), who.user, now).await?,
                prove::means(&page.shop, &who).await?,
            ))
        };
        let (form, pending, means) = match read.await {
            Ok(read) => read,
            Err(error) => return unavailable(&page, error).await,
        };
        let content = view! {
            <section aria-labelledby="change-email">
                <h2 id="change-email">"Change e-mail address"</h2>
                <p>"Your address is "<strong>{who.email.clone()}</strong>"."</p>
                <PendingChange pending=pending />
                <p class="hint">"We send a mail to the new address and one to the present one. The address is changed once both have confirmed."</p>
                <ErrorSummary form=form.clone() />
                <form class="narrow" method="post" action="/actions/account/email" novalidate=true>
                    <input hidden=true type="text" name="username" autocomplete="username" value=who.email />
                    <TextField form=form.clone() name="new_email".to_owned() label="New e-mail address" kind="email" autocomplete="email".to_owned() inputmode="email" maxlength=254 />
                    <Proof form=form means=means />
                    <button class="button primary">"Change address"</button>
                </form>
                <p><a href="/account/profile">"Back to your profile"</a></p>
            </section>
        };
        account_page(&page, "Change e-mail address", content).await
    })
}

/// The page that the links in both mails lead to: mail programs open links by themselves, so that it takes a button.
#[component]
pub fn ConfirmEmailPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let Some(token) = page.params.get("token").as_deref().and_then(Token::parse) else {
            return used_up(&page).await;
        };
        match change_email::by_link(&page.shop, &token).await {
            Ok(Some((Side::New, change))) => {
                form_page(&page, "Confirm your new address", view! { <New token=token change=change /> }).await
            }
            Ok(Some((Side::Old, change))) => {
                form_page(&page, "Change of your address", view! { <Old token=token change=change /> }).await
            }
            Ok(None) => used_up(&page).await,
            Err(error) => unavailable(&page, error).await,
        }
    })
}

#[component]
fn New(token: Token, change: Pending) -> impl IntoView {
    view! {
        <p>"Is "<strong>{change.email}</strong>" your address, and is it to be the one of your account?"</p>
        <form method="post" action="/actions/auth/email-confirm">
            <input type="hidden" name="token" value=token.as_str().to_owned() />
            <button class="button primary wide">"Confirm address"</button>
        </form>
        <p class="hint">"You did not ask for it? Then there is nothing to do."</p>
    }
}

#[component]
fn Old(token: Token, change: Pending) -> impl IntoView {
    let token = token.as_str().to_owned();
    view! {
        <p>"The address of your account is to be changed to "<strong>{change.email}</strong>"."</p>
        <form method="post" action="/actions/auth/email-confirm">
            <input type="hidden" name="token" value=token.clone() />
            <button class="button primary wide">"Agree"</button>
        </form>
        <form method="post" action="/actions/auth/email-refuse">
            <input type="hidden" name="token" value=token />
            <button class="button wide">"This was not me"</button>
        </form>
        <p class="hint">"If it was not you, the address stays as it is, and every other device is signed out."</p>
    }
}
