//! The password, and where one is signed in.

use super::actions::PASSWORD_FORM;
use super::device::device_name;
use super::providers::Identities;
use super::{account_page, day, member, minute, passkeys, second_factor};
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::{Session, SignedIn, identity, queries};
use leptos::prelude::*;

/// How one's account is kept safe.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let sessions = match queries::sessions(&page.shop, who.user).await {
            Ok(sessions) => sessions,
            Err(error) => return unavailable(&page, error).await,
        };
        let ways = match identity::ways_in(&page.shop, who.user).await {
            Ok(ways) => ways,
            Err(error) => return unavailable(&page, error).await,
        };
        let form = match draft(&page, PASSWORD_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let second_factor = match second_factor::section(&page, &who).await {
            Ok(section) => section,
            Err(error) => return unavailable(&page, error).await,
        };
        let passkeys = match passkeys::section(&page, &who).await {
            Ok(section) => section,
            Err(error) => return unavailable(&page, error).await,
        };
        let content = view! {
            {if ways.password {
                view! { <ChangePassword form=form email=who.email.clone() /> }.into_any()
            } else {
                view! { <NoPassword /> }.into_any()
            }}
            {second_factor}
            {passkeys}
            <Identities site=page.site.clone() linked=ways.linked />
            <Sessions sessions=sessions who=who />
        };
        account_page(&page, "Security", content).await
    })
}

/// Whoever has come by another provider has none, until they choose one by a mailed link.
#[component]
fn NoPassword() -> impl IntoView {
    view! {
        <section aria-labelledby="change-password">
            <h2 id="change-password">"Password"</h2>
            <p>"You have no password here. "<a href="/auth/forgot">"Set one by a link in a mail"</a></p>
        </section>
    }
}

#[component]
fn Sessions(sessions: Vec<Session>, who: SignedIn) -> impl IntoView {
    let others = sessions.len() > 1;
    let rows: Vec<_> = sessions
        .into_iter()
        .map(|session| {
            let here = session.id == who.session;
            let device = device_name(&session.device);
            let named = format!(" {device}, since {}", day(session.created_at));
            view! {
                <li class="session">
                    <div>
                        <p><strong>{device}</strong>{here.then_some(" (this device)")}</p>
                        <p class="hint">
                            "Signed in "{day(session.created_at)}" from "{session.client}", last used "{minute(session.used_at)}
                        </p>
                    </div>
                    {(!here).then(|| view! {
                        <form method="post" action="/actions/account/end-session">
                            <input type="hidden" name="session" value=session.id.to_string() />
                            <button class="button">"Sign out"<span class="visually-hidden">{named}</span></button>
                        </form>
                    })}
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <ul class="sessions">{rows}</ul>
            {others.then(|| view! {
                <form method="post" action="/actions/account/end-others">
                    <button class="button">"Sign out everywhere else"</button>
                </form>
            })}
        </section>
    }
}

#[component]
fn ChangePassword(form: Form, email: String) -> impl IntoView {
    view! {
        <section aria-labelledby="change-password">
            <h2 id="change-password">"Password"</h2>
            <p class="hint">"You are signed out everywhere else when you change it."</p>
            <ErrorSummary form=form.clone() />
            <form class="narrow" method="post" action="/actions/account/password" novalidate=true>
                // So that password managers know whose it is.
                <input hidden=true type="text" name="username" autocomplete="username" value=email />
                <TextField form=form.clone() name="current_password".to_owned() label="Current password" kind="password" autocomplete="current-password".to_owned() maxlength=128 />
                <TextField form=form name="new_password".to_owned() label="New password" kind="password" autocomplete="new-password".to_owned() maxlength=128 hint="At least 8 characters; a few words are fine" />
                <button class="button primary">"Change password"</button>
            </form>
        </section>
    }
}
