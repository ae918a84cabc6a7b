//! What people see of Emporion: pages, islands and server functions.
//!
//! Knows nothing of SQL, Redis or OIDC. Pages and server functions exist on
//! the server only; what is compiled for the browser is islands.

#![recursion_limit = "256"]

pub mod catalog;
pub mod checkout;

#[cfg(feature = "ssr")]
mod accounts;
#[cfg(feature = "ssr")]
mod admin;
#[cfg(feature = "ssr")]
mod cart;
#[cfg(feature = "ssr")]
mod forms;
#[cfg(feature = "ssr")]
mod head;
#[cfg(feature = "ssr")]
mod layout;
#[cfg(feature = "ssr")]
pub mod mails;
#[cfg(feature = "ssr")]
mod orders;
#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
mod payments;
#[cfg(feature = "ssr")]
mod returns;
#[cfg(feature = "ssr")]
mod routes;

#[cfg(feature = "ssr")]
pub use orders::sheets;

#[cfg(feature = "ssr")]
pub use returns::photos as return_photos;

#[cfg(feature = "ssr")]
pub use {
    accounts::{identities, sign_in_for},
    checkout::method_name,
    head::{Head, HeadSlot},
    page::{ClientAddress, Page, SignInProvider, Site, guest_token, session_token},
    routes::{App, register_actions, shell},
};
