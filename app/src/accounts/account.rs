//! What people see to in their account.

use super::actions::PASSWORD_FORM;
use super::device::device_name;
use crate::forms::{ErrorSummary, Form, TextField, draft};
use crate::head::Head;
use crate::layout::{nothing, shop_page, unavailable};
use crate::orders::status_name;
use crate::page::Page;
use chrono::{DateTime, Utc};
use commerce::accounts::{Session, SignedIn, queries};
use commerce::checkout::place_order::access_token;
use commerce::orders::{self, OrderSummary};
use leptos::prelude::*;

/// Who one is, where one is signed in, and the password.
#[component]
pub fn AccountPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match page.signed_in().await {
            Ok(Some(who)) => who,
            Ok(None) => {
                page.see_other("/auth/signin?next=/account");
                return nothing();
            }
            Err(error) => return unavailable(&page, error).await,
        };
        let sessions = match queries::sessions(&page.shop, who.user).await {
            Ok(sessions) => sessions,
            Err(error) => return unavailable(&page, error).await,
        };
        let before = page.query.get("before").and_then(|id| id.parse().ok());
        let orders = match orders::queries::of_user(page.shop.db.latest(), who.user, before).await {
            Ok((orders, more)) => view! { <Orders page=page.clone() orders=orders more=more later=before.is_some() /> },
            Err(error) => return unavailable(&page, error).await,
        };
        let form = match draft(&page, PASSWORD_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        page.set_head(Head { title: "Your account".to_owned(), ..Head::default() });
        let content = view! {
            <div class="wrap account">
                <div class="section-head">
                    <h1>"Your account"</h1>
                    <form method="post" action="/actions/auth/signout"><button class="button">"Sign out"</button></form>
                </div>
                {orders}
                <section aria-labelledby="profile">
                    <h2 id="profile">"Profile"</h2>
                    <dl class="facts">
                        <div><dt>"Name"</dt><dd>{who.name.clone()}</dd></div>
                        <div><dt>"E-mail"</dt><dd>{who.email.clone()}</dd></div>
                    </dl>
                </section>
                <Sessions sessions=sessions who=who.clone() />
                <ChangePassword form=form email=who.email />
            </div>
        };
        shop_page(&page, content).await
    })
}

#[component]
fn Orders(
    page: Page,
    orders: Vec<OrderSummary>,
    /// Whether there are older ones.
    more: bool,
    /// Whether there are newer ones.
    later: bool,
) -> impl IntoView {
    let last = orders.last().map(|order| format!("/account?before={}", order.id)).filter(|_| more);
    let rows: Vec<_> = orders
        .into_iter()
        .map(|order| {
            let href = format!("/checkout/confirmation/{}", access_token(&page.shop, order.id).as_str());
            view! {
                <li class="session">
                    <div>
                        <p><a href=href>"Order "{order.number.to_string()}</a></p>
                        <p class="hint">{day(order.created_at)}", "{status_name(order.status)}</p>
                    </div>
                    <p><strong>{order.total.to_string()}</strong></p>
                </li>
            }
        })
        .collect();
    let none = rows.is_empty().then(|| {
        view! { <p>"You have not ordered anything yet. "<a href="/products">"See all products"</a></p> }
    });
    view! {
        <section aria-labelledby="orders">
            <h2 id="orders">"Your orders"</h2>
            {none}
            <ul class="sessions">{rows}</ul>
            {(last.is_some() || later).then(|| view! {
                <nav class="pager" aria-label="Pages of orders">
                    {later.then(|| view! { <a class="button" href="/account">"Latest orders"</a> })}
                    {last.map(|href| view! { <a class="button" rel="next" href=href>"Older orders"</a> })}
                </nav>
            })}
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

fn day(time: DateTime<Utc>) -> String {
    time.format("%-d %B %Y").to_string()
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%-d %B %Y, %H:%M UTC").to_string()
}
