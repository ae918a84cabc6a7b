//! A last look before the order is placed.

use super::payment_step::method_name;
use commerce::checkout::{Address, Checkout};
use leptos::prelude::*;

/// Everything that was entered, and the button that orders.
#[component]
pub fn ReviewStep(checkout: Checkout) -> impl IntoView {
    let (total, due, credit) = (checkout.totals.to_pay(), checkout.due(), checkout.credit);
    let covered = checkout.is_covered();
    let (Some(contact), Some(delivery)) = (checkout.contact, checkout.delivery) else { return ().into_any() };
    let method = match checkout.payment.filter(|_| !covered) {
        Some(payment) => Some(method_name(payment.code)),
        None if covered => None,
        None => return ().into_any(),
    };
    let by_credit = (credit.minor() > 0).then(|| view! { <p>{format!("{credit} of store credit")}</p> });
    let note = (!checkout.note.is_empty()).then(|| {
        view! { <Part title="Your note" step="delivery"><p class="note">{checkout.note.clone()}</p></Part> }
    });
    view! {
        <h1>"Is everything right?"</h1>
        <Part title="Contact" step="address">
            <p>{contact.email}</p>
            <p>{contact.phone}</p>
        </Part>
        <Part title="Delivery address" step="address"><Postal address=contact.delivery.clone() /></Part>
        <Part title="Invoice" step="address">
            {match contact.billing {
                Some(address) => view! { <Postal address=address /> }.into_any(),
                None => view! { <p>"Same as the delivery address"</p> }.into_any(),
            }}
        </Part>
        <Part title="Delivery" step="delivery"><p>{delivery.name}</p></Part>
        <Part title="Payment" step="payment">{by_credit}{method.map(|name| view! { <p>{name}</p> })}</Part>
        {note}
        <form class="place" method="post" action="/actions/checkout/place">
            <input type="hidden" name="cart" value=checkout.cart.id.to_string() />
            <input type="hidden" name="total" value=total.minor() />
            {(credit.minor() > 0).then(|| view! {
                <input type="hidden" name="credit" value=credit.minor() />
                <p>{format!("{total} in all, {credit} of it paid with store credit")}</p>
            })}
            <p class="total-line">{if credit.minor() > 0 { "To pay " } else { "Total " }}<strong>{due.to_string()}</strong></p>
            <button class="button primary wide">"Place order · "{due.to_string()}</button>
            <p class="hint">"Your order is binding when you press the button. A confirmation comes by e-mail."</p>
        </form>
    }
    .into_any()
}

#[component]
fn Part(title: &'static str, step: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="review-part">
            <div class="section-head">
                <h2>{title}</h2>
                <a href=format!("/checkout/{step}")>"Change"<span class="visually-hidden">" "{title.to_lowercase()}</span></a>
            </div>
            {children()}
        </section>
    }
}

/// An address as it is written on a parcel.
#[component]
pub fn Postal(address: Address) -> impl IntoView {
    let lines: Vec<_> = address.lines().into_iter().map(|line| view! { <span>{line}</span> }).collect();
    view! { <address class="postal">{lines}</address> }
}
