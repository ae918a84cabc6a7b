//! Payment in advance by bank transfer.

use super::{Accepted, Gateway, GatewayError, PaymentContext, PaymentRequest, PaymentTerms};

/// The shopper sends the money; staff see it arrive.
#[derive(Debug)]
pub struct BankTransfer;

#[async_trait::async_trait]
impl Gateway for BankTransfer {
    fn code(&self) -> &'static str {
        "bank_transfer"
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::InAdvance
    }

    fn is_offered_for(&self, _: PaymentContext<'_>) -> bool {
        true
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Accepted, GatewayError> {
        // The order number is what the transfer is recognised by.
        Ok(Accepted { reference: Some(request.order_number.clone()) })
    }
}
