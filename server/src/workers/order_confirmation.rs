//! Mails the confirmation of each order that is placed.

use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::send_mail::send_mail;
use commerce::orders::link::{View, link};
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
        let placed: OrderPlaced = event.read()?;
        let order = queries::by_id(shop.db.primary(), placed.order).await?;
        let order = order.ok_or_else(|| HandlerError::failed("the order is gone"))?;
        // Whoever ordered has asked to be forgotten meanwhile.
        if order.email.is_empty() {
            return Ok(());
        }
        let owed = pay::owed(shop.db.primary(), &order).await?;
        // Who has an account finds the order there; a mail is kept longer than a link should open it.
        let path = match queries::owner(shop.db.primary(), order.id).await? {
            Some(_) => format!("/account/orders/{}", order.number),
            None => format!("/orders/view/{}", link(shop, order.id, View::Whole)),
        };
        let address = format!("{}{path}", self.public_url);
        let mail = app::mails::order_confirmation(&order, owed, &shop.reference().settings, &address);
        let key = format!("order_confirmation:{}", order.id);
        send_mail(shop, &key, &mail).await.map_err(HandlerError::failed)
    }
}
