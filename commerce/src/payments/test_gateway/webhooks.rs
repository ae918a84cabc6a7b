//! What the test gateway sends, signed as other gateways do it: a time and an HMAC over both.

use super::{CODE, TestGateway};
use crate::Shop;
use crate::catalog::queries::currency;
use crate::clock::uuid_at;
use crate::db::sql;
use crate::money::Money;
use crate::payments::gateway::Header;
use crate::payments::webhook::{ReceiveError, receive};
use crate::payments::{About, Action, Fact, OperationId, Outcome, PaymentAttemptId, Webhook, WebhookError};
use crate::token::hex;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

/// The header that has the signature.
const SIGNATURE: &str = "emporion-test-signature";

/// How old what is signed may be, in seconds.
const TOLERANCE_SECONDS: i64 = 300;

/// How many webhooks one round sends.
pub const BATCH: usize = 50;

/// What is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    id: Uuid,
    kind: String,
    attempt: PaymentAttemptId,
    facts: Vec<SentFact>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SentFact {
    name: String,
    action: Action,
    outcome: Outcome,
    currency: String,
    amount: i64,
    reference: Option<String>,
    operation: Option<OperationId>,
    reason: Option<String>,
}

impl Sent {
    pub(super) fn new(attempt: PaymentAttemptId, facts: Vec<Fact>, now: DateTime<Utc>) -> Self {
        let newest = facts.last().map(|fact| format!("payment.{}.{}", fact.action.code(), fact.outcome.code()));
        let sent = |fact: Fact| SentFact {
            name: fact.name,
            action: fact.action,
            outcome: fact.outcome,
            currency: fact.amount.currency().code().to_owned(),
            amount: fact.amount.minor(),
            reference: fact.reference,
            operation: fact.operation,
            reason: fact.reason,
        };
        let facts = facts.into_iter().map(sent).collect();
        Self { id: uuid_at(now), kind: newest.unwrap_or_default(), attempt, facts }
    }
}

/// Puts something into the line of what is sent at `at`.
pub(super) async fn queue<C: ConnectionTrait>(db: &C, sent: &Sent, at: DateTime<Utc>) -> Result<(), DbErr> {
    let body = serde_json::to_string(sent).map_err(|error| DbErr::Json(error.to_string()))?;
    let text = "INSERT INTO test_webhooks (id, kind, body, due_at) VALUES ($1, $2, $3, $4)";
    let values = [sent.id.into(), sent.kind.clone().into(), body.into(), at.into()];
    db.execute_raw(sql(db, text, values)).await.map(drop)
}

impl TestGateway {
    /// Sends what is due to a shop, as it would come in from outside; gives how much that was. What the shop does not
    /// take is sent again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn send_due(&self, shop: &Shop) -> Result<usize, DbErr> {
        #[derive(FromQueryResult)]
        struct Due {
            id: Uuid,
            body: String,
        }
        let db = self.db.primary();
        let now = self.clock.now();
        let text = format!("SELECT id, body FROM test_webhooks WHERE due_at <= $1 ORDER BY due_at LIMIT {BATCH}");
        let due = Due::find_by_statement(sql(db, &text, [now.into()])).all(db).await?;
        let count = due.len();
        for Due { id, body } in due {
            let signature = self.sign(&body, now);
            let header = |name: &str| (name == SIGNATURE).then(|| signature.clone());
            match receive(shop, CODE, &header, body.as_bytes()).await {
                Ok(()) => {}
                Err(ReceiveError::Db(error)) => return Err(error),
                Err(error) => tracing::error!(webhook.id = %id, %error, "a test webhook was not taken"),
            }
            db.execute_raw(sql(db, "DELETE FROM test_webhooks WHERE id = $1", [id.into()])).await?;
        }
        Ok(count)
    }

    /// The signature of a body: `t=<seconds>,v1=<HMAC-SHA-256 of "<seconds>.<body>" in hexadecimal>`.
    pub fn sign(&self, body: &str, now: DateTime<Utc>) -> String {
        let seconds = now.timestamp();
        let tag = mac(&self.key, seconds, body.as_bytes()).finalize().into_bytes();
        format!("t={seconds},v1={}", hex(&tag))
    }
}

fn mac(key: &[u8], seconds: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes any key"));
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

pub(super) fn verify(key: &[u8], header: Header<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
    let signature = header(SIGNATURE).ok_or(WebhookError::Signature)?;
    let part = |name: &str| signature.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let seconds: i64 = part("t").and_then(|text| text.parse().ok()).ok_or(WebhookError::Signature)?;
    let tag = part("v1").and_then(|text| HEXLOWER.decode(text.as_bytes()).ok()).ok_or(WebhookError::Signature)?;
    let age = now.timestamp().checked_sub(seconds).ok_or(WebhookError::Signature)?;
    if age.abs() > TimeDelta::seconds(TOLERANCE_SECONDS).num_seconds() {
        return Err(WebhookError::Signature);
    }
    mac(key, seconds, body).verify_slice(&tag).map_err(|_| WebhookError::Signature)
}

pub(super) fn read(body: &[u8]) -> Result<Webhook, WebhookError> {
    let malformed = |error: &dyn std::fmt::Display| WebhookError::Malformed(error.to_string());
    let sent: Sent = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let fact = |fact: SentFact| {
        Ok(Fact {
            amount: Money::new(fact.amount, currency(&fact.currency).map_err(|error| malformed(&error))?),
            name: fact.name,
            action: fact.action,
            outcome: fact.outcome,
            reference: fact.reference,
            operation: fact.operation,
            reason: fact.reason,
        })
    };
    Ok(Webhook {
        id: sent.id.to_string(),
        kind: sent.kind,
        about: Some(About::Attempt(sent.attempt)),
        facts: sent.facts.into_iter().map(fact).collect::<Result<_, _>>()?,
    })
}
