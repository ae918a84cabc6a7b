//! DHL Express.

use super::super::super::TrackingKind;
use super::super::super::carrier::{Carrier, CarrierError};
use super::super::{Dhl, DhlAccount};
use super::{Answer, StandIn, buyer, label_request, rate_request, shop};
use crate::money::{Currency, Money};
use serde_json::json;

const RATES: &str = "POST /rates";
const SHIP: &str = "POST /shipments";
const TRACK: &str = "GET /shipments/1234567890/tracking?trackingView=all-checkpoints&levelOfDetail=shipment";

async fn dhl(answers: Vec<Answer>) -> (Dhl, StandIn) {
    let stand_in = StandIn::with(answers).await;
    let account = DhlAccount {
        username: "shop".to_owned(),
        password: "secret".to_owned(),
        account: "123456789".to_owned(),
        url: stand_in.url.clone(),
    };
    (Dhl::new(account).expect("a client"), stand_in)
}

#[tokio::test]
async fn prices_are_those_that_are_billed() {
    let body = json!({ "products": [
        {
            "productName": "EXPRESS WORLDWIDE", "productCode": "U",
            "totalPrice": [
                { "currencyType": "BASEC", "priceCurrency": "USD", "price": 182.84 },
                { "currencyType": "BILLC", "priceCurrency": "EUR", "price": 157.95 },
            ],
            "deliveryCapabilities": { "estimatedDeliveryDateAndTime": "2026-11-24T23:59:00" },
        },
        { "productName": "NOT FOR SALE", "productCode": "X", "totalPrice": [
            { "currencyType": "BILLC", "priceCurrency": "EUR", "price": 0 },
        ] },
        { "productName": "WITHOUT A PRICE", "productCode": "Y" },
    ] });
    let (dhl, stand_in) = dhl(vec![(RATES, 200, body.to_string())]).await;
    let rates = dhl.rates(&rate_request(shop("DE"), buyer("US", "10001", "New York"))).await.expect("answered");
    assert_eq!(rates.len(), 1);
    assert_eq!((rates[0].service.as_str(), rates[0].price), ("U", Money::new(15_795, Currency::EUR)));
    assert_eq!(rates[0].arrives_on.map(|day| day.to_string()).as_deref(), Some("2026-11-24"));
    let (asked, body) = (stand_in.seen(0), stand_in.seen(0).json());
    // shop:secret
    assert_eq!(asked.header("authorization"), "Basic c2hvcDpzZWNyZXQ=");
    assert_eq!(body["accounts"], json!([{ "typeCode": "shipper", "number": "123456789" }]));
    assert_eq!(body["plannedShippingDateAndTime"], "2026-11-21T14:30:00GMT+00:00");
    assert_eq!(body["isCustomsDeclarable"], true);
    assert_eq!(body["customerDetails"]["receiverDetails"]["cityName"], "New York");
    let package = json!([{ "weight": 1.25, "dimensions": { "length": 30, "width": 20, "height": 15 } }]);
    assert_eq!(body["packages"], package);
}

#[tokio::test]
async fn a_label_comes_with_its_number_and_price() {
    let body = json!({
        "shipmentTrackingNumber": "1234567890", "dispatchConfirmationNumber": "PRG200227000256",
        "documents": [
            { "imageFormat": "PDF", "content": "aW52b2ljZQ==", "typeCode": "invoice" },
            { "imageFormat": "PDF", "content": "JVBERi0xLjQK", "typeCode": "label" },
        ],
        "shipmentCharges": [{ "currencyType": "BILLC", "priceCurrency": "EUR", "price": 147.5 }],
    });
    let (dhl, stand_in) = dhl(vec![(SHIP, 201, body.to_string())]).await;
    let request = label_request(shop("DE"), buyer("US", "10001", "New York"), "P");
    let label = dhl.label(&request).await.expect("answered");
    assert_eq!((label.tracking_number.as_str(), label.document.as_slice()), ("1234567890", b"%PDF-1.4\n".as_slice()));
    assert_eq!(label.reference.as_deref(), Some("PRG200227000256"));
    assert_eq!(label.cost, Some(Money::new(14_750, Currency::EUR)));
    let (asked, body) = (stand_in.seen(0), stand_in.seen(0).json());
    assert_eq!(asked.header("message-reference"), request.key);
    assert_eq!((&body["productCode"], &body["customerReferences"][0]["value"]), (&json!("P"), &json!("E-7K3M-9QXP")));
    let receiver = &body["customerDetails"]["receiverDetails"]["contactInformation"];
    let expected = json!({
        "phone": "+33 1 23456", "email": "ada@example.org", "companyName": "Ada Lovelace", "fullName": "Ada Lovelace",
    });
    assert_eq!(receiver, &expected);
    let content = &body["content"];
    assert_eq!((&content["isCustomsDeclarable"], &content["declaredValue"]), (&json!(true), &json!(48.2)));
    assert_eq!(content["exportDeclaration"]["lineItems"][0]["description"], "Two mugs");
}

#[tokio::test]
async fn checkpoints_become_events() {
    let body = json!({ "shipments": [{ "shipmentTrackingNumber": "1234567890", "status": "Success", "events": [
        {
            "date": "2026-11-23", "time": "10:05:00", "GMTOffset": "+01:00", "typeCode": "OK",
            "description": "Delivered", "serviceArea": [{ "code": "PAR", "description": "Paris-FR" }],
            "signedBy": "LOVELACE",
        },
        {
            "date": "2026-11-23", "time": "08:00:00", "GMTOffset": "+01:00", "typeCode": "WC",
            "description": "With delivery courier", "serviceArea": [{ "code": "PAR", "description": "Paris-FR" }],
        },
        { "date": "2026-11-22", "time": "16:00:00", "typeCode": "PU", "description": "Shipment picked up" },
    ] }] });
    let (dhl, stand_in) = dhl(vec![(TRACK, 200, body.to_string())]).await;
    let events = dhl.track(" 1234 567890").await.expect("answered");
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.place.as_str())).collect();
    let expected = [
        (TrackingKind::Delivered, "Paris-FR"),
        (TrackingKind::OutForDelivery, "Paris-FR"),
        (TrackingKind::InTransit, ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[0].at.to_rfc3339(), "2026-11-23T09:05:00+00:00");
    assert!(!format!("{events:?}").contains("LOVELACE"), "who signed is nobody's business");
    assert_eq!(stand_in.asked(), [TRACK]);
}

#[tokio::test]
async fn errors_are_told_apart() {
    let said = json!({
        "title": "Bad request", "detail": "Multiple problems found, see Additional Details",
        "additionalDetails": ["#/content: required key [incoterm] not found"], "status": 400,
    });
    let refused = "Multiple problems found, see Additional Details #/content: required key [incoterm] not found";
    let cases: Vec<(u16, String, CarrierError)> = vec![
        (400, said.to_string(), CarrierError::Refused(refused.to_owned())),
        (401, "{}".to_owned(), CarrierError::Refused("it does not accept the shop’s credentials".to_owned())),
        (429, String::new(), CarrierError::Unavailable),
        (502, "<html>".to_owned(), CarrierError::Unavailable),
        (201, "{\"shipmentTrackingNumber\":\"1\"}".to_owned(), CarrierError::Unreadable),
        (201, "[".to_owned(), CarrierError::Unreadable),
    ];
    for (status, body, expected) in cases {
        let (dhl, stand_in) = dhl(vec![(SHIP, status, body.clone())]).await;
        let request = label_request(shop("DE"), buyer("FR", "75001", "Paris"), "U");
        assert_eq!(dhl.label(&request).await, Err(expected), "{status} {body}");
        assert_eq!(stand_in.asked().len(), 1);
    }
    let (dhl, _) = dhl(vec![(TRACK, 404, json!({ "title": "No result found" }).to_string())]).await;
    assert_eq!(dhl.track("1234567890").await, Ok(vec![]), "not scanned yet");
}
