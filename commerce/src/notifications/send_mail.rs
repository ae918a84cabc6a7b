//! Puts a mail into the mailbox, and sends it where there is a mail server.

use super::{Mail, MailError, MailId};
use crate::Shop;
use crate::db::sql;
use sea_orm::ConnectionTrait;

/// Keeps a mail once per key and sends it, unless that was done already.
/// Without a mail server the mailbox is where it is read.
///
/// # Errors
/// [`MailError`]; the same call later goes on where this one stopped.
pub async fn send_mail(shop: &Shop, idempotency_key: &str, mail: &Mail) -> Result<(), MailError> {
    let now = shop.clock.now();
    let db = shop.db.primary();
    let text = "INSERT INTO mails (id, idempotency_key, recipient, subject, text, html, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING";
    let values = [
        MailId::new(now).into(),
        idempotency_key.into(),
        mail.recipient.clone().into(),
        mail.subject.clone().into(),
        mail.text.clone().into(),
        mail.html.clone().into(),
        now.into(),
    ];
    db.execute_raw(sql(db, text, values)).await?;
    let Some(mailer) = &shop.mailer else { return Ok(()) };
    let text = "SELECT id FROM mails WHERE idempotency_key = $1 AND sent_at IS NULL";
    if let Some(unsent) = db.query_one_raw(sql(db, text, [idempotency_key.into()])).await? {
        mailer.send(unsent.try_get("", "id")?, mail).await?;
        let text = "UPDATE mails SET sent_at = $2 WHERE idempotency_key = $1";
        db.execute_raw(sql(db, text, [idempotency_key.into(), shop.clock.now().into()])).await?;
    }
    Ok(())
}
