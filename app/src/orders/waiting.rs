//! What can still be done with an order: pay it, pay it another way, change it, give it up.

use crate::checkout::{method_name, method_text};
use crate::page::Page;
use commerce::checkout::place_order::access_token;
use commerce::orders::{Lifecycle, Order, cancel};
use commerce::payments::{PaymentContext, PaymentMethod};
use leptos::prelude::*;

/// What the customer of an order can do with it.
#[component]
pub fn OrderChoices(page: Page, order: Order) -> impl IntoView {
    let token = access_token(&page.shop, order.id).as_str().to_owned();
    let waits = order.lifecycle == Lifecycle::AwaitingPayment;
    let paying = waits.then(|| view! { <Paying page=page.clone() order=order.clone() token=token.clone() /> });
    let giving_up = cancel::by_customer(&order).then(|| {
        view! {
            <details class="no-print">
                <summary>"Cancel this order"</summary>
                <form method="post" action="/actions/orders/cancel">
                    <input type="hidden" name="order" value=token.clone() />
                    <p>"Everything in it can be bought by others then. What you have paid goes back the way it came."</p>
                    <button class="button danger">"Cancel the order"</button>
                </form>
            </details>
        }
    });
    view! { {paying} {giving_up} }
}

#[component]
fn Paying(page: Page, order: Order, token: String) -> impl IntoView {
    let context = PaymentContext { total: order.due(), country: &order.delivery_address.country };
    let offers = page.shop.gateways.methods(context);
    let until = order.pay_by.map(|by| {
        let minutes = (by - page.shop.clock.now()).num_minutes().max(0);
        view! { <p class="hint">{format!("We keep everything for you for {minutes} more minutes.")}</p> }
    });
    let method = |offer: PaymentMethod| {
        let checked = offer.code == order.payment_method;
        view! {
            <li>
                <label class="option-card">
                    <input type="radio" name="method" value=offer.code checked=checked />
                    <span>
                        <strong>{method_name(offer.code)}</strong>
                        <span class="hint">{method_text(offer.code)}</span>
                    </span>
                </label>
            </li>
        }
    };
    let methods: Vec<_> = offers.into_iter().map(method).collect();
    view! {
        <section class="no-print" aria-labelledby="pay">
            <h2 id="pay">"Pay "{order.due().to_string()}</h2>
            {until}
            <form method="post" action="/actions/orders/pay">
                <input type="hidden" name="order" value=token.clone() />
                <fieldset class="group">
                    <legend>"Payment"</legend>
                    <ul class="option-cards">{methods}</ul>
                </fieldset>
                <button class="button primary">"Pay now"</button>
            </form>
            <form method="post" action="/actions/orders/change-cart">
                <input type="hidden" name="order" value=token />
                <button class="button">"Change the cart instead"</button>
            </form>
        </section>
    }
}
