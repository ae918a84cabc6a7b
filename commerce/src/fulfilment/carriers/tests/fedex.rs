//! FedEx.

use super::super::super::TrackingKind;
use super::super::super::carrier::{Carrier, CarrierError};
use super::super::{FedEx, FedExAccount};
use super::{Answer, StandIn, buyer, label_request, rate_request, shop};
use crate::money::{Currency, Money};
use serde_json::json;

const TOKEN: &str = "POST /oauth/token";
const RATES: &str = "POST /rate/v1/rates/quotes";
const SHIP: &str = "POST /ship/v1/shipments";
const TRACK: &str = "POST /track/v1/trackingnumbers";

fn token(text: &str) -> Answer {
    let body = json!({ "access_token": text, "token_type": "bearer", "expires_in": 3_599, "scope": "CXS" });
    (TOKEN, 200, body.to_string())
}

async fn fedex(answers: Vec<Answer>) -> (FedEx, StandIn) {
    let stand_in = StandIn::with(answers).await;
    let account = FedExAccount {
        client_id: "l7 key".to_owned(),
        client_secret: "secret&more".to_owned(),
        account: "740561073".to_owned(),
        url: stand_in.url.clone(),
    };
    (FedEx::new(account).expect("a client"), stand_in)
}

fn quotes() -> Answer {
    let body = json!({
        "transactionId": "624deea6-b709-470c-8c39-4b5511281492",
        "output": { "rateReplyDetails": [
            {
                "serviceType": "INTERNATIONAL_PRIORITY", "serviceName": "FedEx International Priority",
                "ratedShipmentDetails": [
                    { "rateType": "ACCOUNT", "totalNetCharge": 31.4, "currency": "EUR" },
                    { "rateType": "LIST", "totalNetCharge": 99.99, "currency": "EUR" },
                ],
                "operationalDetail": { "deliveryDate": "2026-11-23T12:00:00" },
            },
            {
                "serviceType": "FEDEX_ECONOMY",
                "ratedShipmentDetails": [{ "rateType": "ACCOUNT", "totalNetCharge": 12, "currency": "UKL" }],
            },
            {
                "serviceType": "UNKNOWN_CURRENCY",
                "ratedShipmentDetails": [{ "rateType": "ACCOUNT", "totalNetCharge": 12, "currency": "???" }],
            },
        ] },
    });
    (RATES, 200, body.to_string())
}

#[tokio::test]
async fn prices_are_asked_with_weight_size_and_customs() {
    let (fedex, stand_in) = fedex(vec![token("one"), quotes()]).await;
    let rates = fedex.rates(&rate_request(shop("DE"), buyer("CH", "8001", "Zürich"))).await.expect("answered");
    let told: Vec<_> = rates.iter().map(|rate| (rate.service.as_str(), rate.name.as_str(), rate.price)).collect();
    let expected = [
        ("INTERNATIONAL_PRIORITY", "FedEx International Priority", Money::new(3_140, Currency::EUR)),
        ("FEDEX_ECONOMY", "FEDEX_ECONOMY", Money::new(1_200, Currency::GBP)),
    ];
    assert_eq!(told, expected);
    assert_eq!(rates[0].arrives_on.map(|day| day.to_string()).as_deref(), Some("2026-11-23"));
    assert_eq!(stand_in.asked(), [TOKEN, RATES]);
    assert_eq!(stand_in.seen(0).body, "grant_type=client_credentials&client_id=l7+key&client_secret=secret%26more");
    let (asked, body) = (stand_in.seen(1), stand_in.seen(1).json());
    assert_eq!(asked.header("authorization"), "Bearer one");
    assert_eq!(body["accountNumber"]["value"], "740561073");
    let shipment = &body["requestedShipment"];
    assert_eq!(shipment["recipient"]["address"]["countryCode"], "CH");
    assert_eq!(shipment["shipDateStamp"], "2026-11-21");
    assert_eq!(shipment["requestedPackageLineItems"][0]["weight"], json!({ "units": "KG", "value": 1.25 }));
    let worth = json!({ "amount": 48.2, "currency": "EUR" });
    assert_eq!(shipment["customsClearanceDetail"]["commodities"][0]["customsValue"], worth);
}

#[tokio::test]
async fn a_label_comes_with_its_number_and_price() {
    let body = json!({ "output": { "transactionShipments": [{
        "masterTrackingNumber": "794953555571", "serviceType": "FEDEX_ECONOMY",
        "pieceResponses": [{
            "trackingNumber": "794953555571", "netRateAmount": 21.455, "currency": "EUR",
            "packageDocuments": [{ "contentType": "LABEL", "docType": "PDF", "encodedLabel": "JVBERi0xLjQK" }],
        }],
    }] } });
    let (fedex, stand_in) = fedex(vec![token("one"), (SHIP, 200, body.to_string())]).await;
    let request = label_request(shop("DE"), buyer("FR", "75001", "Paris"), "FEDEX_ECONOMY");
    let label = fedex.label(&request).await.expect("answered");
    assert_eq!((label.tracking_number.as_str(), label.document.as_slice()), ("794953555571", b"%PDF-1.4\n".as_slice()));
    assert_eq!((label.media_type.as_str(), label.cost), ("application/pdf", Some(Money::new(2_146, Currency::EUR))));
    let asked = stand_in.seen(1);
    assert_eq!(asked.header("x-customer-transaction-id"), request.key);
    let shipment = &asked.json()["requestedShipment"];
    assert_eq!(shipment["serviceType"], "FEDEX_ECONOMY");
    let contact = &shipment["recipients"][0]["contact"];
    assert_eq!((&contact["personName"], &contact["phoneNumber"]), (&json!("Ada Lovelace"), &json!("+33 1 23456")));
    assert_eq!(shipment["shipper"]["contact"]["companyName"], "Emporion GmbH");
    let reference = &shipment["requestedPackageLineItems"][0]["customerReferences"][0];
    assert_eq!(reference["value"], "E-7K3M-9QXP");
    assert!(shipment.get("customsClearanceDetail").is_none(), "nothing is declared within the union");
}

#[tokio::test]
async fn scans_become_events() {
    let body = json!({ "output": { "completeTrackResults": [{ "trackingNumber": "794953555571", "trackResults": [{
        "scanEvents": [
            {
                "date": "2026-11-23T10:05:00+01:00", "eventType": "DL", "eventDescription": "Delivered",
                "exceptionDescription": "", "scanLocation": { "city": "PARIS", "countryCode": "FR" },
            },
            {
                "date": "2026-11-22T08:00:00+01:00", "eventType": "DE", "eventDescription": "Delivery exception",
                "exceptionDescription": "Customer not available", "scanLocation": { "streetLines": [""] },
            },
            { "date": "2026-11-21T16:00:00-05:00", "eventType": "OC", "eventDescription": "Shipment information sent" },
            { "date": "yesterday", "eventType": "IT", "eventDescription": "Unreadable" },
        ],
    }] }] } });
    let (fedex, stand_in) = fedex(vec![token("one"), (TRACK, 200, body.to_string())]).await;
    let events = fedex.track("794953555571").await.expect("answered");
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.place.as_str(), event.text.as_str())).collect();
    let expected = [
        (TrackingKind::Delivered, "PARIS, FR", "Delivered"),
        (TrackingKind::Problem, "", "Delivery exception: Customer not available"),
        (TrackingKind::Announced, "", "Shipment information sent"),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[2].at.to_rfc3339(), "2026-11-21T21:00:00+00:00");
    let number = &stand_in.seen(1).json()["trackingInfo"][0]["trackingNumberInfo"]["trackingNumber"];
    assert_eq!(number, "794953555571");
}

#[tokio::test]
async fn what_was_not_scanned_yet_has_no_events() {
    let body = json!({ "output": { "completeTrackResults": [{ "trackResults": [{ "error": {
        "code": "TRACKING.TRACKINGNUMBER.NOTFOUND", "message": "Tracking number cannot be found.",
    } }] }] } });
    let (fedex, _) = fedex(vec![token("one"), (TRACK, 200, body.to_string())]).await;
    assert_eq!(fedex.track("1").await, Ok(vec![]));
}

#[tokio::test]
async fn a_token_is_kept_and_renewed_once() {
    let refused = || (RATES, 401, json!({ "errors": [{ "code": "NOT.AUTHORIZED.ERROR" }] }).to_string());
    let (fedex, stand_in) =
        fedex(vec![token("one"), quotes(), refused(), token("two"), quotes(), refused(), token("three"), refused()])
            .await;
    let request = rate_request(shop("DE"), buyer("FR", "75001", "Paris"));
    fedex.rates(&request).await.expect("answered");
    fedex.rates(&request).await.expect("answered with a new token");
    assert_eq!(stand_in.asked(), [TOKEN, RATES, RATES, TOKEN, RATES]);
    assert_eq!([2, 4].map(|at| stand_in.seen(at).header("authorization").to_owned()), ["Bearer one", "Bearer two"]);
    let error = fedex.rates(&request).await.expect_err("refused again");
    assert_eq!(error, CarrierError::Refused("it does not accept the shop’s credentials".to_owned()));
    assert_eq!(stand_in.asked().len(), 8, "it is not asked for ever");
}

#[tokio::test]
async fn errors_are_told_apart() {
    let said = json!({ "errors": [{ "code": "SERVICE.NOTAVAILABLE", "message": "Service is not available." }] });
    let cases: Vec<(u16, String, CarrierError)> = vec![
        (400, said.to_string(), CarrierError::Refused("Service is not available.".to_owned())),
        (422, "<html>".to_owned(), CarrierError::Refused("status 422".to_owned())),
        (429, said.to_string(), CarrierError::Unavailable),
        (500, "{}".to_owned(), CarrierError::Unavailable),
        (503, String::new(), CarrierError::Unavailable),
        // It is not followed: a carrier has no reason to send us elsewhere.
        (302, String::new(), CarrierError::Unavailable),
        (200, "<html>".to_owned(), CarrierError::Unreadable),
        (200, "{}".to_owned(), CarrierError::Unreadable),
        (200, json!({ "output": { "transactionShipments": [] } }).to_string(), CarrierError::Unreadable),
        (
            200,
            json!({ "output": { "transactionShipments": [{ "masterTrackingNumber": "1", "pieceResponses": [
                { "packageDocuments": [{ "encodedLabel": "no base 64!" }] },
            ] }] } })
            .to_string(),
            CarrierError::Unreadable,
        ),
    ];
    for (status, body, expected) in cases {
        let (fedex, stand_in) = fedex(vec![token("one"), (SHIP, status, body.clone())]).await;
        let request = label_request(shop("DE"), buyer("FR", "75001", "Paris"), "FEDEX_ECONOMY");
        assert_eq!(fedex.label(&request).await, Err(expected), "{status} {body}");
        assert_eq!(stand_in.asked(), [TOKEN, SHIP], "{status} {body}");
    }
    let account = FedExAccount {
        client_id: String::new(),
        client_secret: String::new(),
        account: String::new(),
        // Nobody listens there.
        url: "http://127.0.0.1:1".to_owned(),
    };
    let nobody = FedEx::new(account).expect("a client");
    assert_eq!(nobody.track("1").await, Err(CarrierError::Unavailable));
    assert_eq!(format!("{nobody:?}"), "FedEx { url: \"http://127.0.0.1:1\", .. }");
}
