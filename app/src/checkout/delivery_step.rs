//! How the order is sent.

use super::actions::NOTE_LENGTH;
use crate::catalog::days;
use commerce::checkout::Checkout;
use leptos::prelude::*;

/// The form of the delivery step.
#[component]
pub fn DeliveryStep(checkout: Checkout) -> impl IntoView {
    let chosen = checkout.delivery.as_ref().map(|method| method.code.clone());
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
        <form method="post" action="/actions/checkout/delivery">
            <fieldset class="group">
                <legend>"Delivery"</legend>
                <ul class="option-cards">{methods}</ul>
            </fieldset>
            <div class="field">
                <label for="note">"Note to us "<span class="optional">"(optional)"</span></label>
                <textarea id="note" name="note" rows="3" maxlength=NOTE_LENGTH>{checkout.note}</textarea>
            </div>
            <button class="button primary">"Continue to payment"</button>
        </form>
    }
}
