//! What is open of the outbox, and what was given up.

use super::{refused, staff, staff_page};
use crate::accounts::minute;
use crate::layout::Table;
use crate::page::Page;
use commerce::events::queries::{self, DeadLetter, OpenAt};
use commerce::events::replay::DeliveryId;
use leptos::prelude::*;

/// What waits at each handler, and the events that were given up, the latest first.
#[component]
pub fn EventsPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let before = page.query.get("before").and_then(|id| id.parse().ok());
        let before = before.map(|event| DeliveryId { event, handler: page.query.get("at").unwrap_or_default() });
        let found = async {
            let open = queries::open(&page.shop, &who).await?;
            Ok((open, queries::dead_letters(&page.shop, &who, before.as_ref()).await?))
        };
        let (open, (letters, more)) = match found.await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let older = letters.last().filter(|_| more).map(|last| address(&last.id()));
        let latest = before.is_some().then_some("/admin/events");
        let content = view! {
            <Open open=open />
            <DeadLetters letters=letters />
            {(older.is_some() || latest.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of events">
                    {latest.map(|href| view! { <a class="button" href=href>"Latest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "Events", content).await
    })
}

fn address(before: &DeliveryId) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("before", &before.event.to_string()).append_pair("at", &before.handler);
    format!("/admin/events?{}", query.finish())
}

#[component]
fn Open(open: Vec<OpenAt>) -> impl IntoView {
    if open.is_empty() {
        return view! { <p>"Everything that has happened was delivered."</p> }.into_any();
    }
    let rows: Vec<_> = open
        .into_iter()
        .map(|at| view! { <tr><th scope="row">{at.handler}</th><td>{at.pending}</td><td>{at.dead}</td></tr> })
        .collect();
    view! {
        <Table label="Open events" columns=["Goes to", "To be delivered", "Given up"]>
            {rows}
        </Table>
    }
    .into_any()
}

#[component]
fn DeadLetters(letters: Vec<DeadLetter>) -> impl IntoView {
    if letters.is_empty() {
        return ().into_any();
    }
    let rows: Vec<_> = letters.into_iter().map(|letter| view! { <Row letter=letter /> }).collect();
    view! {
        <section aria-labelledby="given-up">
            <h2 id="given-up">"Given up"</h2>
            <p class="hint">"What follows about the same thing waits until they are delivered."</p>
            <form method="post" action="/actions/admin/replay-events">
                <button class="button primary">"Deliver all again"</button>
            </form>
            <Table label="Events that were given up" columns=["Happened", "Event", "Goes to", "Attempts", "What went wrong", "Again"]>
                {rows}
            </Table>
        </section>
    }
    .into_any()
}

#[component]
fn Row(letter: DeadLetter) -> impl IntoView {
    let label = format!("Deliver {} to {} again", letter.kind, letter.handler);
    view! {
        <tr>
            <td>{minute(letter.occurred_at)}</td>
            <th scope="row">{letter.kind}</th>
            <td>{letter.handler.clone()}</td>
            <td>{letter.attempts}</td>
            <td>{letter.error}</td>
            <td>
                <form method="post" action="/actions/admin/replay-events">
                    <input type="hidden" name="event" value=letter.event_id.to_string() />
                    <input type="hidden" name="handler" value=letter.handler />
                    <button class="button" aria-label=label>"Deliver again"</button>
                </form>
            </td>
        </tr>
    }
}
