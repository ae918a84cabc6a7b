//! Notes what gateways keep for whoever has paid.

use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::payments::saved::keep::{KeepError, keep};
use commerce::payments::{GatewayError, PaymentProcessed};

/// Asks the gateway of each payment what it keeps for next time. Asked again, it notes the same.
#[derive(Debug)]
pub struct SavedMethods;

#[async_trait::async_trait]
impl Handler for SavedMethods {
    fn name(&self) -> &'static str {
        "saved_methods"
    }

    fn wants(&self, kind: &str) -> bool {
        kind == PaymentProcessed::KIND.name
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let paid: PaymentProcessed = event.read()?;
        match keep(shop, paid.order, &paid.gateway, paid.attempt).await {
            Ok(()) => Ok(()),
            Err(KeepError::Gateway(error @ GatewayError::Unavailable(_))) => Err(HandlerError::not_now(error)),
            Err(KeepError::Gateway(error)) => Err(HandlerError::failed(error)),
            Err(KeepError::Db(error)) => Err(error.into()),
        }
    }
}
