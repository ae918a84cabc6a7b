//! Any carrier: staff bring the parcel there, and type its name and the number that they were given.

use super::super::TrackingEvent;
use super::super::carrier::{Carrier, CarrierError, Label, LabelRequest, Rate, RateRequest};

/// A carrier that is not asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manual;

#[async_trait::async_trait]
impl Carrier for Manual {
    fn code(&self) -> &'static str {
        "manual"
    }

    fn name(&self) -> &'static str {
        "Another carrier"
    }

    /// Which carrier it is stands in the shipment: [`Carriers::tracking_url`](super::super::carrier::Carriers) knows.
    fn tracking_url(&self, _: &str) -> Option<String> {
        None
    }

    fn tracks(&self) -> bool {
        false
    }

    async fn rates(&self, _: &RateRequest) -> Result<Vec<Rate>, CarrierError> {
        Err(CarrierError::NotOffered)
    }

    async fn label(&self, _: &LabelRequest) -> Result<Label, CarrierError> {
        Err(CarrierError::NotOffered)
    }

    async fn track(&self, _: &str) -> Result<Vec<TrackingEvent>, CarrierError> {
        Err(CarrierError::NotOffered)
    }
}
