//! DHL Express, by MyDHL API.
//!
//! Documentation: <https://developer.dhl.com/api-reference/dhl-express-mydhl-api>.

use super::super::carrier::{Carrier, CarrierError, Label, LabelRequest, Parcel, Party, Rate, RateRequest};
use super::super::{TrackingEvent, TrackingKind};
use super::http::{Failure, HttpError, ask, client, money, number, with_json};
use super::{at_most, is_declared, tracking_pages};
use crate::money::{Currency, Money};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Number, Value, json};

/// Who the shop is at DHL.
#[derive(Clone)]
pub struct DhlAccount {
    /// The name that programs sign in with.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The account that is billed.
    pub account: String,
    /// Where DHL is asked: `https://express.api.dhl.com/mydhlapi`, or that and `/test` to try it.
    pub url: String,
}

/// DHL Express.
pub struct Dhl {
    account: DhlAccount,
    http: Client,
}

impl std::fmt::Debug for Dhl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dhl").field("url", &self.account.url).finish_non_exhaustive()
    }
}

/// The currency that the account is billed in, among those that a price is told in.
const BILLED: &str = "BILLC";

impl Dhl {
    /// DHL Express for a shop that has an account there.
    ///
    /// # Errors
    /// When there can be no client to ask it with.
    pub fn new(account: DhlAccount) -> Result<Self, HttpError> {
        Ok(Self { account, http: client()? })
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.account.username, Some(&self.account.password))
    }

    fn accounts(&self) -> Value {
        json!([{ "typeCode": "shipper", "number": self.account.account }])
    }

    async fn quote(&self, request: &RateRequest) -> Result<Vec<Rate>, Failure> {
        let (from, to) = (&request.from.address, &request.to.address);
        let worth = &request.parcel.value;
        let body = json!({
            "customerDetails": { "shipperDetails": postal(&request.from), "receiverDetails": postal(&request.to) },
            "accounts": self.accounts(),
            "plannedShippingDateAndTime": planned(request.at),
            "unitOfMeasurement": "metric",
            "isCustomsDeclarable": is_declared(&from.country, &to.country),
            "monetaryAmount": [
                { "typeCode": "declaredValue", "value": number(*worth), "currency": worth.currency().code() },
            ],
            "packages": [package(&request.parcel)],
        });
        let asked = self.signed(self.http.post(format!("{}/rates", self.account.url)));
        let quotes: Quotes = ask(with_json(asked, &body), message).await?;
        Ok(quotes.products.into_iter().filter_map(Product::into_rate).collect())
    }

    async fn ship(&self, request: &LabelRequest) -> Result<Label, Failure> {
        let party = |party: &Party| json!({ "postalAddress": postal(party), "contactInformation": contact(party) });
        let worth = &request.parcel.value;
        let mut content = json!({
            "packages": [package(&request.parcel)],
            "isCustomsDeclarable": false,
            "description": at_most(&request.parcel.contents, 70),
            "incoterm": "DAP",
            "unitOfMeasurement": "metric",
        });
        if is_declared(&request.from.address.country, &request.to.address.country) {
            content["isCustomsDeclarable"] = json!(true);
            content["declaredValue"] = number(*worth);
            content["declaredValueCurrency"] = json!(worth.currency().code());
            content["exportDeclaration"] = declaration(request);
        }
        let body = json!({
            "plannedShippingDateAndTime": planned(request.at),
            "pickup": { "isRequested": false },
            "productCode": request.service,
            "accounts": self.accounts(),
            "customerDetails": { "shipperDetails": party(&request.from), "receiverDetails": party(&request.to) },
            "customerReferences": [{ "typeCode": "CU", "value": at_most(&request.order_number, 35) }],
            "outputImageProperties": {
                "encodingFormat": "pdf",
                "imageOptions": [{ "typeCode": "label", "templateName": "ECOM26_84_001" }],
            },
            "content": content,
        });
        let asked = self.signed(self.http.post(format!("{}/shipments", self.account.url)));
        // Another length is refused.
        let asked = if (28..=36).contains(&request.key.len()) {
            asked.header("Message-Reference", &request.key)
        } else {
            asked
        };
        let made: Shipped = ask(with_json(asked, &body), message).await?;
        let label = made.documents.into_iter().find(|document| document.type_code == "label");
        let document = label.and_then(|label| STANDARD.decode(label.content).ok()).ok_or(CarrierError::Unreadable)?;
        Ok(Label {
            reference: made.dispatch_confirmation_number,
            tracking_number: made.shipment_tracking_number,
            document,
            media_type: "application/pdf".to_owned(),
            cost: billed(&made.shipment_charges),
        })
    }

    async fn checkpoints(&self, tracking_number: &str) -> Result<Vec<TrackingEvent>, Failure> {
        let number: String = tracking_number.chars().filter(char::is_ascii_alphanumeric).collect();
        let asked = self.http.get(format!("{}/shipments/{number}/tracking", self.account.url));
        let asked = asked.query(&[("trackingView", "all-checkpoints"), ("levelOfDetail", "shipment")]);
        let tracked: Tracked = match ask(self.signed(asked), message).await {
            // It was not scanned yet.
            Err(Failure::NotFound) => return Ok(Vec::new()),
            answer => answer?,
        };
        let told = tracked.shipments.into_iter().flat_map(|shipment| shipment.events);
        Ok(told.filter_map(Checkpoint::into_event).collect())
    }
}

#[async_trait::async_trait]
impl Carrier for Dhl {
    fn code(&self) -> &'static str {
        "dhl"
    }

    fn name(&self) -> &'static str {
        "DHL Express"
    }

    fn tracking_url(&self, number: &str) -> Option<String> {
        tracking_pages::url("dhl", number)
    }

    async fn rates(&self, request: &RateRequest) -> Result<Vec<Rate>, CarrierError> {
        Ok(self.quote(request).await?)
    }

    async fn label(&self, request: &LabelRequest) -> Result<Label, CarrierError> {
        Ok(self.ship(request).await?)
    }

    async fn track(&self, number: &str) -> Result<Vec<TrackingEvent>, CarrierError> {
        Ok(self.checkpoints(number).await?)
    }
}

fn postal(party: &Party) -> Value {
    let address = &party.address;
    let mut json = json!({
        "postalCode": address.postal_code, "cityName": at_most(&address.city, 45), "countryCode": address.country,
        "addressLine1": at_most(&address.line1, 45),
    });
    if !address.line2.is_empty() {
        json["addressLine2"] = json!(at_most(&address.line2, 45));
    }
    if !address.region.is_empty() {
        json["provinceCode"] = json!(address.region);
    }
    json
}

fn contact(party: &Party) -> Value {
    let name = &party.address.name;
    let company = if party.company.is_empty() { name } else { &party.company };
    let mut json =
        json!({ "phone": party.phone, "companyName": at_most(company, 100), "fullName": at_most(name, 255) });
    if !party.email.is_empty() {
        json["email"] = json!(party.email);
    }
    json
}

fn package(parcel: &Parcel) -> Value {
    let [length, width, height] = parcel.size_cm;
    json!({
        "weight": parcel.kilograms(), "dimensions": { "length": length, "width": width, "height": height },
    })
}

fn declaration(request: &LabelRequest) -> Value {
    let weight = request.parcel.kilograms();
    json!({
        "lineItems": [{
            "number": 1, "description": at_most(&request.parcel.contents, 512),
            "price": number(request.parcel.value), "quantity": { "value": 1, "unitOfMeasurement": "PCS" },
            "manufacturerCountry": request.from.address.country,
            "weight": { "netValue": weight, "grossValue": weight },
        }],
        "invoice": {
            "number": at_most(&request.order_number, 35), "date": request.at.format("%Y-%m-%d").to_string(),
        },
    })
}

fn planned(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SGMT+00:00").to_string()
}

/// `{"title":"…","detail":"…","additionalDetails":["…"]}`
fn message(body: &Value) -> Option<String> {
    let texts = [&body["detail"], &body["additionalDetails"][0]];
    let texts: Vec<_> = texts.into_iter().filter_map(Value::as_str).collect();
    let texts = if texts.is_empty() { vec![body["title"].as_str()?] } else { texts };
    Some(texts.join(" "))
}

#[derive(Deserialize)]
struct Quotes {
    #[serde(default)]
    products: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    product_code: String,
    product_name: String,
    #[serde(default)]
    total_price: Vec<Price>,
    delivery_capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    currency_type: Option<String>,
    price_currency: Option<String>,
    price: Number,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    estimated_delivery_date_and_time: Option<String>,
}

/// The price that is billed. A service without a price costs 0, which none does.
fn billed(prices: &[Price]) -> Option<Money> {
    let price = prices.iter().find(|price| price.currency_type.as_deref() == Some(BILLED))?;
    let amount = money(&price.price, Currency::from_code(price.price_currency.as_deref()?)?)?;
    (amount.minor() > 0).then_some(amount)
}

impl Product {
    fn into_rate(self) -> Option<Rate> {
        let arrives = self.delivery_capabilities.and_then(|known| known.estimated_delivery_date_and_time);
        Some(Rate {
            price: billed(&self.total_price)?,
            service: self.product_code,
            name: self.product_name,
            arrives_on: arrives.and_then(|text| text.get(..10)?.parse::<NaiveDate>().ok()),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shipped {
    shipment_tracking_number: String,
    dispatch_confirmation_number: Option<String>,
    #[serde(default)]
    documents: Vec<Document>,
    #[serde(default)]
    shipment_charges: Vec<Price>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    type_code: String,
    content: String,
}

#[derive(Deserialize)]
struct Tracked {
    #[serde(default)]
    shipments: Vec<TrackedShipment>,
}

#[derive(Deserialize)]
struct TrackedShipment {
    #[serde(default)]
    events: Vec<Checkpoint>,
}

/// Who signed is not read: it is the name of a person, and nothing needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkpoint {
    date: String,
    time: String,
    #[serde(rename = "GMTOffset")]
    offset: Option<String>,
    type_code: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    service_area: Vec<Area>,
}

#[derive(Deserialize)]
struct Area {
    #[serde(default)]
    description: String,
}

impl Checkpoint {
    fn into_event(self) -> Option<TrackingEvent> {
        let moment = format!("{}T{}{}", self.date, self.time, self.offset.as_deref().unwrap_or("+00:00"));
        let place = self.service_area.into_iter().next().map(|area| area.description).unwrap_or_default();
        Some(TrackingEvent {
            at: DateTime::parse_from_rfc3339(&moment).ok()?.with_timezone(&Utc),
            carrier_event_id: format!("{moment}|{}|{place}", self.type_code),
            kind: kind(&self.type_code),
            place,
            text: self.description,
        })
    }
}

/// What the codes of checkpoints mean; the list is in the reference data of the interface.
fn kind(code: &str) -> TrackingKind {
    match code {
        "SD" | "AD" => TrackingKind::Announced,
        "WC" => TrackingKind::OutForDelivery,
        "OK" => TrackingKind::Delivered,
        "BA" | "CA" | "CD" | "MD" | "MS" | "NH" | "OH" | "RD" | "TD" | "UD" => TrackingKind::Problem,
        "RT" => TrackingKind::Returned,
        _ => TrackingKind::InTransit,
    }
}
