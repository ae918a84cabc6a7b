//! What mails look like.

mod accounts;
mod frame;
mod order_confirmation;

pub use accounts::{identity_linked, password_changed, registration_repeated, reset_password, verify_email};
pub use order_confirmation::{next_step, order_confirmation};
