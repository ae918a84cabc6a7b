//! Pages of orders.

pub(crate) mod actions;
mod confirmation;
mod details;
mod guest;
mod own;
mod waiting;

pub use confirmation::{ConfirmationPage, status_name};
pub use details::OrderDetails;
pub use guest::{LinkedOrderPage, LookupPage};
pub use own::OwnOrderPage;
