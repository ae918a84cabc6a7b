//! Mails staff when a gateway does not do what was decided, or lets go what an order is to be paid with.

use app::mails::{PaymentTrouble, payment_trouble};
use commerce::Shop;
use commerce::accounts::queries::admins;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::send_each::send_each;
use commerce::orders::{Lifecycle, Order, OrderId, queries};
use commerce::payments::{Action, PaymentFailed, PaymentVoided, ledger};

/// Sends the alerts. The event and the address are the key of a mail, so that there is one however often it is asked
/// for.
#[derive(Debug)]
pub struct PaymentAlerts {
    /// Where the shop is found.
    pub public_url: String,
}

#[async_trait::async_trait]
impl Handler for PaymentAlerts {
    fn name(&self) -> &'static str {
        "payment_alerts"
    }

    fn wants(&self, kind: &str) -> bool {
        [PaymentFailed::KIND.name, PaymentVoided::KIND.name].contains(&kind)
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let db = shop.db.primary();
        let Some(order) = queries::by_id(db, OrderId(event.aggregate)).await? else { return Ok(()) };
        let Some((gateway, trouble)) = trouble(shop, event, &order).await? else { return Ok(()) };
        let settings = &shop.reference().settings;
        let mails = admins(db).await?.into_iter().map(|recipient| {
            let mail = payment_trouble(&recipient, order.number, &gateway, &trouble, settings, &self.public_url);
            (format!("payment_alert:{}:{recipient}", event.id), mail)
        });
        Ok(send_each(shop, mails.collect()).await?)
    }
}

/// At which gateway there is which trouble, if it is any for staff.
async fn trouble(shop: &Shop, event: &Event, order: &Order) -> Result<Option<(String, PaymentTrouble)>, HandlerError> {
    if event.kind == PaymentVoided::KIND.name {
        let voided: PaymentVoided = event.read()?;
        let lapsed = order.lifecycle == Lifecycle::Placed
            && ledger::has_lapsed(shop.db.primary(), order.id, voided.attempt).await?;
        return Ok(lapsed.then_some((voided.gateway, PaymentTrouble::Lapsed)));
    }
    let failed: PaymentFailed = event.read()?;
    let trouble = match failed.action {
        // Who is about to pay is told at once.
        Action::Capture if order.lifecycle != Lifecycle::AwaitingPayment => PaymentTrouble::NotTaken(failed.reason),
        Action::Refund => PaymentTrouble::NotGivenBack(failed.reason),
        _ => return Ok(None),
    };
    Ok(Some((failed.gateway, trouble)))
}
