//! What somebody has ordered.

use super::{account_page, day, member};
use crate::layout::unavailable;
use crate::orders::status_name;
use crate::page::Page;
use commerce::db::DbErr;
use commerce::orders::{OrderSummary, claim, queries};
use leptos::prelude::*;

/// The orders of whoever is signed in, the latest first.
#[component]
pub fn OrderHistoryPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let before = page.query.get("before").and_then(|id| id.parse().ok());
        let db = page.shop.db.latest();
        let found = async {
            Ok::<_, DbErr>((queries::of_user(db, who.user, before).await?, claim::claimable(db, who.user).await?))
        };
        let ((orders, more), claimable) = match found.await {
            Ok(found) => found,
            Err(error) => return unavailable(&page, error).await,
        };
        let content = view! {
            <Claim count=claimable email=who.email />
            <Orders orders=orders more=more later=before.is_some() />
        };
        account_page(&page, "Orders", content).await
    })
}

/// Offers to take in what somebody ordered as a guest.
#[component]
fn Claim(count: i64, email: String) -> impl IntoView {
    (count > 0).then(|| {
        let orders = if count == 1 { "one order".to_owned() } else { format!("{count} orders") };
        view! {
            <section aria-labelledby="claim">
                <h2 id="claim">"Ordered without your account"</h2>
                <p>"We have "{orders}" for "<strong>{email}</strong>" from before."</p>
                <form method="post" action="/actions/account/claim-orders">
                    <button class="button">"Take into my account"</button>
                </form>
            </section>
        }
    })
}

#[component]
fn Orders(
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
            let href = format!("/account/orders/{}", order.number);
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
