//! The shop itself: its rules, and the records it keeps.
//!
//! Knows nothing of HTTP and HTML. Each capability is a folder: `mod.rs` holds
//! its types and pure rules and compiles for WASM too, `entity.rs` its tables,
//! `queries.rs` its reads, and one file per use case the rest.

#![recursion_limit = "256"]

#[macro_use]
mod event;
#[macro_use]
mod ids;

pub mod access;
pub mod accounts;
pub mod audit;
#[cfg(feature = "ssr")]
mod batcher;
pub mod cart;
pub mod catalog;
pub mod checkout;
#[cfg(feature = "ssr")]
pub mod clock;
#[cfg(feature = "ssr")]
pub mod db;
#[cfg(feature = "ssr")]
pub mod doctor;
#[cfg(feature = "ssr")]
pub mod events;
pub mod forms;
pub mod fulfilment;
pub mod inventory;
pub mod invoices;
pub mod media;
pub mod money;
#[cfg(feature = "ssr")]
pub mod network;
pub mod notifications;
pub mod orders;
pub mod payments;
pub mod pricing;
pub mod returns;
#[cfg(feature = "ssr")]
pub mod sealed;
pub mod settings;
#[cfg(feature = "ssr")]
mod shop;
pub mod store_credit;
#[cfg(feature = "ssr")]
pub mod token;

#[cfg(feature = "ssr")]
pub use shop::{Parts, Reference, Shop};

#[cfg(test)]
use migration as _;
