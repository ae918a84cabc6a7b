//! The store credit of a person, as staff see and change it.

use crate::accounts::credit::{Entries, amounts};
use crate::accounts::sign_in_for;
use crate::forms::{ErrorSummary, Form, TextField, draft, keep_draft};
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::{Permission, SignedIn, UserId};
use commerce::db::DbErr;
use commerce::forms::{FieldError, Fields};
use commerce::store_credit::adjust::{CreditError, adjust};
use commerce::store_credit::{REASON_MOST, StoreCreditEntryId, parse_adjustment, queries};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

pub(super) fn register() {
    register_explicit::<AdjustCredit>();
}

fn form_of(user: UserId) -> String {
    format!("admin/store-credit/{user}")
}

/// What a person has, what came and went, and the form to change it for who may.
pub(super) async fn section(page: &Page, who: &SignedIn, user: UserId) -> Result<impl IntoView + use<>, DbErr> {
    let db = page.shop.db.latest();
    let before = page.query.get("before").and_then(|id| id.parse().ok());
    let balances = queries::balances(db, user).await?;
    let (entries, more) = queries::history(db, user, before).await?;
    let path = format!("/admin/people/{user}");
    let older = entries.last().map(|entry| format!("{path}?before={}", entry.id)).filter(|_| more);
    let may = who.role.allows(Permission::UsersWrite) && who.user != user;
    let form = if may { Some(draft(page, &form_of(user)).await?.unwrap_or_default()) } else { None };
    let key = StoreCreditEntryId::new(page.shop.clock.now());
    let currency = page.shop.prices().currency;
    Ok(view! {
        <section aria-labelledby="credit">
            <h2 id="credit">"Store credit"</h2>
            <p><strong>{amounts(&balances)}</strong></p>
            {form.map(|form| view! { <Change form=form user=user key_of_form=key currency=currency.code() /> })}
            <Entries entries=entries orders="/admin/orders/" />
            {(older.is_some() || before.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of store credit">
                    {before.is_some().then(|| view! { <a class="button" href=path>"Latest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            })}
        </section>
    })
}

#[component]
fn Change(form: Form, user: UserId, key_of_form: StoreCreditEntryId, currency: &'static str) -> impl IntoView {
    let way = form.value("credit_way");
    let ways = [("give", "Give"), ("take", "Take")]
        .map(|(code, words)| view! { <option value=code selected=code == way>{words}</option> });
    view! {
        <ErrorSummary form=form.clone() />
        <form class="filter-row" method="post" action="/actions/admin/store-credit" novalidate=true>
            <input type="hidden" name="user" value=user.to_string() />
            <input type="hidden" name="key" value=key_of_form.to_string() />
            <div class="field">
                <label for="credit_way">"What to do"</label>
                <select id="credit_way" name="credit_way">{ways.into_iter().collect_view()}</select>
            </div>
            <TextField form=form.clone() name="credit_amount".to_owned() label=format!("Amount in {currency}") autocomplete="off".to_owned() inputmode="decimal" maxlength=14 />
            <TextField form=form name="credit_reason".to_owned() label="Why" hint="They see this, too" autocomplete="off".to_owned() maxlength=REASON_MOST as u32 />
            <button class="button primary">"Change store credit"</button>
        </form>
    }
}

/// Gives a person store credit, or takes it.
#[server(prefix = "/actions", endpoint = "admin/store-credit")]
pub async fn adjust_credit(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(user) = fields.get("user").and_then(|id| id.parse::<UserId>().ok()) else {
        page.see_other("/admin/people?refused=unknown-person");
        return Ok(());
    };
    let path = format!("/admin/people/{user}");
    let Some(key) = fields.get("key").and_then(|key| key.parse::<StoreCreditEntryId>().ok()) else {
        page.see_other(&format!("{path}?refused=unreadable"));
        return Ok(());
    };
    let who = match page.signed_in().await {
        Ok(Some(who)) => who,
        Ok(None) => {
            page.see_other(&sign_in_for(&path));
            return Ok(());
        }
        Err(error) => {
            log_failure(&error);
            page.see_other(&format!("{path}?refused=unavailable"));
            return Ok(());
        }
    };
    let adjustment = match parse_adjustment(&fields, page.shop.prices().currency) {
        Ok(adjustment) => adjustment,
        Err(errors) => {
            keep_draft(&page, &form_of(user), &path, fields, errors).await;
            return Ok(());
        }
    };
    let answer = match adjust(&page.shop, &who, user, &adjustment, &key.to_string()).await {
        Ok(()) => "done=credit-changed",
        Err(CreditError::TooMuch) => {
            let errors = [("credit_amount".to_owned(), FieldError::Wrong)].into();
            keep_draft(&page, &form_of(user), &path, fields, errors).await;
            return Ok(());
        }
        Err(CreditError::Forbidden(_)) => "refused=forbidden",
        Err(CreditError::Oneself) => "refused=own-credit",
        Err(CreditError::Unknown) => "refused=unknown-person",
        Err(CreditError::KeyReused) => "refused=form-used",
        Err(error @ CreditError::Db(_)) => {
            log_failure(&error);
            "refused=unavailable"
        }
    };
    page.see_other(&format!("{path}?{answer}"));
    Ok(())
}
