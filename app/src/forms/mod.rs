//! Forms: their fields, and what is kept of one that was refused.

mod drafts;
mod fields;

pub use drafts::{draft, keep_draft};
pub use fields::{ErrorSummary, Form, TextField, quantity_words, words};
