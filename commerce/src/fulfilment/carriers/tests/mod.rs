//! Carriers against small stand-ins that keep what they are asked and answer as the real ones are documented to.

mod bluedart;
mod dhl;
mod fedex;

use super::super::carrier::{LabelRequest, Parcel, Party, RateRequest};
use crate::checkout::Address;
use crate::money::{Currency, Money};
use crate::orders::Order;
use crate::orders::compose::tests::nothing;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What a stand-in was asked.
#[derive(Clone, Debug)]
struct Seen {
    what: String,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What is answered to the next request that begins so, with its method: status and body.
type Answer = (&'static str, u16, String);

/// A carrier's server that answers what it was told to, in turn.
#[derive(Clone, Default)]
struct StandIn {
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
    url: String,
}

impl StandIn {
    async fn with(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stand_in = Self { answers: Arc::new(Mutex::new(answers)), url, ..Self::default() };
        let router = Router::new().fallback(answer).with_state(stand_in.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stand_in
    }

    /// What it was asked, as methods and addresses.
    fn asked(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").iter().map(|seen| seen.what.clone()).collect()
    }

    fn seen(&self, at: usize) -> Seen {
        self.seen.lock().expect("not poisoned")[at].clone()
    }
}

async fn answer(
    State(stand_in): State<StandIn>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let what = format!("{method} {uri}");
    let body = String::from_utf8(body.to_vec()).expect("text");
    let mut answers = stand_in.answers.lock().expect("not poisoned");
    let at = answers.iter().position(|(begin, ..)| what.starts_with(begin));
    let (_, status, text) = at.map_or(("", 418, String::new()), |at| answers.remove(at));
    stand_in.seen.lock().expect("not poisoned").push(Seen { what, headers, body });
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::CONTENT_TYPE, "application/json"), (header::LOCATION, "/elsewhere")], text)
}

fn address(country: &str, postal_code: &str, city: &str) -> Address {
    Address {
        name: "Ada Lovelace".to_owned(),
        line1: "Unter den Linden 1".to_owned(),
        line2: String::new(),
        city: city.to_owned(),
        region: String::new(),
        postal_code: postal_code.to_owned(),
        country: country.to_owned(),
    }
}

fn shop(country: &str) -> Party {
    let (company, phone) = ("Emporion GmbH".to_owned(), "+4930123456".to_owned());
    Party { company, phone, email: "hello@emporion.example".to_owned(), address: address(country, "10117", "Berlin") }
}

/// Whoever gets an order there.
fn buyer(country: &str, postal_code: &str, city: &str) -> Party {
    Party::recipient(&Order {
        email: "ada@example.org".to_owned(),
        phone: "+33 1 23456".to_owned(),
        delivery_address: address(country, postal_code, city),
        ..nothing(Currency::EUR, true, country)
    })
}

fn at() -> DateTime<Utc> {
    "2026-11-21T14:30:00Z".parse().expect("a time")
}

fn parcel() -> Parcel {
    Parcel {
        weight_grams: 1_250,
        size_cm: [30, 20, 15],
        contents: "Two mugs".to_owned(),
        value: Money::new(4_820, Currency::EUR),
    }
}

fn rate_request(from: Party, to: Party) -> RateRequest {
    RateRequest { from, to, parcel: parcel(), at: at() }
}

fn label_request(from: Party, to: Party, service: &str) -> LabelRequest {
    LabelRequest {
        key: "0193-4f6e-7000-8000-0123456789abcdef".to_owned(),
        order_number: "E-7K3M-9QXP".to_owned(),
        service: service.to_owned(),
        from,
        to,
        parcel: parcel(),
        at: at(),
    }
}

#[test]
fn customs_ask_where_a_border_is_crossed() {
    assert!(!super::is_declared("DE", "DE") && !super::is_declared("DE", "FR"));
    assert!(super::is_declared("DE", "CH") && super::is_declared("GB", "IE") && super::is_declared("US", "CA"));
}
