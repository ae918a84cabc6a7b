//! What can still be done with an order: pay it, pay it another way, change it, give it up.

use crate::accounts::day;
use crate::checkout::{method_name, method_text};
use crate::page::Page;
use commerce::checkout::place_order::access_token;
use commerce::money::Money;
use commerce::orders::{Lifecycle, Order, cancel};
use commerce::payments::{PaymentMethod, pay};
use leptos::prelude::*;

/// What the customer of an order can do with it of which this much is still to be paid.
#[component]
pub fn OrderChoices(page: Page, order: Order, owed: Money) -> impl IntoView {
    let token = access_token(&page.shop, order.id).as_str().to_owned();
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
    view! { <Paying page=page order=order owed=owed /> {giving_up} }
}

/// The ways to pay what of an order is still to be paid, if it waits for that.
#[component]
fn Paying(page: Page, order: Order, owed: Money) -> impl IntoView {
    if !pay::can_pay(&page.shop, &order, owed) {
        let over = (order.lifecycle == Lifecycle::AwaitingPayment).then(|| {
            view! {
                <p class="no-print">
                    "The time to pay this order is over, and we are asking whether you have. If so, it is confirmed by mail soon. If not, it is cancelled."
                </p>
            }
        });
        return over.into_any();
    }
    let token = access_token(&page.shop, order.id).as_str().to_owned();
    let offers = pay::offers(&page.shop, &order, owed);
    let pay_by = order.pay_by.filter(|_| order.lifecycle == Lifecycle::AwaitingPayment);
    let minutes = pay_by.map(|by| (by - page.shop.clock.now()).num_minutes().max(0));
    let from_cart = order.waits_as_placed();
    let until = pay_by.zip(minutes).map(|(by, minutes)| {
        let words = match from_cart {
            true => format!("We keep everything for you for {minutes} more minutes."),
            false => format!("We keep everything for you until {}.", day(by)),
        };
        view! { <p class="hint">{words}</p> }
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
            <h2 id="pay">"Pay "{owed.to_string()}</h2>
            {until}
            <form method="post" action="/actions/orders/pay">
                <input type="hidden" name="order" value=token.clone() />
                <fieldset class="group">
                    <legend>"Payment"</legend>
                    <ul class="option-cards">{methods}</ul>
                </fieldset>
                <button class="button primary">"Pay now"</button>
            </form>
            {from_cart.then(|| view! {
                <form method="post" action="/actions/orders/change-cart">
                    <input type="hidden" name="order" value=token />
                    <button class="button">"Change the cart instead"</button>
                </form>
            })}
        </section>
    }
    .into_any()
}
