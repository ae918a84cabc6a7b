//! Mails what people are to know of their account.

use commerce::Shop;
use commerce::accounts::identity::IdentityLinked;
use commerce::accounts::{
    PasswordChanged, PasswordResetRequested, RegistrationRepeated, UserId, UserRegistered, link_token, queries,
};
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::Mail;
use commerce::notifications::send_mail::send_mail;
use commerce::settings::Settings;

/// Sends the mails about accounts. The event is the key of its mail, so that there is one however often it is asked
/// for.
#[derive(Debug)]
pub struct AccountMails {
    /// Where the shop is found.
    pub public_url: String,
}

type Draw = fn(&str, &str, &Settings, &str) -> Mail;

impl AccountMails {
    /// To whom an event is told, how, and where its button leads.
    fn plan(&self, shop: &Shop, event: &Event) -> Result<(UserId, Draw, String), HandlerError> {
        let page = |path: &str| format!("{}{path}", self.public_url);
        Ok(if event.kind == UserRegistered::KIND.name {
            let data: UserRegistered = event.read()?;
            let token = link_token(shop, data.verification);
            (data.user, app::mails::verify_email, page(&format!("/auth/verify/{}", token.as_str())))
        } else if event.kind == RegistrationRepeated::KIND.name {
            let data: RegistrationRepeated = event.read()?;
            (data.user, app::mails::registration_repeated, page("/auth/signin"))
        } else if event.kind == PasswordResetRequested::KIND.name {
            let data: PasswordResetRequested = event.read()?;
            let token = link_token(shop, data.verification);
            (data.user, app::mails::reset_password, page(&format!("/auth/reset/{}", token.as_str())))
        } else if event.kind == IdentityLinked::KIND.name {
            let data: IdentityLinked = event.read()?;
            (data.user, app::mails::identity_linked, page("/account/security"))
        } else {
            let data: PasswordChanged = event.read()?;
            (data.user, app::mails::password_changed, page("/auth/forgot"))
        })
    }
}

#[async_trait::async_trait]
impl Handler for AccountMails {
    fn name(&self) -> &'static str {
        "account_mails"
    }

    fn wants(&self, kind: &str) -> bool {
        let known = [
            UserRegistered::KIND,
            RegistrationRepeated::KIND,
            PasswordResetRequested::KIND,
            PasswordChanged::KIND,
            IdentityLinked::KIND,
        ];
        known.iter().any(|known| known.name == kind)
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let (user, draw, url) = self.plan(shop, event)?;
        // Who has gone meanwhile gets no mail.
        let Some((email, name)) = queries::contact(shop.db.primary(), user).await? else { return Ok(()) };
        let mail = draw(&email, &name, &shop.reference().settings, &url);
        let key = format!("account:{}", event.id);
        Ok(send_mail(shop, &key, &mail).await?)
    }
}
