//! Mails staff when little is left of something.

use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::inventory::{StockLow, queries};
use commerce::notifications::send_each::send_each;

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
        let recipients = queries::alert_recipients(shop.db.primary(), settings).await?;
        let mails = recipients.into_iter().map(|recipient| {
            let mail = app::mails::stock_low(&recipient, &low, settings, &self.public_url);
            (format!("stock_low:{}:{recipient}", event.id), mail)
        });
        Ok(send_each(shop, mails.collect()).await?)
    }
}
