//! Pages of orders.

mod confirmation;

pub use confirmation::{ConfirmationPage, status_name};
