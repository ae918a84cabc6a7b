//! Mails: kept in the mailbox table, and sent where the shop can send.

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub mod purge;
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
    /// The mail server did not take it.
    #[error("mail not sent: {0}")]
    NotSent(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sea_orm::DbErr),
}

/// Someone who sends mails.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Hands a mail to its mail server. A mail that is sent again after a crash
    /// has the same identifier, by which mail programs know it.
    ///
    /// # Errors
    /// [`MailError::NotSent`].
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailError>;
}
