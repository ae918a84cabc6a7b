//! Counts in Redis, which replicas share.

use super::{Charge, Count, micros};
use commerce::clock::Clock;
use fred::clients::Pool;
use fred::interfaces::ClientLike;
use fred::types::scripts::Script;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long Redis may take.
const PATIENCE: Duration = Duration::from_millis(150);

/// How long it is left alone after it has failed, so that no request waits for it meanwhile.
const PAUSE: Duration = Duration::from_secs(3);

/// Counts a request by every log, unless one of them is full.
///
/// A log is a list of times, the newest first, as long as its limit at most:
/// so the count is exact in every window, what is done takes the same time
/// however long it is, and a request noted takes some ten bytes. Redis tells
/// the time: the clocks of replicas differ.
const TAKE: &str = "
    local now = tonumber(ARGV[1])
    if not now then
        local time = redis.call('TIME')
        now = time[1] * 1000000 + time[2]
    end
    local counts, full = {}, false
    for i, key in ipairs(KEYS) do
        local most, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
        local oldest = redis.call('LINDEX', key, -1)
        while oldest and tonumber(oldest) <= now - window do
            redis.call('RPOP', key)
            oldest = redis.call('LINDEX', key, -1)
        end
        local used, wait = redis.call('LLEN', key), 0
        if used >= most then
            full = true
            wait = tonumber(redis.call('LINDEX', key, most - 1)) + window - now
        end
        local reset = oldest and tonumber(oldest) + window - now or window
        table.insert(counts, used)
        table.insert(counts, reset)
        table.insert(counts, wait)
    end
    if not full then
        for i, key in ipairs(KEYS) do
            redis.call('LPUSH', key, string.format('%.0f', now))
            redis.call('PEXPIRE', key, math.ceil(tonumber(ARGV[2 * i + 1]) / 1000))
        end
    end
    return counts";

/// Counts in Redis.
#[derive(Debug)]
pub struct Redis {
    pool: Pool,
    script: Script,
    clock: Clock,
    failed_at: Mutex<Option<Instant>>,
}

impl Redis {
    /// Counts over these connections; a clock that stands still is taken at its word.
    pub fn new(pool: Pool, clock: Clock) -> Self {
        Self { pool, script: Script::from_lua(TAKE), clock, failed_at: Mutex::default() }
    }

    /// Counts a request, unless one of its limits is reached. `None` where Redis can't be asked.
    pub async fn take(&self, charges: &[Charge]) -> Option<Vec<Count>> {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_at.is_some_and(|failed_at| failed_at.elapsed() < PAUSE) {
            return None;
        }
        let client = self.pool.next_connected();
        // One that isn't connected would keep its commands, and us waiting.
        if !client.is_connected() {
            return None;
        }
        let now = match &self.clock {
            Clock::System => String::new(),
            manual @ Clock::Manual(_) => manual.now().timestamp_micros().to_string(),
        };
        let limits =
            charges.iter().flat_map(|charge| [charge.limit.most.to_string(), micros(charge.limit.window).to_string()]);
        let arguments: Vec<_> = std::iter::once(now).chain(limits).collect();
        let keys: Vec<_> = charges.iter().map(key).collect();
        let call = self.script.evalsha_with_reload::<Vec<i64>, _, _>(client, keys, arguments);
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(numbers)) if numbers.len() == 3 * charges.len() => Some(counts(&numbers)),
            failed => {
                tracing::warn!(?failed, "requests are counted in the process: Redis has failed");
                *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                None
            }
        }
    }
}

/// A cluster runs a script on one node only: the braces keep all logs on the same.
fn key(charge: &Charge) -> String {
    format!("emporion:{{limits}}:{}:{}", charge.policy, charge.who)
}

fn counts(numbers: &[i64]) -> Vec<Count> {
    let counts: Vec<_> = numbers
        .chunks_exact(3)
        .map(|count| Count { used: u32::try_from(count[0]).unwrap_or(u32::MAX), reset: count[1], wait: count[2] })
        .collect();
    if counts.iter().any(Count::is_full) { counts } else { counts.into_iter().map(Count::with_this).collect() }
}
