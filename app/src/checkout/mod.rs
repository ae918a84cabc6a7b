//! From the cart to the order, step by step.

mod hold_timer;

#[cfg(feature = "ssr")]
pub(crate) mod actions;
#[cfg(feature = "ssr")]
mod address_step;
#[cfg(feature = "ssr")]
mod delivery_step;
#[cfg(feature = "ssr")]
mod payment_step;
#[cfg(feature = "ssr")]
mod review_step;
#[cfg(feature = "ssr")]
mod summary;
#[cfg(feature = "ssr")]
mod view;

pub use hold_timer::HoldTimer;
#[cfg(feature = "ssr")]
pub use {
    address_step::{AddressFields, BillingFields, PhoneField},
    delivery_step::NoteField,
    payment_step::{method_name, method_text},
    review_step::Postal,
    summary::Amounts,
    view::CheckoutPage,
};
