//! Blue Dart, by its interface at Apigee. It brings parcels from one place of India to another.
//!
//! Documentation: <https://developer.dhl.com/api-reference/blue-dart-waybill-generation>,
//! <https://developer.dhl.com/api-reference/blue-dart-tracking>.

use super::super::carrier::{Carrier, CarrierError, Label, LabelRequest, Party, Rate, RateRequest};
use super::super::{TrackingEvent, TrackingKind};
use super::http::{Failure, HttpError, TokenStore, ask, client, number, with_json};
use super::{at_most, tracking_pages};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{FixedOffset, NaiveDateTime, TimeZone, Utc};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

/// Who the shop is at Blue Dart.
#[derive(Clone)]
pub struct BlueDartAccount {
    /// The key of the program.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The name that the shop has there.
    pub login_id: String,
    /// The key for waybills.
    pub licence_key: String,
    /// The key for tracking.
    pub tracking_key: String,
    /// The account that is billed.
    pub customer_code: String,
    /// The three letters of where parcels are handed over, such as `BOM`.
    pub origin_area: String,
    /// Where it is asked: `https://apigateway.bluedart.com`, or `https://apigateway-sandbox.bluedart.com` to try it.
    pub url: String,
}

/// Blue Dart.
pub struct BlueDart {
    account: BlueDartAccount,
    http: Client,
    token: TokenStore,
}

impl std::fmt::Debug for BlueDart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlueDart").field("url", &self.account.url).finish_non_exhaustive()
    }
}

/// All of its times are those of India.
const INDIA: i32 = 5 * 3_600 + 1_800;

/// The most characters of a line of an address, of which there are three.
const LINE_MOST: usize = 30;

impl BlueDart {
    /// Blue Dart for a shop that has an account there.
    ///
    /// # Errors
    /// When there can be no client to ask it with.
    pub fn new(account: BlueDartAccount) -> Result<Self, HttpError> {
        Ok(Self { account, http: client()?, token: TokenStore::default() })
    }

    fn address(&self, path: &str) -> String {
        format!("{}/in/transportation/{path}", self.account.url)
    }

    async fn fetch_token(&self) -> Result<String, Failure> {
        let request = self.http.get(self.address("token/v1/login"));
        let request = request.header("ClientID", &self.account.client_id);
        let request = request.header("clientSecret", &self.account.client_secret);
        ask::<Token>(request, message).await.map(|token| token.token)
    }

    async fn waybill(&self, request: &LabelRequest) -> Result<Label, Failure> {
        if [&request.from, &request.to].iter().any(|party| party.address.country != "IN") {
            return Err(CarrierError::Refused("it brings parcels within India only".to_owned()).into());
        }
        let body = json!({
            "Request": {
                "Consignee": self.consignee(&request.to),
                "Shipper": self.shipper(&request.from),
                "Services": services(request),
            },
            "Profile": {
                "LoginID": self.account.login_id, "LicenceKey": self.account.licence_key, "Api_type": "S",
            },
        });
        let act = |token: String| {
            let asked = self.http.post(self.address("waybill/v1/GenerateWayBill")).header("JWTToken", token);
            ask::<Answer>(with_json(asked, &body), message)
        };
        let made = self.token.with(|| self.fetch_token(), act).await?.result;
        if made.is_error {
            let said = made.status.into_iter().map(|status| status.information).next().unwrap_or_default();
            return Err(CarrierError::Refused(at_most(&said, 500)).into());
        }
        let number = made.number.filter(|number| !number.is_empty()).ok_or(CarrierError::Unreadable)?;
        let document = made.print.and_then(Print::into_bytes).ok_or(CarrierError::Unreadable)?;
        Ok(Label {
            reference: made.pickup.filter(|pickup| !pickup.is_empty()),
            tracking_number: number,
            document,
            media_type: "application/pdf".to_owned(),
            cost: None,
        })
    }

    fn consignee(&self, to: &Party) -> Value {
        let [one, two, three] = lines(to);
        json!({
            "ConsigneeName": at_most(&to.address.name, LINE_MOST),
            "ConsigneeAttention": at_most(&to.address.name, LINE_MOST),
            "ConsigneeAddress1": one, "ConsigneeAddress2": two, "ConsigneeAddress3": three,
            "ConsigneePincode": to.address.postal_code, "ConsigneeMobile": to.phone, "ConsigneeTelephone": to.phone,
            "ConsigneeEmailID": to.email,
        })
    }

    fn shipper(&self, from: &Party) -> Value {
        let [one, two, three] = lines(from);
        let name = if from.company.is_empty() { &from.address.name } else { &from.company };
        json!({
            "CustomerCode": self.account.customer_code, "OriginArea": self.account.origin_area,
            "CustomerName": at_most(name, LINE_MOST), "Sender": at_most(name, 20),
            "CustomerAddress1": one, "CustomerAddress2": two, "CustomerAddress3": three,
            "CustomerPincode": from.address.postal_code, "CustomerMobile": from.phone,
            "CustomerTelephone": from.phone, "CustomerEmailID": from.email, "IsToPayCustomer": false,
        })
    }

    async fn scans(&self, tracking_number: &str) -> Result<Vec<TrackingEvent>, Failure> {
        let query = [
            ("handler", "tnt"),
            ("action", "custawbquery"),
            ("loginid", &self.account.login_id),
            ("lickey", &self.account.tracking_key),
            ("awb", "awb"),
            ("numbers", tracking_number),
            ("format", "json"),
            ("verno", "1"),
            ("scan", "1"),
        ];
        let act = |token: String| {
            let asked = self.http.get(self.address("tracking/v1/shipment")).query(&query).header("JWTToken", token);
            ask::<Tracked>(asked, message)
        };
        let tracked = match self.token.with(|| self.fetch_token(), act).await {
            // It was not scanned yet.
            Err(Failure::NotFound) => return Ok(Vec::new()),
            answer => answer?,
        };
        let told = tracked.data.shipments.0.into_iter().flat_map(|shipment| shipment.scans.0);
        Ok(told.flat_map(|scan| scan.details.0).filter_map(Detail::into_event).collect())
    }
}

#[async_trait::async_trait]
impl Carrier for BlueDart {
    fn code(&self) -> &'static str {
        "bluedart"
    }

    fn name(&self) -> &'static str {
        "Blue Dart"
    }

    fn tracking_url(&self, number: &str) -> Option<String> {
        tracking_pages::url("bluedart", number)
    }

    /// It tells how long it takes, but no prices.
    async fn rates(&self, _: &RateRequest) -> Result<Vec<Rate>, CarrierError> {
        Err(CarrierError::NotOffered)
    }

    async fn label(&self, request: &LabelRequest) -> Result<Label, CarrierError> {
        Ok(self.waybill(request).await?)
    }

    async fn track(&self, number: &str) -> Result<Vec<TrackingEvent>, CarrierError> {
        Ok(self.scans(number).await?)
    }
}

/// An address on three lines.
fn lines(party: &Party) -> [String; 3] {
    let address = &party.address;
    let town = format!("{} {}", address.city, address.region);
    [&address.line1, &address.line2, town.trim()].map(|line| at_most(line, LINE_MOST))
}

fn services(request: &LabelRequest) -> Value {
    let [length, breadth, height] = request.parcel.size_cm;
    let at = request.at.with_timezone(&india());
    json!({
        "ProductCode": request.service, "SubProductCode": "P", "ProductType": 1, "PieceCount": 1,
        "ActualWeight": request.parcel.kilograms(), "DeclaredValue": number(request.parcel.value),
        "CreditReferenceNo": at_most(&request.order_number, 20), "InvoiceNo": at_most(&request.order_number, 20),
        "Dimensions": [{ "Length": length, "Breadth": breadth, "Height": height, "Count": 1 }],
        "Commodity": { "CommodityDetail1": at_most(&request.parcel.contents, LINE_MOST) },
        "PickupDate": format!("/Date({})/", at.timestamp_millis()), "PickupTime": at.format("%H%M").to_string(),
        "RegisterPickup": false, "PDFOutputNotRequired": false,
    })
}

fn india() -> FixedOffset {
    FixedOffset::east_opt(INDIA).unwrap_or_else(|| unreachable!("less than a day"))
}

/// `{"error-response":[{"Status":[{"StatusInformation":"…"}]}]}`, or from the gateway `{"title":"…"}`.
fn message(body: &Value) -> Option<String> {
    let error = &body["error-response"][0];
    let said = &error["Status"][0]["StatusInformation"];
    let said = [said, &error["msg"], &body["title"]].into_iter().find_map(Value::as_str);
    said.map(str::to_owned)
}

/// What it sends as a list, or alone where there is one, or not at all.
struct Several<T>(Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Several<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            Many(Vec<T>),
            One(T),
            None(()),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Many(many) => many,
            Either::One(one) => vec![one],
            Either::None(()) => Vec::new(),
        }))
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(rename = "JWTToken")]
    token: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "GenerateWayBillResult")]
    result: Waybill,
}

#[derive(Deserialize)]
struct Waybill {
    #[serde(rename = "AWBNo")]
    number: Option<String>,
    #[serde(rename = "AWBPrintContent")]
    print: Option<Print>,
    #[serde(rename = "TokenNumber")]
    pickup: Option<String>,
    #[serde(rename = "IsError", default)]
    is_error: bool,
    #[serde(rename = "Status", default)]
    status: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(rename = "StatusInformation", default)]
    information: String,
}

/// A file: as base 64, or byte by byte.
#[derive(Deserialize)]
#[serde(untagged)]
enum Print {
    Text(String),
    Bytes(Vec<u8>),
}

impl Print {
    fn into_bytes(self) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Text(text) => STANDARD.decode(text).ok()?,
            Self::Bytes(bytes) => bytes,
        };
        (!bytes.is_empty()).then_some(bytes)
    }
}

#[derive(Deserialize)]
struct Tracked {
    #[serde(rename = "ShipmentData")]
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "Shipment", default)]
    shipments: Several<Tracking>,
}

#[derive(Deserialize)]
struct Tracking {
    #[serde(rename = "Scans", default)]
    scans: Several<Scan>,
}

#[derive(Deserialize)]
struct Scan {
    #[serde(rename = "ScanDetail", default)]
    details: Several<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    scan: String,
    #[serde(default)]
    scan_code: Value,
    #[serde(default)]
    scan_type: String,
    scan_date: String,
    scan_time: String,
    #[serde(default)]
    scanned_location: String,
}

impl Detail {
    fn into_event(self) -> Option<TrackingEvent> {
        let moment = format!("{} {}", self.scan_date, self.scan_time);
        let at = NaiveDateTime::parse_from_str(&moment, "%d-%b-%Y %H:%M").ok()?;
        let code = self.scan_code.as_str().map_or_else(|| self.scan_code.to_string(), str::to_owned);
        Some(TrackingEvent {
            at: india().from_local_datetime(&at).single()?.with_timezone(&Utc),
            carrier_event_id: format!("{moment}|{}|{code}|{}", self.scan_type, self.scanned_location),
            kind: kind(&self.scan_type, &code, &self.scan),
            place: self.scanned_location,
            text: self.scan,
        })
    }
}

/// What scans mean, by their type and code; those of the type `UD` are all that is not yet delivered.
fn kind(scan_type: &str, code: &str, text: &str) -> TrackingKind {
    match (scan_type, code) {
        ("DL", _) => TrackingKind::Delivered,
        ("RT" | "RD", _) => TrackingKind::Returned,
        ("PU", _) => TrackingKind::InTransit,
        (_, "002" | "2") => TrackingKind::OutForDelivery,
        _ if text.contains("UNDELIVERED") || text.contains("REFUSED") || text.contains("PENDING") => {
            TrackingKind::Problem
        }
        _ => TrackingKind::InTransit,
    }
}
