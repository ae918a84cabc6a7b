//! Somebody's store credit, and what has become of it.

use super::{account_page, day, member};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::db::DbErr;
use commerce::money::Money;
use commerce::store_credit::{Entry, EntryKind, queries};
use leptos::prelude::*;

/// The store credit of whoever is signed in, and what came and went, the latest first.
#[component]
pub fn CreditPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let before = page.query.get("before").and_then(|id| id.parse().ok());
        let db = page.shop.db.latest();
        let found = async {
            Ok::<_, DbErr>((queries::balances(db, who.user).await?, queries::history(db, who.user, before).await?))
        };
        let (balances, (entries, more)) = match found.await {
            Ok(found) => found,
            Err(error) => return unavailable(&page, error).await,
        };
        let older = entries.last().map(|entry| format!("/account/credit?before={}", entry.id)).filter(|_| more);
        let content = view! {
            <section aria-labelledby="credit">
                <h2 id="credit">"Your store credit"</h2>
                <p class="lead"><strong>{amounts(&balances)}</strong></p>
                <p class="hint">
                    {if balances.is_empty() {
                        "Refunds can be given as store credit. You pay with it here, and it does not expire."
                    } else {
                        "You can pay with it at the checkout. It does not expire."
                    }}
                </p>
            </section>
            <section aria-labelledby="history">
                <h2 id="history">"What came and went"</h2>
                <Entries entries=entries orders="/account/orders/" />
                {(older.is_some() || before.is_some()).then(|| view! {
                    <nav class="pager" aria-label="Pages of your store credit">
                        {before.is_some().then(|| view! { <a class="button" href="/account/credit">"Latest"</a> })}
                        {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                    </nav>
                })}
            </section>
        };
        account_page(&page, "Store credit", content).await
    })
}

/// What somebody has, in words.
pub(crate) fn amounts(balances: &[Money]) -> String {
    if balances.is_empty() {
        return "None".to_owned();
    }
    balances.iter().map(Money::to_string).collect::<Vec<_>>().join(" and ")
}

/// Entries of store credit; the pages of orders are below `orders`.
#[component]
pub(crate) fn Entries(entries: Vec<Entry>, orders: &'static str) -> impl IntoView {
    if entries.is_empty() {
        return view! { <p>"Nothing yet."</p> }.into_any();
    }
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let order = entry.order.map(|number| {
                let number = number.to_string();
                view! { " · "<a href=format!("{orders}{number}")>"Order "{number.clone()}</a> }
            });
            view! {
                <li class="session">
                    <div>
                        <p>{kind_name(entry.kind)}{order}</p>
                        <p class="hint">{day(entry.at)}{entry.reason.map(|reason| format!(": {reason}"))}</p>
                    </div>
                    <p><strong>{signed(entry.amount)}</strong></p>
                </li>
            }
        })
        .collect();
    view! { <ul class="sessions">{rows}</ul> }.into_any()
}

fn signed(amount: Money) -> String {
    if amount.minor() > 0 { format!("+{amount}") } else { amount.to_string() }
}

fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Refunded => "Refund",
        EntryKind::Returned => "Given back",
        EntryKind::Spent => "Paid with it",
        EntryKind::Granted => "Given by the shop",
        EntryKind::Taken => "Taken back by the shop",
    }
}
