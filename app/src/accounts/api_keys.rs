//! The programs that act for somebody: their keys, and where they are signed in.

use super::actions::KEY_FORM;
use super::{account_page, day, member, minute};
use crate::forms::{ErrorSummary, Form, TextField, draft, words};
use crate::layout::unavailable;
use crate::page::Page;
use chrono::{DateTime, Utc};
use commerce::access::{ApiKey, Grant, KEY_DAYS, KeyText, Scope, Scopes, queries};
use commerce::accounts::Role;
use commerce::db::DbErr;
use leptos::prelude::*;

/// What there is to show.
struct Programs {
    keys: Vec<ApiKey>,
    grants: Vec<Grant>,
    role: Role,
    form: Form,
}

/// The keys of an account, and the programs that are signed in.
#[component]
pub fn ApiKeysPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let read = async {
            Ok::<_, DbErr>(Programs {
                keys: queries::keys(&page.shop, who.user).await?,
                grants: queries::grants(&page.shop, who.user).await?,
                role: who.role,
                form: draft(&page, KEY_FORM).await?.unwrap_or_default(),
            })
        };
        let Programs { keys, grants, role, form } = match read.await {
            Ok(programs) => programs,
            Err(error) => return unavailable(&page, error).await,
        };
        let now = page.shop.clock.now();
        let content = view! {
            {page.take_secret().filter(|key| KeyText::parse(key).is_some()).map(|key| view! { <MadeKey key=key /> })}
            <Keys keys=keys now=now />
            <NewKeyForm form=form role=role />
            {(!grants.is_empty()).then(|| view! { <Grants grants=grants /> })}
        };
        account_page(&page, "API keys", content).await
    })
}

/// The key that was just made: it is nowhere else.
#[component]
fn MadeKey(key: String) -> impl IntoView {
    view! {
        <section class="notice success" role="status" aria-labelledby="made-key">
            <h2 id="made-key">"Your new key"</h2>
            <p>"Copy it now: it is shown only once. Whoever has it can do what it allows."</p>
            <p><code class="api-key">{key}</code></p>
        </section>
    }
}

#[component]
fn Keys(keys: Vec<ApiKey>, now: DateTime<Utc>) -> impl IntoView {
    let none = keys.is_empty();
    let rows: Vec<_> = keys
        .into_iter()
        .map(|key| {
            let named = format!(" {}, ending in {}", key.name, key.ending);
            let expiry = match key.expires_at {
                Some(time) if time <= now => format!("expired {}", day(time)),
                Some(time) => format!("good until {}", day(time)),
                None => "does not expire".to_owned(),
            };
            let used =
                key.used_at.map_or_else(|| "never used".to_owned(), |time| format!("last used {}", minute(time)));
            view! {
                <li class="session">
                    <div>
                        <p><strong>{key.name}</strong>" "<code>{format!("emp_…{}", key.ending)}</code></p>
                        <p class="hint">{abilities(&key.scopes)}</p>
                        <p class="hint">"Made "{day(key.created_at)}", "{used}", "{expiry}</p>
                    </div>
                    <form method="post" action="/actions/account/revoke-key">
                        <input type="hidden" name="key" value=key.id.to_string() />
                        <button class="button">"Revoke"<span class="visually-hidden">{named}</span></button>
                    </form>
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="keys">
            <h2 id="keys">"Your keys"</h2>
            <p class="hint">"With a key, a program can use the shop’s API in your name."</p>
            {none.then(|| view! { <p>"You have no keys."</p> })}
            {(!none).then(|| view! { <ul class="sessions">{rows}</ul> })}
        </section>
    }
}

#[component]
fn NewKeyForm(form: Form, role: Role) -> impl IntoView {
    let error = |name: &str| form.errors.get(name).map(|error| words(name, *error));
    let (scopes_error, days_error) = (error("scopes"), error("days"));
    let scopes: Vec<_> = Scopes::of(role)
        .iter()
        .map(|scope| {
            let name = format!("scope.{}", scope.code());
            let checked = form.fields.contains_key(&name);
            view! {
                <li>
                    <label class="option-card">
                        <input type="checkbox" name=name value="1" checked=checked />
                        <span><strong>{ability(scope)}</strong>" "<span class="hint">{scope.code()}</span></span>
                    </label>
                </li>
            }
        })
        .collect();
    let chosen = form.fields.get("days").cloned().unwrap_or_else(|| KEY_DAYS[1].to_string());
    let choices = KEY_DAYS.map(|days| (days.to_string(), format!("{days} days")));
    let choices: Vec<_> = choices
        .into_iter()
        .chain([("none".to_owned(), "Until I revoke it".to_owned())])
        .map(|(value, text)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{text}</option> }
        })
        .collect();
    view! {
        <section aria-labelledby="new-key">
            <h2 id="new-key">"Make a key"</h2>
            <ErrorSummary form=form.clone() />
            <form class="narrow" method="post" action="/actions/account/api-keys" novalidate=true>
                <TextField form=form name="key_name".to_owned() label="Name" hint="Such as the program that will use it" autocomplete="off".to_owned() maxlength=100 />
                <fieldset class="group" id="scopes" tabindex="-1" aria-describedby=scopes_error.is_some().then_some("scopes-error")>
                    <legend>"What it allows"</legend>
                    {scopes_error.clone().map(|words| view! { <p class="field-error" id="scopes-error">{words}</p> })}
                    <ul class="option-cards">{scopes}</ul>
                </fieldset>
                <div class="field">
                    <label for="days">"Good for"</label>
                    {days_error.clone().map(|words| view! { <p class="field-error" id="days-error">{words}</p> })}
                    <select id="days" name="days" aria-invalid=days_error.is_some().then_some("true") aria-describedby=days_error.is_some().then_some("days-error")>
                        {choices}
                    </select>
                </div>
                <button class="button primary">"Make key"</button>
            </form>
        </section>
    }
}

#[component]
fn Grants(grants: Vec<Grant>) -> impl IntoView {
    let rows: Vec<_> = grants
        .into_iter()
        .map(|grant| {
            let program = if grant.device.is_empty() { "Unknown program".to_owned() } else { grant.device };
            let named = format!(" {program}, since {}", day(grant.created_at));
            view! {
                <li class="session">
                    <div>
                        <p><strong>{program}</strong></p>
                        <p class="hint">
                            "Signed in "{day(grant.created_at)}" from "{grant.client}", last used "{minute(grant.used_at)}
                        </p>
                    </div>
                    <form method="post" action="/actions/account/end-grant">
                        <input type="hidden" name="grant" value=grant.id.to_string() />
                        <button class="button">"Sign out"<span class="visually-hidden">{named}</span></button>
                    </form>
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="programs">
            <h2 id="programs">"Programs that are signed in with your password"</h2>
            <ul class="sessions">{rows}</ul>
        </section>
    }
}

fn abilities(scopes: &Scopes) -> String {
    let all: Vec<_> = scopes.iter().map(ability).collect();
    all.join(", ")
}

fn ability(scope: Scope) -> &'static str {
    match scope {
        Scope::ProfileRead => "Read my name and address",
        Scope::ProductsRead => "Read products",
        Scope::ProductsWrite => "Change products",
        Scope::CartRead => "Read my cart",
        Scope::CartWrite => "Change my cart",
        Scope::OrdersRead => "Read my orders",
        Scope::OrdersWrite => "Place and change orders",
    }
}
