//! FedEx, by its REST interface.
//!
//! Documentation: <https://developer.fedex.com/api/en-us/catalog/authorization/v1/docs.html>,
//! `…/catalog/rate/v1/docs.html`, `…/catalog/ship/v1/docs.html`, `…/catalog/track/v1/docs.html`.

use super::super::carrier::{Carrier, CarrierError, Label, LabelRequest, Parcel, Party, Rate, RateRequest};
use super::super::{TrackingEvent, TrackingKind};
use super::http::{Failure, HttpError, TokenStore, ask, client, money, number, with_json};
use super::{at_most, is_declared, tracking_pages};
use crate::money::Currency;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value, json};

/// Who the shop is at FedEx.
#[derive(Clone)]
pub struct FedExAccount {
    /// The key of the project.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The account that is billed.
    pub account: String,
    /// Where FedEx is asked: `https://apis.fedex.com`, or `https://apis-sandbox.fedex.com` to try it.
    pub url: String,
}

/// FedEx.
pub struct FedEx {
    account: FedExAccount,
    http: Client,
    token: TokenStore,
}

impl std::fmt::Debug for FedEx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FedEx").field("url", &self.account.url).finish_non_exhaustive()
    }
}

impl FedEx {
    /// FedEx for a shop that has an account there.
    ///
    /// # Errors
    /// When there can be no client to ask it with.
    pub fn new(account: FedExAccount) -> Result<Self, HttpError> {
        Ok(Self { account, http: client()?, token: TokenStore::default() })
    }

    async fn fetch_token(&self) -> Result<String, Failure> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.account.client_id),
            ("client_secret", &self.account.client_secret),
        ];
        let request = self.http.post(format!("{}/oauth/token", self.account.url)).form(&form);
        ask::<Token>(request, message).await.map(|token| token.access_token)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, transaction: &str, body: &Value) -> Result<T, Failure> {
        let act = |token: String| {
            let request = self.http.post(format!("{}{path}", self.account.url)).bearer_auth(token);
            let request = request.header("x-locale", "en_US").header("x-customer-transaction-id", transaction);
            ask(with_json(request, body), message)
        };
        self.token.with(|| self.fetch_token(), act).await
    }

    /// What asking for prices and for a label have in common.
    fn shipment(&self, from: &Party, to: &Party, parcel: &Parcel, at: DateTime<Utc>) -> Value {
        let [length, width, height] = parcel.size_cm;
        let weight = json!({ "units": "KG", "value": parcel.kilograms() });
        let mut shipment = json!({
            "shipDateStamp": at.format("%Y-%m-%d").to_string(),
            "pickupType": "USE_SCHEDULED_PICKUP",
            "packagingType": "YOUR_PACKAGING",
            "requestedPackageLineItems": [{
                "weight": weight,
                "dimensions": { "length": length, "width": width, "height": height, "units": "CM" },
            }],
        });
        if is_declared(&from.address.country, &to.address.country) {
            let worth = json!({ "amount": number(parcel.value), "currency": parcel.value.currency().code() });
            shipment["customsClearanceDetail"] = json!({
                "dutiesPayment": { "paymentType": "RECIPIENT" },
                "totalCustomsValue": worth,
                "commodities": [{
                    "description": at_most(&parcel.contents, 450), "countryOfManufacture": from.address.country,
                    "numberOfPieces": 1, "quantity": 1, "quantityUnits": "PCS", "weight": weight, "unitPrice": worth,
                    "customsValue": worth,
                }],
            });
        }
        shipment
    }

    async fn quote(&self, request: &RateRequest) -> Result<Vec<Rate>, Failure> {
        let mut shipment = self.shipment(&request.from, &request.to, &request.parcel, request.at);
        shipment["shipper"] = json!({ "address": address(&request.from) });
        shipment["recipient"] = json!({ "address": address(&request.to) });
        shipment["rateRequestType"] = json!(["ACCOUNT"]);
        let body = json!({
            "accountNumber": { "value": self.account.account },
            "rateRequestControlParameters": { "returnTransitTimes": true },
            "requestedShipment": shipment,
        });
        let quotes: Output<Quotes> = self.post("/rate/v1/rates/quotes", "rates", &body).await?;
        Ok(quotes.output.rate_reply_details.into_iter().filter_map(Quote::into_rate).collect())
    }

    async fn ship(&self, request: &LabelRequest) -> Result<Label, Failure> {
        let mut shipment = self.shipment(&request.from, &request.to, &request.parcel, request.at);
        let party = |party: &Party| json!({ "contact": contact(party), "address": address(party) });
        shipment["shipper"] = party(&request.from);
        shipment["recipients"] = json!([party(&request.to)]);
        shipment["serviceType"] = json!(request.service);
        shipment["shippingChargesPayment"] = json!({ "paymentType": "SENDER" });
        shipment["labelSpecification"] = json!({ "imageType": "PDF", "labelStockType": "PAPER_4X6" });
        shipment["requestedPackageLineItems"][0]["customerReferences"] = json!([
            { "customerReferenceType": "CUSTOMER_REFERENCE", "value": at_most(&request.order_number, 40) },
        ]);
        let body = json!({
            "accountNumber": { "value": self.account.account },
            "labelResponseOptions": "LABEL",
            "requestedShipment": shipment,
        });
        let made: Output<Shipped> = self.post("/ship/v1/shipments", &at_most(&request.key, 40), &body).await?;
        let shipped = made.output.transaction_shipments.into_iter().next().ok_or(CarrierError::Unreadable)?;
        let piece = shipped.piece_responses.into_iter().next().ok_or(CarrierError::Unreadable)?;
        let label = piece.package_documents.into_iter().find_map(|document| document.encoded_label);
        let document = label.and_then(|text| STANDARD.decode(text).ok()).ok_or(CarrierError::Unreadable)?;
        let cost = piece.net_rate_amount.as_ref().zip(piece.currency.as_deref());
        Ok(Label {
            reference: None,
            tracking_number: shipped.master_tracking_number,
            document,
            media_type: "application/pdf".to_owned(),
            cost: cost.and_then(|(amount, code)| money(amount, currency(code)?)),
        })
    }

    async fn scans(&self, tracking_number: &str) -> Result<Vec<TrackingEvent>, Failure> {
        let body = json!({
            "includeDetailedScans": true,
            "trackingInfo": [{ "trackingNumberInfo": { "trackingNumber": tracking_number } }],
        });
        let tracked: Output<Tracked> = self.post("/track/v1/trackingnumbers", "track", &body).await?;
        let results = tracked.output.complete_track_results.into_iter().flat_map(|result| result.track_results);
        let mut events = Vec::new();
        for result in results {
            match result.error {
                // A label that was never scanned.
                Some(error) if error.code.ends_with("NOTFOUND") => {}
                Some(error) => return Err(CarrierError::Refused(at_most(&error.message, 500)).into()),
                None => events.extend(result.scan_events.into_iter().filter_map(Scan::into_event)),
            }
        }
        Ok(events)
    }
}

#[async_trait::async_trait]
impl Carrier for FedEx {
    fn code(&self) -> &'static str {
        "fedex"
    }

    fn name(&self) -> &'static str {
        "FedEx"
    }

    fn tracking_url(&self, number: &str) -> Option<String> {
        tracking_pages::url("fedex", number)
    }

    async fn rates(&self, request: &RateRequest) -> Result<Vec<Rate>, CarrierError> {
        Ok(self.quote(request).await?)
    }

    async fn label(&self, request: &LabelRequest) -> Result<Label, CarrierError> {
        Ok(self.ship(request).await?)
    }

    async fn track(&self, number: &str) -> Result<Vec<TrackingEvent>, CarrierError> {
        Ok(self.scans(number).await?)
    }
}

fn address(party: &Party) -> Value {
    let address = &party.address;
    let lines: Vec<_> = [&address.line1, &address.line2]
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(|line| at_most(line, 35))
        .collect();
    let mut json = json!({
        "streetLines": lines, "city": at_most(&address.city, 35), "postalCode": address.postal_code,
        "countryCode": address.country, "residential": party.company.is_empty(),
    });
    if !address.region.is_empty() {
        json["stateOrProvinceCode"] = json!(address.region);
    }
    json
}

fn contact(party: &Party) -> Value {
    let mut json = json!({ "personName": at_most(&party.address.name, 70), "phoneNumber": party.phone });
    if !party.company.is_empty() {
        json["companyName"] = json!(at_most(&party.company, 35));
    }
    if !party.email.is_empty() {
        json["emailAddress"] = json!(party.email);
    }
    json
}

/// `{"errors":[{"code":"…","message":"…"}]}`
fn message(body: &Value) -> Option<String> {
    body["errors"][0]["message"].as_str().map(str::to_owned)
}

/// FedEx has codes of its own for some currencies.
fn currency(code: &str) -> Option<Currency> {
    let code = match code {
        "UKL" => "GBP",
        "SFR" => "CHF",
        "JYE" => "JPY",
        "NMP" => "MXN",
        "SID" => "SGD",
        "WON" => "KRW",
        "NTD" => "TWD",
        "DHS" => "AED",
        "KUD" => "KWD",
        code => code,
    };
    Currency::from_code(code)
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Output<T> {
    output: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quotes {
    #[serde(default)]
    rate_reply_details: Vec<Quote>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    service_type: String,
    service_name: Option<String>,
    #[serde(default)]
    rated_shipment_details: Vec<Rated>,
    operational_detail: Option<Operational>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rated {
    total_net_charge: Number,
    currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operational {
    delivery_date: Option<String>,
}

impl Quote {
    fn into_rate(self) -> Option<Rate> {
        let rated = self.rated_shipment_details.into_iter().next()?;
        let arrives = self.operational_detail.and_then(|detail| detail.delivery_date);
        let day = |text: String| {
            let moment = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S").map(|moment| moment.date());
            moment.or_else(|_| text.parse::<NaiveDate>()).ok()
        };
        Some(Rate {
            name: self.service_name.unwrap_or_else(|| self.service_type.clone()),
            price: money(&rated.total_net_charge, currency(&rated.currency)?)?,
            service: self.service_type,
            arrives_on: arrives.and_then(day),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shipped {
    #[serde(default)]
    transaction_shipments: Vec<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    master_tracking_number: String,
    #[serde(default)]
    piece_responses: Vec<Piece>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    net_rate_amount: Option<Number>,
    currency: Option<String>,
    #[serde(default)]
    package_documents: Vec<Document>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    encoded_label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracked {
    #[serde(default)]
    complete_track_results: Vec<Complete>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complete {
    #[serde(default)]
    track_results: Vec<Track>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Track {
    #[serde(default)]
    scan_events: Vec<Scan>,
    error: Option<TrackError>,
}

#[derive(Deserialize)]
struct TrackError {
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scan {
    date: String,
    event_type: String,
    #[serde(default)]
    event_description: String,
    #[serde(default)]
    exception_description: String,
    #[serde(default)]
    scan_location: Place,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Place {
    city: String,
    country_code: String,
}

impl Scan {
    fn into_event(self) -> Option<TrackingEvent> {
        let at = DateTime::parse_from_rfc3339(&self.date).ok()?.with_timezone(&Utc);
        let place: Vec<_> = [self.scan_location.city, self.scan_location.country_code]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let place = place.join(", ");
        let texts = [self.event_description, self.exception_description];
        let text: Vec<_> = texts.into_iter().filter(|part| !part.is_empty()).collect();
        Some(TrackingEvent {
            carrier_event_id: format!("{}|{}|{place}", self.date, self.event_type),
            kind: kind(&self.event_type),
            place,
            text: text.join(": "),
            at,
        })
    }
}

/// What the codes of scans mean; the list is under "Tracking event codes" of the guide to the interface.
fn kind(code: &str) -> TrackingKind {
    match code {
        "OC" | "AO" => TrackingKind::Announced,
        "OD" => TrackingKind::OutForDelivery,
        "DL" => TrackingKind::Delivered,
        "DE" | "SE" | "CA" | "CD" | "DY" | "HL" => TrackingKind::Problem,
        "RS" | "RR" | "RD" => TrackingKind::Returned,
        _ => TrackingKind::InTransit,
    }
}
