//! What stands in front of the database for guests: the summary of a cart by
//! the hash of its token. The database is the truth; what is here may be
//! forgotten at any time, and a store that fails is as good as none.

use super::{CartSummary, queries};
use crate::db::Db;
use fred::clients::{Client, Pool};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::Expiration;
use fred::types::scripts::Script;
use sea_orm::DbErr;
use std::time::Duration;

/// Seconds in 30 days: as long as the cookie.
const TTL_SECONDS: i64 = 30 * 24 * 60 * 60;

/// How long Redis may take before the database is asked instead.
const PATIENCE: Duration = Duration::from_millis(250);

/// Keeps what is newest: `version items`, with `?` for items that are to be read anew.
const PUT: &str = "
    local old = redis.call('GET', KEYS[1])
    if old and tonumber(string.match(old, '^%d+')) > tonumber(ARGV[1]) then return 0 end
    redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'EX', ARGV[3])
    return 1";

/// A version that no cart gets to; Lua's numbers are exact up to it.
const NEVER_OLDER: i64 = 1 << 53;

/// Guest sessions: through Redis when there is one, else the database alone.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    redis: Option<(Pool, Script)>,
}

impl Sessions {
    /// Sessions that are kept in Redis, too.
    pub fn with_redis(pool: Pool) -> Self {
        Self { redis: Some((pool, Script::from_lua(PUT))) }
    }

    /// What a page shows of a guest's cart; `None` where there is none.
    ///
    /// # Errors
    /// When the database had to be asked and fails.
    pub async fn summary(&self, db: &Db, token_hash: &str) -> Result<Option<CartSummary>, DbErr> {
        if let Some(known) = self.known(token_hash).await {
            return Ok(Some(known));
        }
        let summary = queries::summary(db.read(), token_hash).await?;
        if let Some(summary) = summary {
            self.put(token_hash, summary.version, &summary.items.to_string()).await;
        }
        Ok(summary)
    }

    /// Notes that a cart has changed: what was known of it is too old.
    pub async fn changed(&self, token_hash: &str, version: i64) {
        self.put(token_hash, version, "?").await;
    }

    /// Notes that carts are none any more. A page that read one just before must
    /// not put it back, so the note is newer than anything.
    pub async fn ended(&self, token_hashes: &[String]) {
        let Some((client, _)) = self.connected() else { return };
        let noted = async {
            let pipeline = client.pipeline();
            for token_hash in token_hashes {
                let expires = Some(Expiration::EX(TTL_SECONDS));
                let note = format!("{NEVER_OLDER} ?");
                pipeline.set::<(), _, _>(key(token_hash), note, expires, None, false).await?;
            }
            pipeline.all::<()>().await
        };
        if !matches!(tokio::time::timeout(PATIENCE, noted).await, Ok(Ok(()))) {
            tracing::warn!("guest sessions not ended in Redis");
        }
    }

    /// A client that is connected: one that isn't would keep its commands, and us waiting.
    fn connected(&self) -> Option<(&Client, &Script)> {
        let (pool, script) = self.redis.as_ref()?;
        let client = pool.next_connected();
        client.is_connected().then_some((client, script))
    }

    async fn known(&self, token_hash: &str) -> Option<CartSummary> {
        let (client, _) = self.connected()?;
        let outcome = tokio::time::timeout(PATIENCE, client.get::<Option<String>, _>(key(token_hash))).await;
        let text = match outcome {
            Ok(Ok(text)) => text?,
            failed => {
                tracing::warn!(?failed, "guest session not read from Redis");
                return None;
            }
        };
        let (version, items) = text.split_once(' ')?;
        Some(CartSummary { version: version.parse().ok()?, items: items.parse().ok()? })
    }

    async fn put(&self, token_hash: &str, version: i64, items: &str) {
        let Some((client, script)) = self.connected() else { return };
        let arguments = vec![version.to_string(), items.to_owned(), TTL_SECONDS.to_string()];
        // Time limits set in the client's options do not reach scripts.
        let call = script.evalsha_with_reload::<i64, _, _>(client, vec![key(token_hash)], arguments);
        if !matches!(tokio::time::timeout(PATIENCE, call).await, Ok(Ok(_))) {
            tracing::warn!("guest session not written to Redis");
        }
    }
}

fn key(token_hash: &str) -> String {
    format!("emporion:guest:{token_hash}")
}
