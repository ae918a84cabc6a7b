//! Mails staff when little is left of something.

use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::inventory::{StockLow, queries};
use commerce::notifications::send_mail::send_mail;

/// Sends the alerts. The event and the address are the key of a mail, so that there is one however often it is asked
/// for.
#[derive(Debug)]
pub struct StockAlerts {
    /// Where the shop is found.
    pub public_url: String,
}

#[async_trait::async_trait]
impl Handler for StockAlerts {
    fn name(&self) -> &'static str {
        "stock_alerts"
    }

    fn wants(&self, kind: &str) -> bool {
        kind == StockLow::KIND.name
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let low: StockLow = event.read()?;
        let settings = &shop.reference().settings;
        for recipient in queries::alert_recipients(shop.db.primary(), settings).await? {
            let mail = app::mails::stock_low(&recipient, &low, settings, &self.public_url);
            let key = format!("stock_low:{}:{recipient}", event.id);
            send_mail(shop, &key, &mail).await.map_err(HandlerError::failed)?;
        }
        Ok(())
    }
}
