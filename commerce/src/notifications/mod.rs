//! Mails: kept in the mailbox table, and sent where the shop can send.

#[cfg(feature = "ssr")]
use crate::events::HandlerError;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod purge;
#[cfg(feature = "ssr")]
pub mod send_each;
#[cfg(feature = "ssr")]
pub mod send_mail;
#[cfg(feature = "ssr")]
mod smtp;
#[cfg(feature = "ssr")]
pub use smtp::Smtp;

id!(
    /// Identifies a mail.
    MailId
);

/// A mail, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address it goes to.
    pub recipient: String,
    /// Its subject, on one line.
    pub subject: String,
    /// What it says, for readers without HTML.
    pub text: String,
    /// What it says, as an HTML document.
    pub html: String,
}

/// Why a mail was not sent.
#[cfg(feature = "ssr")]
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail server takes no mails now: it is not there, or does not let the shop in.
    #[error("mail not sent: {0}")]
    NotNow(String),
    /// The mail server does not take this one yet: its recipient's mailbox is full, or who is unknown there has to come
    /// again.
    #[error("mail not sent: {0}")]
    PutOff(String),
    /// The mail server does not take this one, or it can't be sent to anybody.
    #[error("mail not sent: {0}")]
    Refused(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

/// A server that is away is waited for, as all mails need it. One recipient who can't be reached yet is none of the
/// others' business: only what is about the same waits, and not for ever.
#[cfg(feature = "ssr")]
impl From<MailError> for HandlerError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::NotNow(_) => Self::not_now(error),
            MailError::PutOff(_) => Self::put_off(error),
            MailError::Refused(_) => Self::failed(error),
            MailError::Db(error) => error.into(),
        }
    }
}

/// Someone who sends mails.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Hands a mail to its mail server. A mail that is sent again after a crash
    /// has the same identifier, by which mail programs know it.
    ///
    /// # Errors
    /// Any [`MailError`] but that of the database.
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailError>;
}
