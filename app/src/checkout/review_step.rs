//! A last look before the order is placed.

use super::payment_step::method_name;
use commerce::checkout::{Address, Checkout};
use leptos::prelude::*;

/// Everything that was entered, and the button that orders.
#[component]
pub fn ReviewStep(checkout: Checkout) -> impl IntoView {
    let (Some(contact), Some(delivery), Some(payment)) = (checkout.contact, checkout.delivery, checkout.payment) else {
        return ().into_any();
    };
    let total = checkout.totals.to_pay();
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
        <Part title="Payment" step="payment"><p>{method_name(payment.code)}</p></Part>
        {note}
        <form class="place" method="post" action="/actions/checkout/place">
            <input type="hidden" name="cart" value=checkout.cart.id.to_string() />
            <input type="hidden" name="total" value=total.minor() />
            <p class="total-line">"Total "<strong>{total.to_string()}</strong></p>
            <button class="button primary wide">"Place order · "{total.to_string()}</button>
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
