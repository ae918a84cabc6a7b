//! The pages on the way to a second factor.

use super::qr::QrCode;
use crate::accounts::actions::{CONFIRM_FORM, TOTP_FORM};
use crate::accounts::{account_page, member};
use crate::forms::{ErrorSummary, TextField, draft};
use crate::layout::{Drawn, log_failure, nothing, unavailable};
use crate::page::Page;
use commerce::accounts::AccountError;
use commerce::accounts::second_factor::{recovery, set_up};
use leptos::prelude::*;

/// The steps that need the password again: their names, titles and buttons.
const STEPS: [(&str, &str, &str); 7] = [
    ("totp", "Set up an authenticator app", "Continue"),
    ("email", "Get codes by e-mail", "Turn on"),
    ("recovery", "Make new recovery codes", "Make new codes"),
    ("remove-totp", "Remove the authenticator app", "Remove"),
    ("remove-email", "Get no codes by e-mail", "Turn off"),
    ("passkey", "Add a passkey", "Continue"),
    ("remove-passkey", "Remove the passkey", "Remove"),
];

/// Asks for the password, because of what comes next.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let form = match draft(&page, CONFIRM_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let named = |name: &str| page.query.get(name).or_else(|| form.fields.get(name).cloned());
        let (chosen, passkey) = (named("step"), named("passkey"));
        let step = STEPS.iter().find(|(name, ..)| chosen.as_deref() == Some(name));
        let Some((step, title, button)) = step else {
            page.see_other("/account/security");
            return nothing();
        };
        let content = view! {
            <section class="narrow" aria-labelledby="confirm">
                <h2 id="confirm">{*title}</h2>
                {(*step == "recovery").then_some(view! { <p>"The codes you have now are good no more."</p> })}
                <ErrorSummary form=form.clone() />
                <form method="post" action="/actions/account/confirm" novalidate=true>
                    <input type="hidden" name="step" value=*step />
                    {passkey.map(|passkey| view! { <input type="hidden" name="passkey" value=passkey /> })}
                    <input hidden=true type="text" name="username" autocomplete="username" value=who.email />
                    <TextField form=form name="current_password".to_owned() label="Your password" kind="password" autocomplete="current-password".to_owned() maxlength=128 hint="To be sure that it’s you" />
                    <div class="button-row">
                        <button class="button primary">{*button}</button>
                        <a class="button" href="/account/security">"Cancel"</a>
                    </div>
                </form>
            </section>
        };
        account_page(&page, title, content).await
    })
}

/// Shows what an authenticator app is to know, and asks for its first code.
#[component]
pub fn AuthenticatorPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let secret = match set_up::totp_to_confirm(&page.shop, &who).await {
            Ok(Some(secret)) => secret,
            Ok(None) => {
                page.see_other("/account/security?refused=factor-gone");
                return nothing();
            }
            Err(error) => return failed(&page, &error),
        };
        let form = match draft(&page, TOTP_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let uri = secret.to_uri(&page.shop.reference().settings.name, &who.email);
        let text = secret.to_text();
        let groups: Vec<_> = text.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        let content = view! {
            <section class="narrow" aria-labelledby="authenticator">
                <h2 id="authenticator">"Set up an authenticator app"</h2>
                <p>"Scan this with the app, or type the key into it. Then enter the code that it shows."</p>
                <QrCode text=uri label="QR code for your authenticator app: the same as the key below" />
                <p>"Key: "<code id="totp-key">{groups.join(" ")}</code></p>
                <ErrorSummary form=form.clone() />
                <form method="post" action="/actions/account/totp" novalidate=true>
                    <TextField form=form name="code".to_owned() label="Code" autocomplete="one-time-code".to_owned() inputmode="numeric" maxlength=40 hint="Six digits" />
                    <div class="button-row">
                        <button class="button primary">"Confirm"</button>
                        <a class="button" href="/account/security">"Cancel"</a>
                    </div>
                </form>
            </section>
        };
        account_page(&page, "Set up an authenticator app", content).await
    })
}

/// Shows the recovery codes that were just made.
#[component]
pub fn RecoveryCodesPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let codes =
            match recovery::shown(&page.shop, &who).await {
                Ok(Some(codes)) => codes,
                Ok(None) => {
                    let done = page.query.get("done").filter(|done| done == "factor-added");
                    page.see_other(&done.map_or_else(
                        || "/account/security".to_owned(),
                        |done| format!("/account/security?done={done}"),
                    ));
                    return nothing();
                }
                Err(error) => return failed(&page, &error),
            };
        let codes: Vec<_> = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect();
        let content = view! {
            <section class="narrow" aria-labelledby="recovery-codes">
                <h2 id="recovery-codes">"Your recovery codes"</h2>
                <p>"Each lets you in once when you have nothing else at hand. Print them or write them down now: they are not shown again."</p>
                <ul class="recovery-codes">{codes}</ul>
                <form method="post" action="/actions/account/hide-codes">
                    <button class="button primary">"I have kept them"</button>
                </form>
            </section>
        };
        account_page(&page, "Recovery codes", content).await
    })
}

fn failed(page: &Page, error: &AccountError) -> Drawn {
    log_failure(error);
    page.see_other("/account/security?refused=unavailable");
    nothing()
}
