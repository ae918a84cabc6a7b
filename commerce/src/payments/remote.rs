//! Gateways on the web: how they are asked, what their answers mean, and amounts in the units that they want.

use super::{Action, Fact, GatewayError, OperationRequest, Outcome};
use crate::money::{Currency, Money, minor_digits};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, Mac};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::Sha256;
use std::time::Duration;
use uuid::Uuid;

/// How long a gateway may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a shopper may stay on a gateway's page. The sweeper ends what is open before that.
const OPEN_HOURS: i64 = 2;

/// The client that could not be built.
#[derive(Debug, thiserror::Error)]
#[error("no client to ask gateways with: {0}")]
pub struct ClientError(#[from] reqwest::Error);

/// A client that goes where it is told to, and waits for ten seconds.
///
/// # Errors
/// [`ClientError`] where the system has no randomness or no TLS.
pub(super) fn client() -> Result<Client, ClientError> {
    Ok(Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).user_agent("emporion").build()?)
}

/// What a gateway has answered, whatever it says.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub body: Value,
}

/// What the body of a refusal says.
pub(super) enum Refusal {
    /// The payment is not taken.
    Declined(String),
    /// The request is wrong, or comes too late.
    Refused(String),
}

/// Asks a gateway.
///
/// # Errors
/// [`GatewayError::Unavailable`] where there is no answer, or none that can be read.
pub(super) async fn send(request: RequestBuilder) -> Result<Reply, GatewayError> {
    let unavailable = |error: reqwest::Error| GatewayError::Unavailable(error.without_url().to_string());
    let response = request.send().await.map_err(unavailable)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(unavailable)?;
    let body = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        Err(_) if bytes.is_empty() || !status.is_success() => Value::Null,
        Err(error) => return Err(unreadable(&error)),
    };
    Ok(Reply { status, body })
}

fn unreadable(error: &serde_json::Error) -> GatewayError {
    GatewayError::Unavailable(format!("an answer that can't be read: {error}"))
}

impl Reply {
    /// What a good answer says; `why` tells what a refusal means.
    ///
    /// # Errors
    /// [`GatewayError::Unavailable`] for what can be asked again: trouble of the gateway, too many requests, a request
    /// that is still under way, and keys that it does not take, since those are changed by staff.
    pub fn read<T: DeserializeOwned>(self, why: impl FnOnce(&Value) -> Refusal) -> Result<T, GatewayError> {
        let status = self.status;
        if status.is_success() {
            return serde_json::from_value(self.body).map_err(|error| unreadable(&error));
        }
        let again = [StatusCode::UNAUTHORIZED, StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS];
        if !status.is_client_error() || again.contains(&status) {
            return Err(GatewayError::Unavailable(format!("answered {status}")));
        }
        Err(match why(&self.body) {
            Refusal::Declined(reason) => GatewayError::Declined(Some(reason)),
            Refusal::Refused(reason) => GatewayError::Refused(format!("{status}: {reason}")),
        })
    }
}

/// The text at `pointer`, if there is one.
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// An amount in units with `digits` after the point; `None` where that would not be exact.
pub(super) fn in_units(amount: Money, digits: u32) -> Option<i64> {
    let own = minor_digits(amount.currency());
    if digits >= own {
        return amount.minor().checked_mul(10_i64.checked_pow(digits - own)?);
    }
    let unit = 10_i64.checked_pow(own - digits)?;
    (amount.minor() % unit == 0).then(|| amount.minor() / unit)
}

/// An amount in units with `digits` after the point, of which a third has to be 0, as card networks have it; nothing is
/// rounded.
pub(super) fn chargeable_units(amount: Money, digits: u32) -> Result<i64, GatewayError> {
    in_units(amount, digits)
        .filter(|units| *units > 0 && (digits < 3 || units % 10 == 0))
        .ok_or_else(|| GatewayError::Refused(format!("can't charge {}", amount.to_decimal_string())))
}

/// The amount that so many units with `digits` after the point are; `None` where the currency is not that fine.
pub(super) fn from_units(units: i64, digits: u32, currency: Currency) -> Option<Money> {
    let own = minor_digits(currency);
    if own >= digits {
        return Some(Money::new(units.checked_mul(10_i64.checked_pow(own - digits)?)?, currency));
    }
    let unit = 10_i64.checked_pow(digits - own)?;
    (units % unit == 0).then(|| Money::new(units / unit, currency))
}

/// The currency with this code, in capitals or not.
pub(super) fn currency(code: &str) -> Option<Currency> {
    Currency::from_code(&code.to_ascii_uppercase())
}

/// Until when an attempt can be paid: it follows from the attempt, so that a request made again is the same.
pub(super) fn open_until(attempt: Uuid) -> DateTime<Utc> {
    let seconds = attempt.get_timestamp().map_or((0, 0), |time| time.to_unix());
    let opened = DateTime::from_timestamp(i64::try_from(seconds.0).unwrap_or(0), 0).unwrap_or_default();
    opened + TimeDelta::hours(OPEN_HOURS)
}

/// Whether `tag` is the HMAC-SHA-256 of `parts` in hexadecimal; takes as long whatever it is.
pub(super) fn is_signed(key: &str, parts: &[&[u8]], tag: &str) -> bool {
    let Ok(tag) = HEXLOWER_PERMISSIVE.decode(tag.as_bytes()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(&tag).is_ok()
}

/// A fact that is known by what later operations call it.
pub(super) fn fact(name: &str, action: Action, outcome: Outcome, amount: Money) -> Fact {
    let (name, reference) = (name.to_owned(), Some(name.to_owned()));
    Fact { name, action, outcome, amount, reference, operation: None, reason: None }
}

/// What an earlier answer has named.
///
/// # Errors
/// [`GatewayError::Refused`] where none has.
pub(super) fn named(reference: Option<&String>) -> Result<&str, GatewayError> {
    reference.map(String::as_str).ok_or_else(|| GatewayError::Refused("there is no such payment".to_owned()))
}

/// These facts, those of the operation's action marked as its answer.
pub(super) fn answering(operation: &OperationRequest, mut facts: Vec<Fact>) -> Vec<Fact> {
    for fact in facts.iter_mut().filter(|fact| fact.action == operation.action) {
        fact.operation = Some(operation.id);
    }
    facts
}
