//! What the page of an order says of its returns.

use super::state_name;
use crate::accounts::day;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::db::DbErr;
use commerce::orders::{Fulfilment, Order};
use commerce::returns::request::left;
use commerce::returns::{Return, queries};
use leptos::prelude::*;

/// The returns of an order whose page this is, and the way to another one.
pub(crate) async fn returns_section(page: &Page, order: &Order) -> Option<AnyView> {
    if order.fulfilment == Fulfilment::Unfulfilled {
        return None;
    }
    match read(page, order).await {
        Ok((returns, more)) => (more || !returns.is_empty()).then(|| drawn(page.path(), returns, more)),
        // The order can be shown all the same.
        Err(error) => {
            log_failure(&error);
            None
        }
    }
}

async fn read(page: &Page, order: &Order) -> Result<(Vec<Return>, bool), DbErr> {
    let db = page.shop.db.latest();
    let more = !left(&page.shop, db, order.id, false).await?.is_empty();
    Ok((queries::of_order(db, order.id).await?, more))
}

fn drawn(path: &str, returns: Vec<Return>, more: bool) -> AnyView {
    let rows: Vec<_> = returns
        .into_iter()
        .map(|of| {
            let href = format!("{path}/returns/{}", of.number.number);
            view! {
                <li class="session">
                    <p><a href=href>"Return "{of.number.to_string()}</a></p>
                    <p class="hint">{day(of.created_at)}", "{state_name(of.state)}</p>
                </li>
            }
        })
        .collect();
    let ask = more
        .then(|| view! { <p class="no-print"><a class="button" href=format!("{path}/return")>"Return items"</a></p> });
    view! {
        <section aria-labelledby="returns">
            <h2 id="returns">"Returns"</h2>
            <ul class="sessions">{rows}</ul>
            {ask}
        </section>
    }
    .into_any()
}
