//! How the order is sent.

use super::actions::NOTE_LENGTH;
use crate::catalog::days;
use crate::forms::{ErrorSummary, Form, words};
use commerce::checkout::Checkout;
use leptos::prelude::*;

/// The form of the delivery step.
#[component]
pub fn DeliveryStep(
    checkout: Checkout,
    /// What was refused, if anything was.
    form: Form,
) -> impl IntoView {
    let is_offered = |code: &&String| checkout.delivery_offers.iter().any(|(method, _)| method.code == **code);
    let typed = form.fields.get("method").filter(is_offered).cloned();
    let chosen = typed.or(checkout.delivery.as_ref().map(|method| method.code.clone()));
    let first = checkout.delivery_offers.first().map(|(method, _)| method.code.clone());
    let chosen = chosen.or(first);
    let methods: Vec<_> = checkout
        .delivery_offers
        .into_iter()
        .map(|(method, price)| {
            let price = if price.minor() == 0 { "free".to_owned() } else { price.to_string() };
            let checked = Some(&method.code) == chosen.as_ref();
            view! {
                <li>
                    <label class="option-card">
                        <input type="radio" name="method" value=method.code checked=checked />
                        <span>
                            <strong>{method.name}</strong>
                            <span class="hint">{method.description}" "{days(method.min_days, method.max_days)}"."</span>
                        </span>
                        <strong>{price}</strong>
                    </label>
                </li>
            }
        })
        .collect();
    view! {
        <h1>"How should it come?"</h1>
        <ErrorSummary form=form.clone() />
        <form method="post" action="/actions/checkout/delivery">
            <fieldset class="group">
                <legend>"Delivery"</legend>
                <ul class="option-cards">{methods}</ul>
            </fieldset>
            <NoteField form=form label="Note to us" known=checkout.note />
            <button class="button primary">"Continue to payment"</button>
        </form>
    }
}

/// What is noted on an order: as it was typed, or as it is known.
#[component]
pub fn NoteField(form: Form, label: &'static str, known: String) -> impl IntoView {
    let note = form.fields.get("note").cloned().unwrap_or(known);
    let error = form.errors.get("note").copied();
    let message = error.map(|error| view! { <p class="field-error" id="note-error">{words("note", error)}</p> });
    view! {
        <div class="field">
            <label for="note">{label}" "<span class="optional">"(optional)"</span></label>
            {message}
            <textarea
                id="note" name="note" rows="3" maxlength=NOTE_LENGTH
                aria-invalid=error.map(|_| "true") aria-describedby=error.map(|_| "note-error")
            >
                {note}
            </textarea>
        </div>
    }
}
