//! Who did what.

use super::{refused, staff, staff_page};
use crate::accounts::minute;
use crate::layout::Table;
use crate::page::Page;
use commerce::accounts::UserId;
use commerce::audit::queries::{self, Filter};
use commerce::audit::{Action, Entry};
use leptos::prelude::*;

/// The audit log, the latest first.
#[component]
pub fn AuditPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match staff(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let filter = Filter {
            action: page.query.get("action").as_deref().and_then(Action::from_code),
            person: page.query.get("person").and_then(|id| id.parse().ok()),
            before: page.query.get("before").and_then(|id| id.parse().ok()),
        };
        let (entries, more) = match queries::entries(&page.shop, &who, filter).await {
            Ok(found) => found,
            Err(error) => return refused(&page, error).await,
        };
        let older = entries.last().filter(|_| more).map(|last| address(filter, Some(last)));
        let latest = filter.before.is_some().then(|| address(filter, None));
        let content = view! {
            <Choose filter=filter />
            <Entries entries=entries />
            {(older.is_some() || latest.is_some()).then(|| view! {
                <nav class="pager" aria-label="Pages of the log">
                    {latest.map(|href| view! { <a class="button" href=href>"Latest"</a> })}
                    {older.map(|href| view! { <a class="button" rel="next" href=href>"Older"</a> })}
                </nav>
            })}
        };
        staff_page(&page, &who, "Audit log", content).await
    })
}

fn address(filter: Filter, before: Option<&Entry>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("action", filter.action.map_or("", Action::code));
    if let Some(person) = filter.person {
        query.append_pair("person", &person.to_string());
    }
    if let Some(entry) = before {
        query.append_pair("before", &entry.id.to_string());
    }
    format!("/admin/audit?{}", query.finish())
}

#[component]
fn Choose(filter: Filter) -> impl IntoView {
    let actions = Action::ALL.map(|action| {
        view! { <option value=action.code() selected=filter.action == Some(action)>{action_name(action)}</option> }
    });
    view! {
        <form class="filter-row" method="get" action="/admin/audit">
            {filter.person.map(|person| view! { <input type="hidden" name="person" value=person.to_string() /> })}
            <div class="field">
                <label for="action">"What was done"</label>
                <select id="action" name="action"><option value="">"Anything"</option>{actions.into_iter().collect_view()}</select>
            </div>
            <button class="button">"Show"</button>
            {filter.person.is_some().then(|| view! { <a href="/admin/audit">"By everybody"</a> })}
        </form>
    }
}

#[component]
fn Entries(entries: Vec<Entry>) -> impl IntoView {
    if entries.is_empty() {
        return view! { <p>"Nothing like that was done."</p> }.into_any();
    }
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let done =
                Action::from_code(&entry.action).map_or(entry.action.clone(), |action| action_name(action).to_owned());
            view! {
                <tr>
                    <td>{minute(entry.at)}</td>
                    <th scope="row">{done}{change(&entry)}</th>
                    <td>{person(entry.actor)}</td>
                    <td>{person(entry.subject)}</td>
                    <td>{entry.client}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <Table label="Audit log" columns=["When", "What", "By", "To", "From"]>
            {rows}
        </Table>
    }
    .into_any()
}

/// What has changed, as far as it is known: `customer → admin`.
fn change(entry: &Entry) -> Option<String> {
    let (before, after) = (entry.change.0.as_ref()?.as_object()?, entry.change.1.as_ref()?.as_object()?);
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let changes = after.iter().map(|(name, now)| match before.get(name) {
        Some(was) => format!("{name}: {} → {}", text(was), text(now)),
        None => format!("{name}: {}", text(now)),
    });
    Some(format!(" ({})", changes.collect::<Vec<_>>().join(", ")))
}

fn person(person: Option<(UserId, Option<String>)>) -> impl IntoView {
    match person {
        Some((id, Some(email))) => view! { <a href=format!("/admin/people/{id}")>{email}</a> }.into_any(),
        Some((_, None)) => "an account that is gone".into_any(),
        None => "—".into_any(),
    }
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::SignedIn => "Signed in",
        Action::SignInFailed => "Sign-in failed",
        Action::PasswordChanged => "Password changed",
        Action::RoleChanged => "Role changed",
        Action::DraftMade => "Draft begun",
        Action::DraftDeleted => "Draft deleted",
        Action::OrderSubmitted => "Draft submitted",
        Action::OrderEdited => "Order changed",
        Action::OrderCancelled => "Order cancelled",
        Action::OrderShipped => "Order shipped",
        Action::ShipmentDelivered => "Shipment delivered",
        Action::PaymentReceived => "Payment received",
        Action::PaymentWithdrawn => "Payment noted by mistake",
        Action::OrderRefunded => "Refunded",
        Action::RefundSent => "Refund sent by hand",
        Action::StoreCreditAdjusted => "Store credit changed",
        Action::ReturnOpened => "Return opened",
        Action::ReturnApproved => "Return approved",
        Action::ReturnRejected => "Return rejected",
        Action::ReturnReceived => "Return received",
        Action::ReturnClosed => "Return closed",
        Action::StockReceived => "Goods received",
        Action::StockAdjusted => "Stock counted",
        Action::StockTransferred => "Stock moved",
        Action::ThresholdChanged => "Low stock threshold changed",
        Action::LocationOpened => "Location opened",
        Action::LocationChanged => "Location changed",
        Action::EventsReplayed => "Events delivered again",
        Action::WebhooksReplayed => "Webhooks tried again",
    }
}
