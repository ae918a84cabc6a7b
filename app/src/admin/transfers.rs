//! Money that staff are to send back by hand: all of it as a list, and that of an order on its page.

use super::orders::refused;
use super::{staff, staff_page};
use crate::accounts::{day, minute};
use crate::checkout::method_name;
use crate::layout::Table;
use crate::page::Page;
use commerce::accounts::Permission;
use commerce::orders::send_money::{Transfer, to_send};
use leptos::prelude::*;

/// Where the list is.
pub(super) const PATH: &str = "/admin/refunds";

/// The field by which a form says that it comes from the list.
pub(super) const LISTED: &str = "listed";

/// All that is to be sent, the oldest first.
#[component]
pub fn TransfersPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let after = page.query.get("after").and_then(|id| id.parse().ok());
        let (found, more) = match to_send(&page.shop, &who, after).await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let later = found.last().filter(|_| more).map(|last| format!("{PATH}?after={}", last.operation));
        let oldest = after.is_some().then_some(PATH);
        let content = view! {
            <Found transfers=found may=who.role.allows(Permission::OrdersWrite) />
            {(later.is_some() || oldest.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of transfers">
                    {oldest.map(|href| view! { <a class="button" href=href>"Oldest"</a> })}
                    {later.map(|href| view! { <a class="button" rel="next" href=href>"Later"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "Transfers to make", content).await
    })
}

#[component]
fn Found(transfers: Vec<Transfer>, may: bool) -> impl IntoView {
    if transfers.is_empty() {
        return view! { <p>"There is no money to be sent back by hand."</p> }.into_any();
    }
    let rows: Vec<_> = transfers
        .into_iter()
        .map(|of| {
            let number = of.order.to_string();
            view! {
                <tr>
                    <th scope="row"><a href=format!("/admin/orders/{number}")>{number.clone()}</a></th>
                    <td class="number">{of.amount.to_string()}</td>
                    <td>{of.email.clone()}</td>
                    <td>{method_name(&of.gateway)}</td>
                    <td>{minute(of.since)}</td>
                    {may.then(|| view! { <td><Sent transfer=of listed=true /></td> })}
                </tr>
            }
        })
        .collect();
    let columns = ["Order", "Amount", "Customer", "Paid by", "Since"].into_iter().chain(may.then_some("Done"));
    let columns: Vec<_> = columns.collect();
    view! {
        <p class="hint">"This money did not come through a gateway. Send it to the customer, then note it here: they get a mail."</p>
        <Table label="Transfers to make" columns=columns>{rows}</Table>
    }
    .into_any()
}

/// Notes that one of them was made.
#[component]
fn Sent(transfer: Transfer, listed: bool) -> impl IntoView {
    let number = transfer.order.to_string();
    view! {
        <form method="post" action="/actions/admin/refund-sent">
            <input type="hidden" name="number" value=number.clone() />
            <input type="hidden" name="operation" value=transfer.operation.to_string() />
            {listed.then(|| view! { <input type="hidden" name=LISTED value="1" /> })}
            <button class="button" aria-label=format!("Sent: {} of {number}", transfer.amount)>"Sent"</button>
        </form>
    }
}

/// Those of an order.
#[component]
pub(super) fn OrderTransfers(transfers: Vec<Transfer>, may: bool) -> impl IntoView {
    let rows: Vec<_> = transfers
        .into_iter()
        .map(|of| {
            let words = format!("{}, paid by {}, since {}", of.amount, method_name(&of.gateway), day(of.since));
            view! { <li>{words}{may.then(|| view! { <Sent transfer=of listed=false /> })}</li> }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="transfers">
                <h2 id="transfers">"Transfers to make"</h2>
                <ul>{rows}</ul>
            </section>
        }
    })
}
