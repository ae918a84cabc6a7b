//! Pages of orders.

pub(crate) mod actions;
mod confirmation;
mod details;
mod guest;
mod own;
mod sheet;
mod waiting;

pub use confirmation::{ConfirmationPage, status_name};
pub use details::OrderDetails;
pub use guest::{LinkedOrderPage, LookupPage};
pub use own::OwnOrderPage;

/// What sheets of paper about orders say, for whoever makes files of them.
pub mod sheets {
    pub use super::sheet::{Cell, Column, Sheet, Sum, invoice, packing_slip};
}
