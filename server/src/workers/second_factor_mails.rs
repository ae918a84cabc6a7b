//! Mails what people are to know of their second factor, and codes to sign in with.

use commerce::Shop;
use commerce::accounts::queries;
use commerce::accounts::second_factor::{
    FactorAdded, FactorRemoved, RecoveryCodeUsed, SignInCodeRequested, email_code,
};
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::send_mail::send_mail;

/// Sends the mails about second factors. The event is the key of its mail.
#[derive(Debug)]
pub struct SecondFactorMails {
    /// Where the shop is found.
    pub public_url: String,
}

#[async_trait::async_trait]
impl Handler for SecondFactorMails {
    fn name(&self) -> &'static str {
        "second_factor_mails"
    }

    fn wants(&self, kind: &str) -> bool {
        [FactorAdded::KIND, FactorRemoved::KIND, RecoveryCodeUsed::KIND, SignInCodeRequested::KIND]
            .iter()
            .any(|known| known.name == kind)
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        // Who has gone meanwhile gets no mail. What these events are about is a person.
        let user = commerce::accounts::UserId(event.aggregate);
        let Some((email, name)) = queries::contact(shop.db.primary(), user).await? else { return Ok(()) };
        let settings = &shop.reference().settings;
        let url = format!("{}/account/security", self.public_url);
        let mail = if event.kind == FactorAdded::KIND.name {
            app::mails::factor_added(&email, &name, settings, event.read::<FactorAdded>()?.kind, &url)
        } else if event.kind == FactorRemoved::KIND.name {
            app::mails::factor_removed(&email, &name, settings, event.read::<FactorRemoved>()?.kind, &url)
        } else if event.kind == RecoveryCodeUsed::KIND.name {
            app::mails::recovery_code_used(&email, &name, settings, event.read::<RecoveryCodeUsed>()?.left, &url)
        } else {
            let data: SignInCodeRequested = event.read()?;
            let code = email_code::code(shop, data.pending, data.number);
            app::mails::sign_in_code(&email, &name, settings, &code)
        };
        let key = format!("second factor:{}", event.id);
        Ok(send_mail(shop, &key, &mail).await?)
    }
}
