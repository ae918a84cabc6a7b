//! Payment in cash when the parcel is handed over.

use super::bank_transfer::by_hand;
use super::{
    Answer, Fact, Gateway, GatewayError, OperationRequest, PaymentContext, PaymentRef, PaymentRequest, PaymentTerms,
};

/// The carrier collects the money, in the shop's own country, up to a limit.
#[derive(Debug)]
pub struct CashOnDelivery {
    /// Where carriers collect it, as ISO 3166-1 alpha-2.
    pub country: String,
    /// The most they collect, in minor units.
    pub limit: i64,
}

#[async_trait::async_trait]
impl Gateway for CashOnDelivery {
    fn code(&self) -> &'static str {
        "cash_on_delivery"
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::OnDelivery
    }

    fn is_offered_for(&self, context: PaymentContext<'_>) -> bool {
        context.country == self.country && context.total.minor() <= self.limit
    }

    fn agrees_at_once(&self) -> bool {
        true
    }

    async fn request(&self, _: &PaymentRequest) -> Result<Answer, GatewayError> {
        Ok(Answer::Decided { reference: None, facts: Vec::new() })
    }

    async fn look_up(&self, _: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        Ok(Vec::new())
    }

    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        Ok(by_hand(operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money};

    #[test]
    fn is_offered_at_home_up_to_the_limit() {
        let cash = CashOnDelivery { country: "DE".to_owned(), limit: 50_000 };
        let offered =
            |minor, country| cash.is_offered_for(PaymentContext { total: Money::new(minor, Currency::EUR), country });
        assert!(offered(50_000, "DE"));
        assert!(!offered(50_001, "DE"));
        assert!(!offered(100, "FR"));
    }
}
