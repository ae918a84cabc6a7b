//! Returns, as customers ask for them and follow them.

pub(crate) mod actions;
mod fields;
mod request_page;
mod return_page;
mod section;
mod way;
mod words;

pub(crate) use fields::ReturnFields;
pub use request_page::ReturnFormPage;
pub use return_page::ReturnPage;
pub(crate) use return_page::{ReturnItems, Steps};
pub(crate) use section::returns_section;
pub(crate) use words::{code, reason_name, state_name};

/// What takes the photos of a return needs of its page.
pub mod photos {
    pub use super::way::{elsewhere, return_at};
    pub use super::words::photo_code;
}
