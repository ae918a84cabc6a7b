//! The trait of carriers.

use super::TrackingEvent;
use super::carriers::tracking_pages;
use crate::checkout::Address;
use crate::money::Money;
use crate::orders::Order;
use crate::settings::Settings;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who sends or gets a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The firm, perhaps empty.
    pub company: String,
    /// For questions of the carrier, perhaps empty.
    pub phone: String,
    /// For messages of the carrier, perhaps empty.
    pub email: String,
    /// Where it goes or comes from, with the name of the person.
    pub address: Address,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its weight with everything in it, in grams.
    pub weight_grams: i64,
    /// Its length, width and height in centimetres.
    pub size_cm: [u32; 3],
    /// What is in it, in a few words for the carrier and customs.
    pub contents: String,
    /// What that is worth.
    pub value: Money,
}

impl Party {
    /// The shop, as it sends parcels.
    pub fn seller(settings: &Settings) -> Self {
        let seller = &settings.seller;
        Self {
            company: seller.address.name.clone(),
            phone: seller.phone.clone(),
            email: settings.email.clone(),
            address: seller.address.clone(),
        }
    }

    /// Whoever gets an order.
    pub fn recipient(order: &Order) -> Self {
        let address = order.delivery_address.clone();
        Self { company: String::new(), phone: order.phone.clone(), email: order.email.clone(), address }
    }
}

impl Parcel {
    /// The weight in kilograms, of at least 100 grams: carriers take nothing lighter.
    pub fn kilograms(&self) -> f64 {
        self.weight_grams.max(100) as f64 / 1_000.0
    }
}

/// What a carrier is asked the price of.
#[derive(Clone, Debug)]
pub struct RateRequest {
    /// Who sends it.
    pub from: Party,
    /// Who gets it.
    pub to: Party,
    /// What is sent.
    pub parcel: Parcel,
    /// When it is handed over.
    pub at: DateTime<Utc>,
}

/// What a carrier would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The code of the service, for [`LabelRequest::service`].
    pub service: String,
    /// What people call it.
    pub name: String,
    /// What it costs.
    pub price: Money,
    /// When it comes, if the carrier says.
    pub arrives_on: Option<NaiveDate>,
}

/// What a carrier is asked a label for.
#[derive(Clone, Debug)]
pub struct LabelRequest {
    /// Identifies the request: [`labels::buy`](super::labels::buy) asks the carrier once for each.
    pub key: String,
    /// The number of the order, printed on the label where there is room.
    pub order_number: String,
    /// The code of the service.
    pub service: String,
    /// Who sends it.
    pub from: Party,
    /// Who gets it.
    pub to: Party,
    /// What is sent.
    pub parcel: Parcel,
    /// When it is handed over.
    pub at: DateTime<Utc>,
}

/// A label to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What the carrier calls the order of the label, where that is not the tracking number.
    pub reference: Option<String>,
    /// What the carrier knows the parcel by.
    pub tracking_number: String,
    /// What is printed.
    pub document: Vec<u8>,
    /// What kind of file that is.
    pub media_type: String,
    /// What it costs, if the carrier says.
    pub cost: Option<Money>,
}

/// Why a carrier did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// It did not answer, or not now; the same may be asked again.
    #[error("carrier unavailable")]
    Unavailable,
    /// It won't, for the reason that it gives to staff.
    #[error("carrier refused: {0}")]
    Refused(String),
    /// It answered with something that can't be read. It may have done what it was asked.
    #[error("carrier answered something that can't be read")]
    Unreadable,
    /// It has no such service.
    #[error("not offered by this carrier")]
    NotOffered,
}

/// Someone who brings parcels to people. Never called inside a transaction.
#[async_trait::async_trait]
pub trait Carrier: Send + Sync + std::fmt::Debug {
    /// Identifies it in forms and shipments.
    fn code(&self) -> &'static str;

    /// What people call it.
    fn name(&self) -> &'static str;

    /// Where people can see how far a parcel has come.
    fn tracking_url(&self, number: &str) -> Option<String>;

    /// Whether it can be asked how far a parcel has come.
    fn tracks(&self) -> bool {
        true
    }

    /// What it would take for a parcel, by service.
    ///
    /// # Errors
    /// [`CarrierError`].
    async fn rates(&self, request: &RateRequest) -> Result<Vec<Rate>, CarrierError>;

    /// A label for a parcel, which may cost money each time.
    ///
    /// # Errors
    /// [`CarrierError`].
    async fn label(&self, request: &LabelRequest) -> Result<Label, CarrierError>;

    /// What it tells about a parcel; nothing where it has not seen it yet.
    ///
    /// # Errors
    /// [`CarrierError`].
    async fn track(&self, number: &str) -> Result<Vec<TrackingEvent>, CarrierError>;
}

/// The carriers of a shop, in the order in which staff are offered them.
#[derive(Clone, Debug, Default)]
pub struct Carriers(Vec<Arc<dyn Carrier>>);

impl Carriers {
    /// These carriers.
    pub fn new(carriers: Vec<Arc<dyn Carrier>>) -> Self {
        Self(carriers)
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<dyn Carrier>] {
        &self.0
    }

    /// The carrier with this code.
    pub fn get(&self, code: &str) -> Option<&Arc<dyn Carrier>> {
        self.0.iter().find(|carrier| carrier.code() == code)
    }

    /// What people call what a shipment names as its carrier: a code, or a name that staff typed.
    pub fn name<'a>(&self, carrier: &'a str) -> &'a str {
        self.get(carrier).map_or(carrier, |carrier| carrier.name())
    }

    /// Where people can see how far a parcel has come; `carrier` is a code, or a name that staff typed.
    pub fn tracking_url(&self, carrier: &str, number: &str) -> Option<String> {
        match self.get(carrier) {
            Some(carrier) => carrier.tracking_url(number),
            None => tracking_pages::url(carrier, number),
        }
    }
}
