//! Payment in advance by bank transfer.

use super::{
    Action, Answer, Fact, Gateway, GatewayError, OperationRequest, Outcome, PaymentContext, PaymentRef, PaymentRequest,
    PaymentTerms,
};

/// The shopper sends the money; staff see it arrive, and send it back.
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

    fn agrees_at_once(&self) -> bool {
        true
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Answer, GatewayError> {
        // The order number is what the transfer is recognised by.
        Ok(Answer::Decided { reference: Some(request.order_number.clone()), facts: Vec::new() })
    }

    async fn look_up(&self, _: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        Ok(Vec::new())
    }

    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        Ok(by_hand(operation))
    }
}

/// What is done without anybody doing it: all but giving money back, which staff say once they have.
pub(super) fn by_hand(operation: &OperationRequest) -> Vec<Fact> {
    if operation.action == Action::Refund {
        return Vec::new();
    }
    vec![Fact {
        name: operation.id.to_string(),
        action: operation.action,
        outcome: Outcome::Succeeded,
        amount: operation.amount,
        reference: None,
        operation: Some(operation.id),
        reason: None,
    }]
}
