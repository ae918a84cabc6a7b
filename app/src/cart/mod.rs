//! The cart: its page, and what is done to it.

pub mod actions;
mod view;

pub use view::CartPage;
