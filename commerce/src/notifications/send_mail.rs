//! Puts a mail into the mailbox, and sends it where there is a mail server.

use super::{Mail, MailError, MailId};
use crate::Shop;
use crate::db::{in_groups, placeholders, sql};
use sea_orm::{ConnectionTrait, DbErr, Value};

/// Keeps a mail once per key and sends it, unless that was done already.
/// Without a mail server the mailbox is where it is read.
///
/// # Errors
/// [`MailError`]; the same call later goes on where this one stopped.
pub async fn send_mail(shop: &Shop, idempotency_key: &str, mail: &Mail) -> Result<(), MailError> {
    let db = shop.db.primary();
    keep_mails(shop, &[(idempotency_key.to_owned(), mail.clone())]).await?;
    let Some(mailer) = &shop.mailer else { return Ok(()) };
    let text = "SELECT id FROM mails WHERE idempotency_key = $1 AND sent_at IS NULL";
    if let Some(unsent) = db.query_one_raw(sql(db, text, [idempotency_key.into()])).await? {
        mailer.send(unsent.try_get("", "id")?, mail).await?;
        let text = "UPDATE mails SET sent_at = $2 WHERE idempotency_key = $1";
        db.execute_raw(sql(db, text, [idempotency_key.into(), shop.clock.now().into()])).await?;
    }
    Ok(())
}

/// Keeps mails in the mailbox, each once per key.
///
/// # Errors
/// When the database fails; some of them may then be kept.
pub async fn keep_mails(shop: &Shop, mails: &[(String, Mail)]) -> Result<(), DbErr> {
    const COLUMNS: usize = 7;
    let now = shop.clock.now();
    let db = shop.db.primary();
    for mails in in_groups(mails) {
        let rows = (0..mails.len()).map(|row| format!("({})", placeholders(1 + row * COLUMNS, COLUMNS)));
        let text = format!(
            "INSERT INTO mails (id, idempotency_key, recipient, subject, text, html, created_at)
             VALUES {} ON CONFLICT (idempotency_key) DO NOTHING",
            rows.collect::<Vec<_>>().join(", "),
        );
        let values = mails.iter().flat_map(|(key, mail)| -> [Value; COLUMNS] {
            let Mail { recipient, subject, text, html } = mail.clone();
            let id = MailId::new(now).into();
            [id, key.clone().into(), recipient.into(), subject.into(), text.into(), html.into(), now.into()]
        });
        db.execute_raw(sql(db, &text, values)).await?;
    }
    Ok(())
}
