//! Sends mails through a mail server.

use super::{Mail, MailError, MailId, Mailer};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

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
        Ok(Self { transport: transport.timeout(Some(std::time::Duration::from_secs(20))).build(), sender })
    }
}

#[async_trait::async_trait]
impl Mailer for Smtp {
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailError> {
        let not_sent = |error: &dyn std::fmt::Display| MailError::NotSent(error.to_string());
        let recipient: Mailbox = mail.recipient.parse().map_err(|error| not_sent(&error))?;
        let message = Message::builder()
            .from(self.sender.clone())
            .to(recipient)
            .message_id(Some(format!("<{id}@{}>", self.sender.email.domain())))
            .subject(&mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|error| not_sent(&error))?;
        self.transport.send(message).await.map_err(|error| not_sent(&error))?;
        Ok(())
    }
}
