//! What mails look like.

mod order_confirmation;

pub use order_confirmation::{next_step, order_confirmation};
