//! Payment in cash when the parcel is handed over.

use super::{Accepted, Gateway, GatewayError, PaymentContext, PaymentRequest, PaymentTerms};

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

    async fn request(&self, _: &PaymentRequest) -> Result<Accepted, GatewayError> {
        Ok(Accepted { reference: None })
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
