//! Mails the confirmation of each order that is placed.

use super::order_mails::path_of;
use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::Mail;
use commerce::notifications::send_each::send_each;
use commerce::notifications::send_mail::keep_mails;
use commerce::orders::{OrderPlaced, queries};
use commerce::payments::pay;

/// Sends confirmations. The order is the key of its mail, so that there is one however often it is asked for.
#[derive(Debug)]
pub struct OrderConfirmation {
    /// Where the page of an order is found.
    pub public_url: String,
}

#[async_trait::async_trait]
impl Handler for OrderConfirmation {
    fn name(&self) -> &'static str {
        "order_confirmation"
    }

    fn wants(&self, kind: &str) -> bool {
        kind == OrderPlaced::KIND.name
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        Ok(send_each(shop, self.mails(shop, std::slice::from_ref(event)).await?).await?)
    }

    async fn handle_together(&self, shop: &Shop, events: &[Event]) -> Option<Result<(), HandlerError>> {
        // A mail server takes one after the other: several at a time are faster there.
        if shop.mailer.is_some() {
            return None;
        }
        let kept = async {
            let mails = self.mails(shop, events).await?;
            keep_mails(shop, &mails).await.map_err(HandlerError::from)
        };
        Some(kept.await)
    }
}

impl OrderConfirmation {
    /// The confirmations that are due by these events, each with its key.
    async fn mails(&self, shop: &Shop, events: &[Event]) -> Result<Vec<(String, Mail)>, HandlerError> {
        let db = shop.db.primary();
        let placed = events.iter().map(Event::read::<OrderPlaced>).collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<_> = placed.iter().map(|placed| placed.order).collect();
        let mut orders = queries::by_ids(db, &ids).await?;
        if orders.len() < ids.len() {
            return Err(HandlerError::failed("the order is gone"));
        }
        // Whoever ordered has asked to be forgotten meanwhile.
        orders.retain(|order| !order.email.is_empty());
        let owed = pay::owed_each(db, &orders).await?;
        let owners = queries::owners(db, &ids).await?;
        let mails = orders.iter().zip(owed).map(|(order, owed)| {
            let url = format!("{}{}", self.public_url, path_of(shop, order, owners.contains_key(&order.id)));
            let mail = app::mails::order_confirmation(order, owed, &shop.reference().settings, &url);
            (format!("order_confirmation:{}", order.id), mail)
        });
        Ok(mails.collect())
    }
}
