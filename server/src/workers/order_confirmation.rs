//! Mails the confirmation of each order that is placed.

use commerce::Shop;
use commerce::checkout::place_order::access_token;
use commerce::events::{Event, Handler, HandlerError, ORDER_PLACED};
use commerce::notifications::send_mail::send_mail;
use commerce::orders::{OrderPlaced, queries};

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
        kind == ORDER_PLACED.name
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let placed: OrderPlaced = event.read()?;
        let order = queries::by_id(shop.db.primary(), placed.order).await?;
        let order = order.ok_or_else(|| HandlerError("the order is gone".to_owned()))?;
        let token = access_token(shop, order.id);
        let address = format!("{}/checkout/confirmation/{}", self.public_url, token.as_str());
        let mail = app::mails::order_confirmation(&order, &shop.reference().settings, &address);
        let key = format!("order_confirmation:{}", order.id);
        send_mail(shop, &key, &mail).await.map_err(|error| HandlerError(error.to_string()))
    }
}
