//! Blue Dart.

use super::super::super::TrackingKind;
use super::super::super::carrier::{Carrier, CarrierError};
use super::super::{BlueDart, BlueDartAccount};
use super::{Answer, StandIn, buyer, label_request, rate_request, shop};
use serde_json::json;

const LOGIN: &str = "GET /in/transportation/token/v1/login";
const WAYBILL: &str = "POST /in/transportation/waybill/v1/GenerateWayBill";
const TRACK: &str = "GET /in/transportation/tracking/v1/shipment?";

fn token(text: &str) -> Answer {
    (LOGIN, 200, json!({ "JWTToken": text }).to_string())
}

async fn bluedart(answers: Vec<Answer>) -> (BlueDart, StandIn) {
    let stand_in = StandIn::with(answers).await;
    let account = BlueDartAccount {
        client_id: "client".to_owned(),
        client_secret: "secret".to_owned(),
        login_id: "BOM00001".to_owned(),
        licence_key: "licence".to_owned(),
        tracking_key: "tracking".to_owned(),
        customer_code: "000001".to_owned(),
        origin_area: "BOM".to_owned(),
        url: stand_in.url.clone(),
    };
    (BlueDart::new(account).expect("a client"), stand_in)
}

#[tokio::test]
async fn a_waybill_is_made_within_india() {
    let made = |print: serde_json::Value| {
        let body = json!({ "GenerateWayBillResult": {
            "AWBNo": "53100002154", "AWBPrintContent": print, "IsError": false, "TokenNumber": "",
            "Status": [{ "StatusCode": "Valid", "StatusInformation": "Waybill Generation Successful" }],
        } });
        (WAYBILL, 200, body.to_string())
    };
    for print in [json!("JVBERi0xLjQK"), json!(b"%PDF-1.4\n".to_vec())] {
        let (bluedart, stand_in) = bluedart(vec![token("jwt"), made(print)]).await;
        let request = label_request(shop("IN"), buyer("IN", "560001", "Bengaluru"), "A");
        let label = bluedart.label(&request).await.expect("answered");
        assert_eq!((label.tracking_number.as_str(), label.reference), ("53100002154", None));
        assert_eq!(label.document, b"%PDF-1.4\n");
        let login = stand_in.seen(0);
        assert_eq!((login.header("clientid"), login.header("clientsecret")), ("client", "secret"));
        let (asked, body) = (stand_in.seen(1), stand_in.seen(1).json());
        assert_eq!(asked.header("jwttoken"), "jwt");
        assert_eq!(body["Profile"], json!({ "LoginID": "BOM00001", "LicenceKey": "licence", "Api_type": "S" }));
        let (to, services) = (&body["Request"]["Consignee"], &body["Request"]["Services"]);
        assert_eq!(to["ConsigneeMobile"], "+33 1 23456");
        assert_eq!((&to["ConsigneePincode"], &to["ConsigneeAddress3"]), (&json!("560001"), &json!("Bengaluru")));
        assert_eq!((&services["ProductCode"], &services["ActualWeight"]), (&json!("A"), &json!(1.25)));
        assert_eq!(services["CreditReferenceNo"], "E-7K3M-9QXP");
        // Half past two in the afternoon at Greenwich is eight in the evening in India.
        assert_eq!(services["PickupTime"], "2000");
        assert_eq!(services["PickupDate"], "/Date(1795271400000)/");
    }
    let (bluedart, stand_in) = bluedart(vec![]).await;
    let abroad = label_request(shop("IN"), buyer("LK", "00100", "Colombo"), "A");
    assert!(matches!(bluedart.label(&abroad).await, Err(CarrierError::Refused(_))));
    let request = rate_request(shop("IN"), buyer("IN", "560001", "Bengaluru"));
    assert_eq!(bluedart.rates(&request).await, Err(CarrierError::NotOffered));
    assert!(stand_in.asked().is_empty(), "it is not asked what it won't do");
}

#[tokio::test]
async fn scans_become_events() {
    let scan = |text: &str, code: &str, kind: &str, time: &str| {
        json!({ "ScanDetail": {
            "Scan": text, "ScanCode": code, "ScanType": kind, "ScanGroupType": "T", "ScanDate": "08-Dec-2026",
            "ScanTime": time, "ScannedLocation": "ITO SERVICE CENTRE", "ScannedLocationCode": "JRC",
        } })
    };
    let body = json!({ "ShipmentData": { "Shipment": [{
        "WaybillNo": "53100002154", "Status": "SHIPMENT DELIVERED", "StatusType": "DL", "ReceivedBy": "SELF",
        "Scans": [
            scan("SHIPMENT DELIVERED", "000", "DL", "18:27"),
            scan("SHIPMENT OUT FOR DELIVERY", "002", "UD", "12:47"),
            scan("SHIPMENT ARRIVED", "001", "UD", "10:53"),
        ],
    }] } });
    let (bluedart, stand_in) = bluedart(vec![token("jwt"), (TRACK, 200, body.to_string())]).await;
    let events = bluedart.track("53100002154").await.expect("answered");
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [TrackingKind::Delivered, TrackingKind::OutForDelivery, TrackingKind::InTransit]);
    assert_eq!(events[0].at.to_rfc3339(), "2026-12-08T12:57:00+00:00");
    let asked = &stand_in.asked()[1];
    for part in ["loginid=BOM00001", "lickey=tracking", "numbers=53100002154", "format=json", "scan=1"] {
        assert!(asked.contains(part), "{asked}");
    }
}

#[tokio::test]
async fn lists_of_one_are_no_lists() {
    let detail = |time: &str| {
        json!({
            "Scan": "SHIPMENT ARRIVED", "ScanCode": 1, "ScanType": "UD", "ScanDate": "08-Dec-2026", "ScanTime": time,
            "ScannedLocation": "DELHI",
        })
    };
    let alone = json!({ "ShipmentData": { "Shipment": {
        "WaybillNo": "1", "Scans": { "ScanDetail": [detail("10:53"), detail("11:00")] },
    } } });
    let nothing = json!({ "ShipmentData": { "Shipment": [{
        "WaybillNo": "1", "Status": "Incorrect Waybill number or No Information", "StatusType": "NF", "Scans": null,
    }] } });
    let (bluedart, stand_in) =
        bluedart(vec![token("jwt"), (TRACK, 200, alone.to_string()), (TRACK, 200, nothing.to_string())]).await;
    let events = bluedart.track("1").await.expect("answered");
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].carrier_event_id, events[1].carrier_event_id);
    assert_eq!(bluedart.track("1").await, Ok(vec![]));
    assert_eq!(stand_in.asked().iter().filter(|asked| asked.starts_with(LOGIN)).count(), 1);
}

#[tokio::test]
async fn errors_are_told_apart() {
    let status = json!([{ "StatusCode": "InvalidPincode", "StatusInformation": "Pincode is not served" }]);
    let gateway = json!({ "error-response": [{ "IsError": true, "Status": status }] });
    let result = json!({ "GenerateWayBillResult": { "AWBNo": null, "IsError": true, "Status": status } });
    let empty = json!({ "GenerateWayBillResult": { "AWBNo": "", "IsError": false, "Status": [] } });
    let cases = [
        (400, gateway.to_string(), CarrierError::Refused("Pincode is not served".to_owned())),
        (200, result.to_string(), CarrierError::Refused("Pincode is not served".to_owned())),
        (200, empty.to_string(), CarrierError::Unreadable),
        (200, "null".to_owned(), CarrierError::Unreadable),
        (500, String::new(), CarrierError::Unavailable),
        (429, String::new(), CarrierError::Unavailable),
    ];
    for (status, body, expected) in cases {
        let (bluedart, _) = bluedart(vec![token("jwt"), (WAYBILL, status, body.clone())]).await;
        let request = label_request(shop("IN"), buyer("IN", "560001", "Bengaluru"), "A");
        assert_eq!(bluedart.label(&request).await, Err(expected), "{status} {body}");
    }
    let refused = || (TRACK, 401, json!({ "status": 401, "title": "Unauthorized" }).to_string());
    let scans = json!({ "ShipmentData": { "Shipment": [] } });
    let answers = vec![token("old"), refused(), token("new"), (TRACK, 200, scans.to_string())];
    let (bluedart, stand_in) = bluedart(answers).await;
    assert_eq!(bluedart.track("1").await, Ok(vec![]));
    assert_eq!([1, 3].map(|at| stand_in.seen(at).header("jwttoken").to_owned()), ["old", "new"]);
}
