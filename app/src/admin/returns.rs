//! What customers send back, as staff look through it, and what the page of an order says of it.

use super::{forbidden, staff, staff_page};
use crate::accounts::day;
use crate::layout::{Drawn, Table, unavailable};
use crate::page::Page;
use crate::returns::state_name;
use commerce::returns::queries::{Listed, ReturnFilter, search};
use commerce::returns::{Return, ReturnError, ReturnState};
use leptos::prelude::*;

/// Every return, the last first.
#[component]
pub fn ReturnsPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let filter = ReturnFilter {
            state: page.query.get("state").as_deref().and_then(ReturnState::parse),
            before: page.query.get("before").and_then(|id| id.parse().ok()),
        };
        let (found, more) = match search(&page.shop, &who, filter).await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let older = found.last().filter(|_| more).map(|last| address(filter, Some(last)));
        let newest = filter.before.is_some().then(|| address(filter, None));
        let content = view! {
            <Choose filter=filter />
            <Found found=found />
            {(older.is_some() || newest.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of returns">
                    {newest.map(|href| view! { <a class="button" href=href>"Newest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "Returns", content).await
    })
}

/// The page for what could not be shown.
pub(super) async fn refused(page: &Page, error: ReturnError) -> Drawn {
    match error {
        ReturnError::NotAllowed => forbidden(page).await,
        error => unavailable(page, error).await,
    }
}

fn address(filter: ReturnFilter, before: Option<&Listed>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", filter.state.map_or("", ReturnState::code));
    if let Some(found) = before {
        query.append_pair("before", &found.id.to_string());
    }
    format!("/admin/returns?{}", query.finish())
}

#[component]
fn Choose(filter: ReturnFilter) -> impl IntoView {
    let options: Vec<_> = ReturnState::ALL
        .into_iter()
        .map(|state| {
            let selected = filter.state == Some(state);
            view! { <option value=state.code() selected=selected>{state_name(state)}</option> }
        })
        .collect();
    view! {
        <form class="filter-row" method="get" action="/admin/returns" role="search">
            <div class="field">
                <label for="state">"State"</label>
                <select id="state" name="state"><option value="">"Any"</option>{options}</select>
            </div>
            <button class="button">"Show"</button>
        </form>
    }
}

#[component]
fn Found(found: Vec<Listed>) -> impl IntoView {
    if found.is_empty() {
        return view! { <p>"There is no such return. "<a href="/admin/returns">"Show all"</a></p> }.into_any();
    }
    let rows: Vec<_> = found
        .into_iter()
        .map(|of| {
            let number = of.number.to_string();
            view! {
                <tr>
                    <th scope="row"><a href=format!("/admin/returns/{number}")>{number.clone()}</a></th>
                    <td>{day(of.created_at)}</td>
                    <td>{of.email}</td>
                    <td>{state_name(of.state)}</td>
                    <td class="number">{of.pieces}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <Table label="Returns" columns=["Number", "Asked for", "Customer", "State", "Pieces"]>
            {rows}
        </Table>
    }
    .into_any()
}

/// The returns of an order, and the way to open another one where its number is given.
#[component]
pub(super) fn OrderReturns(returns: Vec<Return>, open: Option<String>) -> impl IntoView {
    let rows: Vec<_> = returns
        .into_iter()
        .map(|of| {
            let number = of.number.to_string();
            view! { <li><a href=format!("/admin/returns/{number}")>{number.clone()}</a>", "{state_name(of.state)}</li> }
        })
        .collect();
    (!rows.is_empty() || open.is_some()).then(|| {
        view! {
            <section aria-labelledby="returns">
                <h2 id="returns">"Returns"</h2>
                <ul>{rows}</ul>
                {open.map(|number| view! { <p><a class="button" href=format!("/admin/orders/{number}/return")>"Open a return"</a></p> })}
            </section>
        }
    })
}
