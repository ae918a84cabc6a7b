//! How carriers are asked: JSON over HTTPS, in time, without following redirects.

use super::super::carrier::CarrierError;
use crate::money::{Currency, Money};
use reqwest::{Client, RequestBuilder, StatusCode, header, redirect};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use std::time::Duration;
use tokio::sync::Mutex;

/// There can be no client to ask carriers with.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct HttpError(#[from] reqwest::Error);

/// How long a carrier may take for an answer. Labels take some seconds to make.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a carrier may take until it can be talked to.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of an answer that are read: a label has some hundred thousand.
const ANSWER_MOST: usize = 10 * 1024 * 1024;

/// The most characters of what a carrier says that staff are shown.
const MESSAGE_MOST: usize = 500;

/// What is said where a carrier does not know the shop.
const CREDENTIALS: &str = "it does not accept the shop’s credentials";

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The carrier does not know who asks, or not any more.
    Unauthorised,
    /// There is no such thing.
    NotFound,
    /// Anything else.
    Other(CarrierError),
}

impl From<CarrierError> for Failure {
    fn from(error: CarrierError) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for CarrierError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unauthorised => Self::Refused(CREDENTIALS.to_owned()),
            Failure::NotFound => Self::Refused("it knows nothing of that".to_owned()),
            Failure::Other(error) => error,
        }
    }
}

/// A client to ask a carrier with.
///
/// # Errors
/// When there can be none.
pub fn client() -> Result<Client, HttpError> {
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE);
    Ok(client.connect_timeout(CONNECT_PATIENCE).build()?)
}

/// A request with a body of JSON.
pub fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header(header::CONTENT_TYPE, "application/json").body(body.to_string())
}

/// Sends a request and reads its answer; `message` finds what a refusal says.
pub async fn ask<T: DeserializeOwned>(
    request: RequestBuilder,
    message: fn(&Value) -> Option<String>,
) -> Result<T, Failure> {
    let request = request.header(header::ACCEPT, "application/json");
    let unavailable = |error: reqwest::Error| {
        // Its address may have a key in it.
        tracing::warn!(error = %error.without_url(), "carrier not reached");
        Failure::from(CarrierError::Unavailable)
    };
    let mut response = request.send().await.map_err(unavailable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
        if body.len() + chunk.len() > ANSWER_MOST {
            return Err(CarrierError::Unreadable.into());
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| {
            tracing::warn!(%error, "carrier answered something that can't be read");
            CarrierError::Unreadable.into()
        });
    }
    let said = serde_json::from_slice(&body).ok().and_then(|body: Value| message(&body));
    Err(match status {
        StatusCode::UNAUTHORIZED => Failure::Unauthorised,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => CarrierError::Unavailable.into(),
        StatusCode::NOT_FOUND => Failure::NotFound,
        status if status.is_client_error() => {
            let said = said.unwrap_or_else(|| format!("status {}", status.as_u16()));
            CarrierError::Refused(super::at_most(&said, MESSAGE_MOST)).into()
        }
        _ => CarrierError::Unavailable.into(),
    })
}

/// The token that a carrier was last given, fetched by one asker at a time.
#[derive(Debug, Default)]
pub struct TokenStore(Mutex<Option<String>>);

impl TokenStore {
    /// Does something with a token; once more with a new one where the carrier does not accept it any more.
    pub async fn with<T, Fetched, Done>(
        &self,
        fetch: impl Fn() -> Fetched,
        act: impl Fn(String) -> Done,
    ) -> Result<T, Failure>
    where
        Fetched: Future<Output = Result<String, Failure>>,
        Done: Future<Output = Result<T, Failure>>,
    {
        let token = self.get(None, &fetch).await?;
        match act(token.clone()).await {
            Err(Failure::Unauthorised) => act(self.get(Some(&token), &fetch).await?).await,
            outcome => outcome,
        }
    }

    async fn get<Fetched>(&self, refused: Option<&str>, fetch: impl Fn() -> Fetched) -> Result<String, Failure>
    where
        Fetched: Future<Output = Result<String, Failure>>,
    {
        let mut kept = self.0.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Some(token.as_str()) != refused) {
            return Ok(token.clone());
        }
        let token = fetch().await?;
        *kept = Some(token.clone());
        Ok(token)
    }
}

/// An amount as a carrier writes it, rounded to what the currency has; `None` where it is none.
pub fn money(amount: &Number, currency: Currency) -> Option<Money> {
    let amount: Decimal = amount.to_string().parse().ok()?;
    let unit = 10_i64.pow(currency.exponent().map_or(0, u32::from));
    let minor = amount.checked_mul(Decimal::from(unit))?;
    let minor = minor.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()?;
    (minor >= 0).then(|| Money::new(minor, currency))
}

/// An amount as carriers read it.
pub fn number(amount: Money) -> Value {
    amount.to_decimal_string().parse::<Number>().map_or(Value::Null, Value::Number)
}
