//! What is bought and what it costs, beside every step.

use crate::layout::Pic;
use commerce::checkout::Checkout;
use commerce::money::Money;
use commerce::pricing::TaxRate;
use leptos::prelude::*;

/// The lines and amounts of a checkout; folded on a phone, with the total.
#[component]
pub fn OrderSummary(checkout: Checkout) -> impl IntoView {
    let currency = checkout.totals.currency;
    let total = checkout.totals.to_pay();
    let lines: Vec<_> = checkout
        .cart
        .lines
        .iter()
        .map(|line| {
            let options = line.options.to_string();
            view! {
                <li>
                    <Pic picture=line.picture.clone() sizes="4rem" />
                    <div>
                        <p>{line.quantity}" × "{line.name.clone()}</p>
                        {(!options.is_empty()).then(|| view! { <p class="hint">{options}</p> })}
                    </div>
                    <p>{line.total().map(|total| total.to_string())}</p>
                </li>
            }
        })
        .collect();
    let delivery = checkout.delivery.as_ref().map(|_| Money::new(checkout.totals.delivery.amounts.gross, currency));
    view! {
        <aside class="summary" aria-label="Order summary">
            <details open=true>
                <summary><span>"Order summary"</span><strong>{total.to_string()}</strong></summary>
                <ul class="summary-lines">{lines}</ul>
                <Amounts
                    subtotal=checkout.totals.subtotal
                    delivery=delivery
                    taxes=checkout.totals.tax_by_rate()
                    total=total
                    credit=checkout.credit
                />
                <p><a href="/cart">"Change your cart"</a></p>
            </details>
        </aside>
    }
}

/// Goods, delivery, tax and total.
#[component]
pub fn Amounts(
    /// The goods as they are priced.
    subtotal: Money,
    /// Delivery, once it is known.
    delivery: Option<Money>,
    /// The tax by rate.
    taxes: Vec<(TaxRate, Money)>,
    /// Everything.
    total: Money,
    /// What of it store credit pays.
    credit: Money,
) -> impl IntoView {
    let delivery = delivery.map_or("calculated in the next step".to_owned(), |delivery| match delivery.minor() {
        0 => "free".to_owned(),
        _ => delivery.to_string(),
    });
    let to_pay = total.checked_sub(credit);
    let taxes: Vec<_> = taxes
        .into_iter()
        .map(|(rate, tax)| view! { <div class="hint"><dt>"Tax "{rate.percent()}" %"</dt><dd>{tax.to_string()}</dd></div> })
        .collect();
    view! {
        <dl class="amounts">
            <div><dt>"Subtotal"</dt><dd>{subtotal.to_string()}</dd></div>
            <div><dt>"Delivery"</dt><dd>{delivery}</dd></div>
            {taxes}
            <div class="total"><dt>"Total"</dt><dd>{total.to_string()}</dd></div>
            {(credit.minor() > 0).then(|| view! {
                <div><dt>"Paid with store credit"</dt><dd>{credit.to_string()}</dd></div>
                <div class="total"><dt>"To pay"</dt><dd>{to_pay.map(|amount| amount.to_string())}</dd></div>
            })}
        </dl>
    }
}
