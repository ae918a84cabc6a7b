//! The list of orders, as staff look through it.

use super::{forbidden, staff, staff_page};
use crate::accounts::day;
use crate::layout::{Drawn, Table, unavailable};
use crate::orders::status_name;
use crate::page::Page;
use commerce::accounts::Permission;
use commerce::orders::Lifecycle;
use commerce::orders::cancel::OrderError;
use commerce::orders::compose::EditId;
use commerce::orders::search::{Found, OrderFilter, search};
use leptos::prelude::*;

/// Every order, the last first.
#[component]
pub fn OrdersPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let filter = OrderFilter {
            text: page.query.get("q").unwrap_or_default().chars().take(100).collect(),
            lifecycle: page.query.get("state").as_deref().and_then(Lifecycle::parse),
            to_ship: page.query.get("to_ship").is_some(),
            before: page.query.get("before").and_then(|id| id.parse().ok()),
        };
        let (found, more) = match search(&page.shop, &who, &filter).await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let older = found.last().filter(|_| more).map(|last| address(&filter, Some(last)));
        let newest = filter.before.is_some().then(|| address(&filter, None));
        let drafting = who.role.allows(Permission::OrdersWrite).then(|| EditId::new(page.shop.clock.now()));
        let drafting = drafting.map(|key| {
            view! {
                <form method="post" action="/actions/admin/order-draft">
                    <input type="hidden" name="key" value=key.to_string() />
                    <button class="button">"New order"</button>
                </form>
            }
        });
        let content = view! {
            {drafting}
            <Search filter=filter />
            <Orders found=found />
            {(older.is_some() || newest.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of orders">
                    {newest.map(|href| view! { <a class="button" href=href>"Newest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "Orders", content).await
    })
}

/// The page for what could not be shown.
pub(super) async fn refused(page: &Page, error: OrderError) -> Drawn {
    match error {
        OrderError::NotAllowed => forbidden(page).await,
        error => unavailable(page, error).await,
    }
}

fn address(filter: &OrderFilter, before: Option<&Found>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("q", &filter.text).append_pair("state", filter.lifecycle.map_or("", Lifecycle::code));
    if filter.to_ship {
        query.append_pair("to_ship", "1");
    }
    if let Some(found) = before {
        query.append_pair("before", &found.order.id.to_string());
    }
    format!("/admin/orders?{}", query.finish())
}

/// What people call a state of the lifecycle.
pub(super) fn lifecycle_name(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Draft => "Draft",
        Lifecycle::AwaitingPayment => "Awaiting payment",
        Lifecycle::InReview => "In review",
        Lifecycle::Placed => "Placed",
        Lifecycle::Cancelled => "Cancelled",
    }
}

#[component]
fn Search(filter: OrderFilter) -> impl IntoView {
    let options: Vec<_> = Lifecycle::ALL
        .iter()
        .map(|state| {
            let selected = filter.lifecycle == Some(*state);
            view! { <option value=state.code() selected=selected>{lifecycle_name(*state)}</option> }
        })
        .collect();
    view! {
        <form class="filter-row" method="get" action="/admin/orders" role="search">
            <div class="field">
                <label for="q">"Number or e-mail"</label>
                <input id="q" name="q" type="search" maxlength="100" value=filter.text />
            </div>
            <div class="field">
                <label for="state">"State"</label>
                <select id="state" name="state"><option value="">"Any"</option>{options}</select>
            </div>
            <label class="check"><input type="checkbox" name="to_ship" value="1" checked=filter.to_ship />" To be sent"</label>
            <button class="button">"Search"</button>
        </form>
    }
}

#[component]
fn Orders(found: Vec<Found>) -> impl IntoView {
    if found.is_empty() {
        return view! { <p>"No order fits that. "<a href="/admin/orders">"Show all"</a></p> }.into_any();
    }
    let rows: Vec<_> = found
        .into_iter()
        .map(|Found { order, email }| {
            let number = order.number.to_string();
            let state = match order.lifecycle {
                Lifecycle::Draft => lifecycle_name(order.lifecycle),
                _ => status_name(order.status),
            };
            view! {
                <tr>
                    <th scope="row"><a href=format!("/admin/orders/{number}")>{number.clone()}</a></th>
                    <td>{day(order.created_at)}</td>
                    <td>{email}</td>
                    <td>{state}</td>
                    <td class="number">{order.total.to_string()}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <Table label="Orders" columns=["Number", "Made", "Customer", "State", "Total"]>
            {rows}
        </Table>
    }
    .into_any()
}
