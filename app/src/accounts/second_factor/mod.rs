//! The second factor: how people show it, get one, and see to it.

mod answer;
mod qr;
mod section;
mod set_up;

pub use answer::SecondFactorPage;
pub use section::section;
pub use set_up::{AuthenticatorPage, ConfirmPage, RecoveryCodesPage};
