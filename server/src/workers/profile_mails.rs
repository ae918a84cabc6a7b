//! Mails what concerns the address of an account, and says goodbye.

use commerce::Shop;
use commerce::accounts::{
    AccountErased, EmailChangeRequested, EmailChanged, VerificationId, change_email, link_token, queries,
};
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::Mail;
use commerce::notifications::send_each::send_each;

/// Sends these mails. The event is the key of its mails, so that each is sent once however often it is asked for, and
/// erasing an account finds them.
#[derive(Debug)]
pub struct ProfileMails {
    /// Where the shop is found.
    pub public_url: String,
}

impl ProfileMails {
    fn link(&self, shop: &Shop, id: VerificationId) -> String {
        format!("{}/auth/email/{}", self.public_url, link_token(shop, id).as_str())
    }

    /// The mails to both addresses, each with what its key ends with.
    async fn ask_both(
        &self,
        shop: &Shop,
        asked: &EmailChangeRequested,
    ) -> Result<Vec<(&'static str, Mail)>, HandlerError> {
        let db = shop.db.primary();
        let settings = &shop.reference().settings;
        // Cancelled or replaced meanwhile: these links are good for nothing.
        let Some(change) = change_email::pending(db, asked.user, shop.clock.now()).await? else { return Ok(vec![]) };
        let Some((email, name)) = queries::contact(db, asked.user).await? else { return Ok(vec![]) };
        let new = if asked.taken {
            app::mails::email_has_account(&change.email, settings, &format!("{}/auth/signin", self.public_url))
        } else {
            app::mails::confirm_new_email(&change.email, settings, &self.link(shop, asked.new_link))
        };
        let link = self.link(shop, asked.old_link);
        let old = app::mails::confirm_old_email(&email, &name, &change.email, settings, &link);
        Ok(vec![(":new", new), (":old", old)])
    }
}

#[async_trait::async_trait]
impl Handler for ProfileMails {
    fn name(&self) -> &'static str {
        "profile_mails"
    }

    fn wants(&self, kind: &str) -> bool {
        [EmailChangeRequested::KIND, EmailChanged::KIND, AccountErased::KIND].iter().any(|known| known.name == kind)
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let settings = &shop.reference().settings;
        let mails = if event.kind == EmailChangeRequested::KIND.name {
            self.ask_both(shop, &event.read()?).await?
        } else if event.kind == EmailChanged::KIND.name {
            let data: EmailChanged = event.read()?;
            let contact = queries::contact(shop.db.primary(), data.user).await?;
            let url = format!("{}/account/profile", self.public_url);
            contact
                .map(|(email, name)| ("", app::mails::email_changed(&email, &name, settings, &url)))
                .into_iter()
                .collect()
        } else {
            let gone: AccountErased = event.read()?;
            vec![("", app::mails::account_erased(&gone.email, &gone.name, settings, &self.public_url))]
        };
        let mails = mails.into_iter().map(|(side, mail)| (format!("account:{}{side}", event.id), mail));
        Ok(send_each(shop, mails.collect()).await?)
    }
}
