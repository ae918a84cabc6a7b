//! What gateways send is kept as it came, then acted on: sent twice, late or in another order, it comes to the same.

use super::record::{Source, record};
use super::{About, Header, PaymentAttemptId, Webhook, WebhookError, WebhookId};
use crate::Shop;
use crate::db::sql;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

pub mod purge;
pub mod replay;

/// How many webhooks one round takes up again.
pub const BATCH: usize = 50;

/// How often it is tried to read a webhook, and to find out which payment it is about: for a day.
const MOST_TRIES: i32 = 10;

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It is not a gateway's.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The database failed: the gateway is to send it again.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// What became of a webhook.
mod outcome {
    /// It was not acted on yet.
    pub const WAITING: &str = "waiting";
    /// It says something about a payment, and that was written down.
    pub const APPLIED: &str = "applied";
    /// It is of a kind that changes nothing, or that this version does not know.
    pub const IGNORED: &str = "ignored";
    /// Nobody knows the payment that it is about.
    pub const UNMATCHED: &str = "unmatched";
    /// This version can't read it any more, or its gateway is not configured.
    pub const UNREADABLE: &str = "unreadable";
}

/// Takes what claims to come from a gateway: checks the signature over the body as it came, keeps it, and acts on it.
///
/// # Errors
/// [`ReceiveError`]; then nothing was kept. What was kept is acted on later, should that fail now.
pub async fn receive(shop: &Shop, gateway: &str, header: Header<'_>, body: &[u8]) -> Result<(), ReceiveError> {
    let gateway = shop.gateways.get(gateway).ok_or(WebhookError::Unknown)?;
    let now = shop.clock.now();
    gateway.verify_webhook(header, body, now).await?;
    let text = std::str::from_utf8(body).map_err(|error| WebhookError::Malformed(error.to_string()))?;
    let webhook = gateway.read_webhook(header, body)?;
    let id = WebhookId::new(now);
    let db = shop.db.primary();
    let insert = "INSERT INTO webhook_events
                  (id, gateway, event_id, kind, body, received_at, due_at, tries, outcome)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT (gateway, event_id) DO NOTHING";
    let values = [
        id.into(),
        gateway.code().into(),
        webhook.id.clone().into(),
        webhook.kind.clone().into(),
        text.into(),
        now.into(),
        // Only then does somebody else take it up.
        (now + again(0)).into(),
        outcome::WAITING.into(),
    ];
    if db.execute_raw(sql(db, insert, values)).await?.rows_affected() == 0 {
        return Ok(());
    }
    if let Err(error) = act(shop, id, gateway.code(), &webhook, 0).await {
        tracing::warn!(webhook.id = %id, %error, "webhook kept for later");
    }
    Ok(())
}

/// Acts on what was kept and not acted on; gives how much there was.
///
/// # Errors
/// When the database fails.
pub async fn act_on_due(shop: &Shop) -> Result<usize, DbErr> {
    #[derive(FromQueryResult)]
    struct Due {
        id: WebhookId,
        gateway: String,
        body: String,
        due_at: DateTime<Utc>,
        tries: i32,
    }
    let db = shop.db.primary();
    let now = shop.clock.now();
    let text = format!(
        "SELECT id, gateway, body, due_at, tries FROM webhook_events WHERE due_at <= $1 ORDER BY due_at LIMIT {BATCH}"
    );
    let due = Due::find_by_statement(sql(db, &text, [now.into()])).all(db).await?;
    let count = due.len();
    for row in due {
        let text = "UPDATE webhook_events SET due_at = $3, tries = tries + 1 WHERE id = $1 AND due_at = $2";
        let values = [row.id.into(), row.due_at.into(), (now + again(row.tries + 1)).into()];
        if db.execute_raw(sql(db, text, values)).await?.rows_affected() == 0 {
            continue;
        }
        let gateway = shop.gateways.get(&row.gateway).ok_or(WebhookError::Unknown);
        match gateway.and_then(|gateway| gateway.read_webhook(&|_| None, row.body.as_bytes())) {
            Ok(webhook) => act(shop, row.id, &row.gateway, &webhook, row.tries + 1).await?,
            Err(error) => {
                tracing::error!(webhook.id = %row.id, gateway = row.gateway, %error, "a kept webhook can't be read");
                // Another replica may, while the shop is brought up to date.
                if row.tries + 1 >= MOST_TRIES {
                    close(shop, row.id, outcome::UNREADABLE).await?;
                }
            }
        }
    }
    Ok(count)
}

async fn act(shop: &Shop, id: WebhookId, gateway: &str, webhook: &Webhook, tries: i32) -> Result<(), DbErr> {
    let (Some(about), false) = (&webhook.about, webhook.facts.is_empty()) else {
        return close(shop, id, outcome::IGNORED).await;
    };
    match find(shop, gateway, about).await? {
        Some(attempt) => {
            record(shop, attempt, &webhook.facts, Source::Webhook).await?;
            close(shop, id, outcome::APPLIED).await
        }
        // It may have come before its payment got its name.
        None if tries >= MOST_TRIES => {
            tracing::error!(webhook.id = %id, webhook.kind, gateway, "a gateway tells of a payment that nobody knows");
            close(shop, id, outcome::UNMATCHED).await
        }
        None => Ok(()),
    }
}

async fn find(shop: &Shop, gateway: &str, about: &About) -> Result<Option<PaymentAttemptId>, DbErr> {
    let db = shop.db.primary();
    let row = match about {
        About::Attempt(attempt) => {
            let text = "SELECT id FROM payment_attempts WHERE gateway = $1 AND id = $2";
            db.query_one_raw(sql(db, text, [gateway.into(), (*attempt).into()])).await?
        }
        About::Reference(reference) => {
            let text = "SELECT id FROM payment_attempts WHERE gateway = $1 AND reference = $2
                        UNION SELECT attempt_id FROM payment_events WHERE gateway = $1 AND reference = $2 LIMIT 1";
            db.query_one_raw(sql(db, text, [gateway.into(), reference.clone().into()])).await?
        }
    };
    row.map(|row| row.try_get("", "id")).transpose()
}

async fn close(shop: &Shop, id: WebhookId, outcome: &str) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let text = "UPDATE webhook_events SET due_at = NULL, outcome = $2 WHERE id = $1";
    db.execute_raw(sql(db, text, [id.into(), outcome.into()])).await.map(drop)
}

/// How long until it is acted on again: half a minute, a minute, two … at most six hours.
fn again(tries: i32) -> TimeDelta {
    TimeDelta::seconds(30 << tries.clamp(0, 10)).min(TimeDelta::hours(6))
}
