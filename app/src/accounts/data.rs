//! The pages by which somebody takes their data along, or has it deleted.

use super::actions::{DOWNLOAD_FORM, ERASE_FORM, ERASE_WORD};
use super::credit::amounts;
use super::{account_page, member};
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::prove::{self, Means};
use commerce::accounts::{AccountError, erase};
use commerce::money::Money;
use commerce::store_credit;
use leptos::prelude::*;

/// The field by which somebody proves who they are; who has no password must have just signed in.
#[component]
pub fn Proof(form: Form, means: Means) -> impl IntoView {
    if means.password {
        view! { <TextField form=form name="current_password".to_owned() label="Your password" kind="password" autocomplete="current-password".to_owned() maxlength=128 /> }
        .into_any()
    } else if means.recent {
        ().into_any()
    } else {
        view! { <p class="hint">"For this you must have signed in within the last ten minutes: sign out, and sign in again."</p> }
        .into_any()
    }
}

/// Asks who wants to download.
#[component]
pub fn DownloadPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let read = async {
            let means = prove::means(&page.shop, &who).await?;
            Ok::<_, AccountError>((draft(&page, DOWNLOAD_FORM).await?.unwrap_or_default(), means))
        };
        let (form, means) = match read.await {
            Ok(read) => read,
            Err(error) => return unavailable(&page, error).await,
        };
        // Who has just signed in has proved enough for reading.
        let ask = (!means.recent).then(|| view! { <Proof form=form.clone() means=means /> });
        let content = view! {
            <section aria-labelledby="download">
                <h2 id="download">"Download everything about me"</h2>
                <p>"Your profile, addresses, choices, sessions, cart, orders, store credit, saved payment methods and our mails to you, in one JSON file."</p>
                <ErrorSummary form=form.clone() />
                <form class="narrow" method="post" action="/actions/account/download" novalidate=true>
                    {ask}
                    <button class="button primary">"Download"</button>
                </form>
                <p><a href="/account/profile">"Back to your profile"</a></p>
            </section>
        };
        account_page(&page, "Download", content).await
    })
}

/// Asks whether somebody really wants to go.
#[component]
pub fn ErasePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let read = async {
            Ok::<_, AccountError>((
                draft(&page, ERASE_FORM).await?.unwrap_or_default(),
                prove::means(&page.shop, &who).await?,
                erase::open_orders(page.shop.db.latest(), who.user).await?,
                store_credit::queries::balances(page.shop.db.latest(), who.user).await?,
            ))
        };
        let (form, means, open, credit) = match read.await {
            Ok(read) => read,
            Err(error) => return unavailable(&page, error).await,
        };
        let years = page.shop.order_retention_years;
        let content = if open.is_empty() {
            view! { <Erase form=form means=means years=years credit=credit /> }.into_any()
        } else {
            let open: Vec<_> = open.iter().map(|number| view! { <li>"Order "{number.to_string()}</li> }).collect();
            view! {
                <section aria-labelledby="erase">
                    <h2 id="erase">"Delete my account"</h2>
                    <p>"These orders are under way, and we can’t bring them to somebody we have forgotten:"</p>
                    <ul>{open}</ul>
                    <p>"Once they are delivered or cancelled, you can delete your account here."</p>
                    <p><a href="/account/profile">"Back to your profile"</a></p>
                </section>
            }
            .into_any()
        };
        account_page(&page, "Delete my account", content).await
    })
}

#[component]
fn Erase(form: Form, means: Means, years: u32, credit: Vec<Money>) -> impl IntoView {
    let lost = (!credit.is_empty()).then(|| {
        view! { <p><strong>{format!("You have {} of store credit, which is lost then.", amounts(&credit))}</strong></p> }
    });
    view! {
        <section aria-labelledby="erase">
            <h2 id="erase">"Delete my account"</h2>
            <p>"Your account, addresses, cart and our mails to you are deleted at once, and you are signed out everywhere. This can’t be undone."</p>
            <p>
                "Of your orders we keep what the law on bookkeeping asks for: goods, amounts, and the names and addresses of the invoices, for "
                {years}" years after that of the order. You can’t open them any more."
            </p>
            {lost}
            <ErrorSummary form=form.clone() />
            <form class="narrow" method="post" action="/actions/account/erase" novalidate=true>
                <TextField form=form.clone() name="confirmation".to_owned() label=format!("Type {ERASE_WORD} to confirm") autocomplete="off".to_owned() maxlength=20 />
                <Proof form=form means=means />
                <button class="button danger">"Delete everything"</button>
            </form>
            <p><a href="/account/profile">"Back to your profile"</a></p>
        </section>
    }
}
