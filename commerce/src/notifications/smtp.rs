//! Sends mails through a mail server.

use super::{Mail, MailError, MailId, Mailer};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;
use tokio::time::timeout;

/// How long a mail may take to be sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the server may take to answer without a mail: both together are less than a handler has.
const ANSWER: Duration = Duration::from_secs(5);

/// By which answer a server says that it closes, whatever it was asked.
const CLOSES: u16 = 421;

/// A mail server by its `smtp://` or `smtps://` address.
#[derive(Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl Smtp {
    /// Connects at the first mail.
    ///
    /// # Errors
    /// What is wrong with the address of the server or the sender.
    pub fn new(url: &str, sender: &str) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| error.to_string())?;
        let sender = sender.parse().map_err(|_| format!("no sender address: {sender}"))?;
        Ok(Self { transport: transport.timeout(Some(PATIENCE)).build(), sender })
    }
}

impl Smtp {
    /// Why a mail was not sent: `None` where nothing was answered.
    ///
    /// An error doesn't tell whether it was the mail that was not taken, or the shop that was not let in. So the server
    /// is asked once more, without a mail.
    async fn reason(&self, error: Option<Error>) -> MailError {
        let closes = error.as_ref().and_then(Error::status).is_some_and(|code| u16::from(code) == CLOSES);
        let is_final = error.as_ref().is_some_and(|error| error.is_permanent() || error.is_client());
        let text = error.map_or_else(|| "no answer".to_owned(), |error| error.to_string());
        let takes_mails = !closes && matches!(timeout(ANSWER, self.transport.test_connection()).await, Ok(Ok(true)));
        match (takes_mails, is_final) {
            (false, _) => MailError::NotNow(text),
            (true, true) => MailError::Refused(text),
            (true, false) => MailError::PutOff(text),
        }
    }
}

#[async_trait::async_trait]
impl Mailer for Smtp {
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailError> {
        let refused = |error: &dyn std::fmt::Display| MailError::Refused(error.to_string());
        let recipient: Mailbox = mail.recipient.parse().map_err(|error| refused(&error))?;
        let message = Message::builder()
            .from(self.sender.clone())
            .to(recipient)
            .message_id(Some(format!("<{id}@{}>", self.sender.email.domain())))
            .subject(&mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|error| refused(&error))?;
        match timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.reason(Some(error)).await),
            Err(_) => Err(self.reason(None).await),
        }
    }
}
