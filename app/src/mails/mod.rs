//! What mails look like.

mod accounts;
mod frame;
mod order_confirmation;
mod order_money;
mod order_notice;
mod order_returned;
mod order_shipped;
mod payments;
mod profile;
mod second_factor;
mod stock;

pub use accounts::{identity_linked, password_changed, registration_repeated, reset_password, verify_email};
pub(crate) use order_confirmation::BY_TRANSFER;
pub use order_confirmation::{next_step, order_confirmation};
pub use order_money::{
    Difference, RefundedTo, order_cancelled, order_changed, order_to_pay, payment_declined, payment_reminder,
    refund_decided, refund_issued,
};
pub use order_notice::{About, Pieces};
pub use order_returned::{ReturnStep, return_update};
pub use order_shipped::{Parcel, order_delivered, order_shipped};
pub use payments::{PaymentTrouble, payment_trouble};
pub use profile::{account_erased, confirm_new_email, confirm_old_email, email_changed, email_has_account};
pub use second_factor::{factor_added, factor_removed, recovery_code_used, sign_in_code};
pub use stock::stock_low;

#[cfg(test)]
pub(crate) mod tests;
