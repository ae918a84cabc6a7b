//! Several mails about one thing.

use super::send_mail::send_mail;
use super::{Mail, MailError};
use crate::Shop;

/// Keeps and sends each of these mails by its key, also where another one of them is not taken.
///
/// # Errors
/// [`MailError`] of one that was not sent, that which leaves more time before any other; the same call later sends
/// what is missing.
pub async fn send_each(shop: &Shop, mails: Vec<(String, Mail)>) -> Result<(), MailError> {
    let mut outcome = Ok(());
    for (key, mail) in mails {
        match send_mail(shop, &key, &mail).await {
            Err(error @ MailError::PutOff(_)) => outcome = Err(error),
            Err(error @ MailError::Refused(_)) => outcome = outcome.and(Err(error)),
            sent => sent?,
        }
    }
    outcome
}
