//! Pages of orders.

pub(crate) mod actions;
mod confirmation;
mod details;
mod guest;
mod open_sheet;
mod own;
mod parcels;
mod sheet;
mod sheet_page;
mod waiting;

pub use confirmation::{ConfirmationPage, status_name};
pub use details::OrderDetails;
pub use guest::{LinkedOrderPage, LookupPage};
pub use own::OwnOrderPage;
pub(crate) use parcels::{told_words, tracking};
pub use sheet_page::{LinkedInvoicePage, OwnInvoicePage, PackingSlipPage, StaffInvoicePage, TokenInvoicePage};

/// What sheets of paper about orders say, for whoever makes files of them.
pub mod sheets {
    pub use super::open_sheet::{any_invoice, any_packing_slip, invoice_by_link, invoice_by_token, own_invoice};
    pub use super::sheet::{Cell, Column, Sheet, Sum};
}
