//! Who somebody is, and what they want of us.

use super::actions::NAME_FORM;
use super::{account_page, day, member};
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::change_email::{self, Pending};
use commerce::accounts::{Topic, preferences};
use commerce::db::DbErr;
use leptos::prelude::*;

/// Name and address, the mails that are wanted, and the ways to everything that we know.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let read = async {
            let db = page.shop.db.latest();
            Ok::<_, DbErr>((
                draft(&page, NAME_FORM).await?,
                change_email::pending(db, who.user, page.shop.clock.now()).await?,
                preferences::wanted(db, who.user).await?,
            ))
        };
        let (form, pending, wanted) = match read.await {
            Ok(read) => read,
            Err(error) => return unavailable(&page, error).await,
        };
        let form =
            form.unwrap_or_else(|| Form { fields: [("name".to_owned(), who.name.clone())].into(), ..Form::default() });
        let content = view! {
            <Name form=form />
            <Email email=who.email pending=pending />
            <Mails wanted=wanted />
            <section aria-labelledby="data">
                <h2 id="data">"Your data"</h2>
                <ul class="button-row">
                    <li><a class="button" href="/account/download">"Download everything about me"</a></li>
                    <li><a class="button" href="/account/erase">"Delete my account"</a></li>
                </ul>
            </section>
        };
        account_page(&page, "Profile", content).await
    })
}

#[component]
fn Name(form: Form) -> impl IntoView {
    view! {
        <section aria-labelledby="profile">
            <h2 id="profile">"Name"</h2>
            <ErrorSummary form=form.clone() />
            <form class="narrow" method="post" action="/actions/account/name" novalidate=true>
                <TextField form=form name="name".to_owned() label="Full name" autocomplete="name".to_owned() maxlength=100 />
                <button class="button">"Save name"</button>
            </form>
        </section>
    }
}

#[component]
fn Email(email: String, pending: Option<Pending>) -> impl IntoView {
    view! {
        <section aria-labelledby="email-address">
            <h2 id="email-address">"E-mail address"</h2>
            <p>{email}</p>
            <PendingChange pending=pending />
            <p><a class="button" href="/account/email">"Change e-mail address"</a></p>
        </section>
    }
}

/// What a change of address still waits for, and the way to stop it.
#[component]
pub fn PendingChange(pending: Option<Pending>) -> impl IntoView {
    pending.map(|change| {
        let state = |confirmed: bool| if confirmed { "confirmed" } else { "not confirmed yet" };
        view! {
            <div class="pending">
                <p>"To be changed to "<strong>{change.email}</strong>", once both addresses have confirmed:"</p>
                <ul>
                    <li>"new address: "{state(change.new_confirmed_at.is_some())}</li>
                    <li>"present address: "{state(change.old_confirmed_at.is_some())}</li>
                </ul>
                <p class="hint">"The links in our mails are good until "{day(change.expires_at)}"."</p>
                <form method="post" action="/actions/account/email-cancel">
                    <button class="button">"Keep the present address"</button>
                </form>
            </div>
        }
    })
}

#[component]
fn Mails(wanted: Vec<Topic>) -> impl IntoView {
    let topics: Vec<_> = Topic::ALL
        .into_iter()
        .map(|topic| {
            let name = match topic {
                Topic::News => "News and offers",
            };
            view! {
                <label class="check">
                    <input type="checkbox" name=topic.code() checked=wanted.contains(&topic) />
                    <span>{name}</span>
                </label>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="mails">
            <h2 id="mails">"Mails"</h2>
            <p class="hint">"Mails about your orders and the safety of your account always come. Others only if you want them."</p>
            <form method="post" action="/actions/account/preferences">
                {topics}
                <button class="button">"Save choice"</button>
            </form>
        </section>
    }
}
