//! Everything that has happened to an order, in words.

use crate::accounts::minute;
use crate::checkout::method_name;
use crate::orders::told_words;
use crate::page::Page;
use commerce::fulfilment::TrackingKind;
use commerce::money::Money;
use commerce::orders::timeline::{
    CARRIER_TOLD, CREDIT_REFUNDED, CREDIT_RETURNED, CREDIT_SPENT, Doer, Happening, LABEL_BOUGHT,
};
use leptos::prelude::*;

/// What people call an event of an order.
fn happening_name(kind: &str) -> &str {
    match kind {
        "OrderDrafted" => "Draft begun",
        "OrderPlaced" => "Placed",
        "OrderSubmitted" => "Sent to the customer to be paid",
        "OrderEdited" => "Changed",
        "OrderCancelled" => "Cancelled",
        "OrderShipped" => "Parcel sent",
        "ShipmentDelivered" => "Parcel delivered",
        "PaymentProcessed" => "Payment",
        "PaymentFailed" => "Payment failed",
        "PaymentVoided" => "Payment let go",
        "PaymentWithdrawn" => "Payment was noted by mistake",
        "RefundRequested" => "Refund decided",
        "RefundIssued" => "Money went back",
        "ReturnRequested" => "Return requested",
        "ReturnApproved" => "Return approved",
        "ReturnRejected" => "Return rejected",
        "ReturnWithdrawn" => "Return withdrawn",
        "ReturnReceived" => "Return received",
        "ReturnRefunded" => "Return refunded",
        "ReturnClosed" => "Return closed without refund",
        CREDIT_SPENT => "Paid with store credit",
        CREDIT_RETURNED => "Store credit went back",
        CREDIT_REFUNDED => "Given as store credit",
        LABEL_BOUGHT => "Label bought",
        CARRIER_TOLD => "The carrier tells",
        other => other,
    }
}

/// The words of an event's data that say more than its name.
fn happening_text(page: &Page, happening: &Happening) -> String {
    let word = |name: &str| happening.data.get(name)?.as_str();
    let money = |name: &str| serde_json::from_value::<Money>(happening.data.get(name)?.clone()).ok();
    if let Some((before, after)) = money("before").zip(money("after")) {
        return format!("from {before} to {after}");
    }
    let mut said: Vec<String> =
        ["total", "amount", "cost"].into_iter().filter_map(money).map(|of| of.to_string()).collect();
    said.extend(word("gateway").map(|code| method_name(code).to_owned()));
    said.extend(
        ["action", "cause", "reason", "method"].into_iter().filter_map(word).map(|code| code.replace('_', " ")),
    );
    said.extend(happening.data.get("parcel").map(|number| format!("parcel {number}")));
    said.extend(word("carrier").map(|code| page.shop.carriers.name(code).to_owned()));
    said.extend(["tracking_number", "return_number"].into_iter().filter_map(word).map(str::to_owned));
    if let Some(kind) = word("kind").and_then(TrackingKind::parse) {
        said.push(told_words(kind, word("text").unwrap_or_default(), word("place").unwrap_or_default()));
    }
    said.join(", ")
}

fn doer_name(doer: &Doer) -> &str {
    match doer {
        Doer::Staff(email) => email,
        Doer::Gone => "an account that is gone",
        Doer::Customer => "the customer",
        Doer::Gateway => "the payment provider",
        Doer::Shop => "the shop",
    }
}

/// What has happened to an order, the oldest first.
#[component]
pub(super) fn Timeline(page: Page, happened: Vec<Happening>) -> impl IntoView {
    let entries: Vec<_> = happened
        .iter()
        .map(|happening| {
            let by = happening.by.as_ref().map(|doer| format!(", by {}", doer_name(doer))).unwrap_or_default();
            view! {
                <li>
                    <strong>{happening_name(&happening.kind).to_owned()}</strong>" "{happening_text(&page, happening)}
                    <span class="hint">{format!(" {}{by}", minute(happening.occurred_at))}</span>
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="timeline">
            <h2 id="timeline">"What has happened"</h2>
            {entries.is_empty().then(|| view! { <p>"Nothing yet."</p> })}
            <ol>{entries}</ol>
        </section>
    }
}
