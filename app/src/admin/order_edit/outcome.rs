//! What an order would come to, and the way to make it so.

use super::LINES_FORM;
use crate::checkout::Amounts;
use commerce::money::Money;
use commerce::orders::compose::{Missing, Proposal};
use commerce::pricing::tax_by_rate;
use leptos::prelude::*;

fn missing_words(missing: Missing) -> &'static str {
    match missing {
        Missing::Goods => "Add a product first.",
        Missing::Contact => "Enter who it is for and where it goes.",
        Missing::Delivery => "Choose how it is sent.",
        Missing::Payment => "Choose how it is paid.",
    }
}

/// What it comes to, before and after.
pub(super) fn outcome(proposal: &Proposal) -> impl IntoView + use<> {
    let (currency, totals) = (proposal.order.currency, &proposal.totals);
    let priced = || totals.lines.iter().chain([&totals.delivery]);
    let goods = proposal.lines.iter().filter_map(|line| line.unit_price?.checked_mul(line.quantity.into()));
    let subtotal = goods.fold(Money::zero(currency), |sum, line| sum.checked_add(line).unwrap_or(sum));
    let delivery = proposal.delivery().map(|_| Money::new(totals.delivery.amounts.gross, currency));
    let amounts = view! {
        <Amounts
            subtotal=subtotal
            delivery=delivery
            taxes=tax_by_rate(currency, priced())
            total=totals.to_pay()
            credit=proposal.order.store_credit
        />
    };
    let difference = (!proposal.is_draft()).then(|| difference(proposal));
    let obstacle = if proposal.is_draft() {
        proposal.missing().map(missing_words)
    } else if !proposal.changes() {
        Some("Nothing is changed yet.")
    } else if proposal.pieces() == 0 {
        Some("Nothing would be left of it. Cancel the order instead.")
    } else {
        None
    };
    let agreement = proposal.agreement();
    let words = if proposal.is_draft() { "Submit the order" } else { "Apply the changes" };
    let agreeing = match obstacle {
        Some(words) => view! { <p><strong>{words}</strong></p> }.into_any(),
        None => view! {
            {proposal.is_draft().then(|| view! { <input type="hidden" name="draft" value="1" form=LINES_FORM /> })}
            <input type="hidden" name="edit" value=agreement.edit.to_string() form=LINES_FORM />
            <input type="hidden" name="version" value=agreement.version.to_string() form=LINES_FORM />
            <input type="hidden" name="total" value=agreement.total.to_string() form=LINES_FORM />
            <p class="hint">{what_follows(proposal)}</p>
            <button class="button primary" form=LINES_FORM formaction="/actions/admin/order-apply">{words}</button>
        }
        .into_any(),
    };
    view! {
        <section class="summary" aria-labelledby="outcome">
            <h2 id="outcome">"What it comes to"</h2>
            {amounts}
            {difference}
            {agreeing}
        </section>
    }
}

fn difference(proposal: &Proposal) -> impl IntoView + use<> {
    let difference = proposal.difference();
    let words = match difference.minor() {
        0 => "The total stays the same.".to_owned(),
        more @ 1.. => format!("{} more than before", Money::new(more, difference.currency())),
        less => format!("{} less than before", Money::new(-less, difference.currency())),
    };
    view! {
        <dl class="facts">
            <div><dt>"Total before"</dt><dd>{proposal.order.to_pay().to_string()}</dd></div>
            <div><dt>"Difference"</dt><dd>{words}</dd></div>
        </dl>
    }
}

fn what_follows(proposal: &Proposal) -> &'static str {
    if proposal.is_draft() {
        return match proposal.payment() {
            Some(method) if method.agrees_at_once => "It is placed at once, and the customer gets its confirmation.",
            _ => "Its stock is held for seven days, and the customer gets a mail with the way to pay.",
        };
    }
    match proposal.difference().minor() {
        0 => "The customer gets a mail about it.",
        1.. => "The customer gets a mail that says what is still to be paid, and how.",
        _ => "What was paid too much goes back the way it came, and the customer gets a mail about it.",
    }
}
