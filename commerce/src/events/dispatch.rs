//! Delivers what is in the outbox.
//!
//! Each handler has its own rounds, so that none waits for another. A round
//! leases the first open event of up to [`HEADS`] aggregates; while that is
//! open, nobody else gets what follows it, so the round may deliver a run of
//! events of each, several aggregates at a time or together, and settles many at once.

use super::entity::delivery::{DEAD, DONE, PENDING};
use super::{Event, Handler, HandlerError, Metadata, PUT_OFF, caused_by};
use crate::Shop;
use crate::db::{for_update_of_free, in_list, sql};
use chrono::{DateTime, TimeDelta, Utc};
use futures::channel::mpsc;
use futures::{FutureExt, StreamExt, stream};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// How long a handler has before its delivery is given to another worker.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How long a handler has for an event: nothing is begun that would outlast the lease.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// After how many attempts a delivery is given up that is put off each time: for three days, about as long as mail
/// servers try among themselves.
const MOST_PUT_OFF: i32 = 83;

/// After how many attempts any other delivery is given up.
const MOST_ATTEMPTS: i32 = 12;

/// Of how many aggregates one round delivers at most.
pub const HEADS: usize = 250;

/// How many events one round reads, if there are many of few aggregates.
const EVENTS: usize = 500;

/// To how many aggregates' events a handler attends at a time: each may take a connection of the pool.
const AT_ONCE: usize = 8;

/// That nobody has it at `$2`. A lease is no part of any index, so that taking one is a small write.
const FREE: &str = "(leased_until IS NULL OR leased_until <= $2)";

#[derive(FromQueryResult)]
struct Open {
    event_id: Uuid,
    aggregate_id: Uuid,
    state: String,
    attempts: i32,
    due_at: DateTime<Utc>,
    leased_until: Option<DateTime<Utc>>,
    /// What was said of it last.
    error: Option<String>,
    kind: String,
    kind_version: i32,
    aggregate_version: i64,
    data: serde_json::Value,
    metadata: serde_json::Value,
    occurred_at: DateTime<Utc>,
}

/// What became of the events of one aggregate.
#[derive(Default)]
struct Outcome {
    handled: Vec<Uuid>,
    /// The leased event, where it was not begun.
    returned: Option<Uuid>,
    stopped: Option<Stopped>,
}

/// The event at which a run has ended.
struct Stopped {
    event: Uuid,
    /// As the row has it.
    attempts: i32,
    /// Whether the row counts this attempt already.
    counted: bool,
    error: HandlerError,
}

/// Delivers what is due to every handler once; gives how many deliveries were tried.
///
/// # Errors
/// When the database fails; what was not delivered stays due.
pub async fn dispatch_due(shop: &Shop) -> Result<usize, DbErr> {
    let rounds = (0..shop.handlers.len()).map(|index| dispatch_to(shop, index));
    Ok(futures::future::try_join_all(rounds).await?.into_iter().sum())
}

/// Delivers what is due to the handler at this place in the shop's list once; gives how many deliveries were tried.
///
/// # Errors
/// When the database fails; what was not delivered stays due.
pub async fn dispatch_to(shop: &Shop, index: usize) -> Result<usize, DbErr> {
    let Some(handler) = shop.handlers.get(index) else { return Ok(0) };
    let now = shop.clock.now();
    if shop.outbox.rests(index, now) {
        return Ok(0);
    }
    let round = Round { shop, handler: handler.as_ref(), now, until: now + LEASE, away: AtomicBool::new(false) };
    let heads = round.lease(round.heads().await?).await?;
    if heads.is_empty() {
        return Ok(0);
    }
    let runs = round.runs(&heads).await?;
    let (together, runs) = round.deliver_together(runs).await;
    // Both go on together: a handler may have the connection that settling waits for.
    let (told, outcomes) = mpsc::unbounded();
    let delivering = async {
        let told = told;
        if let Some(outcome) = together {
            told.unbounded_send(outcome).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        let mut delivered = stream::iter(runs).map(|run| round.deliver(run)).buffer_unordered(AT_ONCE);
        while let Some(outcome) = delivered.next().await {
            told.unbounded_send(outcome).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        Ok::<_, DbErr>(())
    };
    let settling = async {
        let mut outcomes = outcomes.ready_chunks(HEADS);
        let mut tried = 0;
        while let Some(outcomes) = outcomes.next().await {
            tried += outcomes.iter().map(|one| one.handled.len() + usize::from(one.stopped.is_some())).sum::<usize>();
            round.settle(outcomes).await?;
        }
        Ok::<_, DbErr>(tried)
    };
    let ((), tried) = futures::future::try_join(delivering, settling).await?;
    if round.away.load(Ordering::Relaxed) {
        shop.outbox.rest(index, shop.clock.now());
    } else if tried > 0 {
        shop.outbox.works(index);
    }
    Ok(tried)
}

struct Round<'a> {
    shop: &'a Shop,
    handler: &'a dyn Handler,
    now: DateTime<Utc>,
    /// Until when it has what it leases.
    until: DateTime<Utc>,
    /// Whether the handler has said that it can't work now.
    away: AtomicBool,
}

impl Round<'_> {
    /// The first open event of each aggregate, where it is due.
    async fn heads(&self) -> Result<Vec<Uuid>, DbErr> {
        let db = self.shop.db.latest();
        // An event waits for those before it at the same handler and aggregate, also for dead ones. No database turns
        // this into a join of everything, whatever it believes of how much is open; and as PostgreSQL expects half of
        // the answers to be yes, it reads the index in its order and stops, instead of sorting everything that is due
        // and all that vacuum has not yet removed.
        let text = format!(
            "SELECT d.event_id AS id FROM event_deliveries d
             WHERE d.handler = $1 AND d.state = '{PENDING}' AND d.due_at <= $2 AND {FREE} AND (
                 SELECT b.event_id = d.event_id FROM event_deliveries b JOIN events f ON f.id = b.event_id
                 WHERE b.handler = d.handler AND b.aggregate_id = d.aggregate_id AND b.state <> '{DONE}'
                 ORDER BY f.aggregate_version, f.id LIMIT 1)
             ORDER BY d.due_at LIMIT {HEADS}"
        );
        let rows = db.query_all_raw(sql(db, &text, [self.handler.name().into(), self.now.into()])).await?;
        rows.iter().map(|row| row.try_get("", "id")).collect()
    }

    /// Takes deliveries for this worker: those that no other one was faster to take, by aggregate.
    async fn lease(&self, heads: Vec<Uuid>) -> Result<HashMap<Uuid, i32>, DbErr> {
        if heads.is_empty() {
            return Ok(HashMap::new());
        }
        let db = self.shop.db.primary();
        let (list, heads) = in_list(db, 4, heads);
        let text = format!(
            "UPDATE event_deliveries SET leased_until = $3, attempts = attempts + 1
             WHERE handler = $1 AND event_id IN (
                 SELECT event_id FROM event_deliveries
                 WHERE handler = $1 AND state = '{PENDING}' AND due_at <= $2 AND {FREE} AND event_id {list}{})
             RETURNING aggregate_id, attempts",
            for_update_of_free(db, "event_deliveries"),
        );
        let values: [Value; 3] = [self.handler.name().into(), self.now.into(), self.until.into()];
        let values = values.into_iter().chain(heads);
        let rows = db.query_all_raw(sql(db, &text, values)).await?;
        rows.iter().map(|row| Ok((row.try_get("", "aggregate_id")?, row.try_get("", "attempts")?))).collect()
    }

    /// What is open of these aggregates, each in order.
    async fn runs(&self, heads: &HashMap<Uuid, i32>) -> Result<Vec<Vec<Open>>, DbErr> {
        let db = self.shop.db.latest();
        let (list, aggregates) = in_list(db, 3, heads.keys().copied());
        let text = format!(
            "SELECT o.*, e.kind, e.kind_version, e.aggregate_version, e.data, e.metadata, e.occurred_at FROM (
                 SELECT d.event_id, d.aggregate_id, d.state, d.attempts, d.due_at, d.leased_until, d.error,
                     ROW_NUMBER() OVER (PARTITION BY d.aggregate_id ORDER BY f.aggregate_version, f.id) AS place
                 FROM event_deliveries d JOIN events f ON f.id = d.event_id
                 WHERE d.handler = $1 AND d.state <> '{DONE}' AND d.aggregate_id {list}
             ) AS o JOIN events e ON e.id = o.event_id
             WHERE o.place <= $2 ORDER BY o.aggregate_id, o.place"
        );
        let length = (EVENTS / heads.len()).max(1) as i64;
        let values: [Value; 2] = [self.handler.name().into(), length.into()];
        let values = values.into_iter().chain(aggregates);
        let open = Open::find_by_statement(sql(db, &text, values)).all(db).await?;
        let mut runs: Vec<Vec<Open>> = Vec::new();
        for one in open {
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|last| last.aggregate_id == one.aggregate_id) => run.push(one),
                // Settled meanwhile by a handler that was slow, or erased: what is first now is not what was leased.
                _ if !self.has_leased(&one) || heads.get(&one.aggregate_id) != Some(&one.attempts) => {}
                _ => runs.push(vec![one]),
            }
        }
        Ok(runs)
    }

    /// Gives the handler what was never tried of several aggregates at once, if it takes that; gives what came of it
    /// and what is left to be given to it one after the other.
    async fn deliver_together(&self, runs: Vec<Vec<Open>>) -> (Option<Outcome>, Vec<Vec<Open>>) {
        let is_new = |open: &Open| open.attempts == 1 && self.has_leased(open);
        let follows = |open: &Open| open.attempts == 0 && self.is_due(open);
        let (new, rest): (Vec<_>, Vec<_>) =
            runs.into_iter().partition(|run| is_new(&run[0]) && run[1..].iter().all(follows));
        if new.len() < 2 {
            return (None, new.into_iter().chain(rest).collect());
        }
        let events: Vec<_> = new.iter().flatten().map(Event::from).collect();
        // What it writes comes of several events.
        let caused = Metadata { source: self.handler.name().to_owned(), ..Metadata::default() };
        let work = caused_by(caused, self.handler.handle_together(self.shop, &events));
        match attend(work).await.unwrap_or_else(|error| Some(Err(error))) {
            Some(Ok(())) => {
                let handled = events.into_iter().map(|event| event.id).collect();
                return (Some(Outcome { handled, ..Outcome::default() }), rest);
            }
            Some(Err(error)) => tracing::warn!(handler = self.handler.name(), %error, "events not handled together"),
            None => {}
        }
        (None, new.into_iter().chain(rest).collect())
    }

    /// Whether it is this round's to handle.
    fn has_leased(&self, open: &Open) -> bool {
        open.leased_until == Some(self.until)
    }

    /// Whether it may be handled, and nobody does.
    fn is_due(&self, open: &Open) -> bool {
        let is_free = open.leased_until.is_none_or(|until| until <= self.now);
        open.state == PENDING && open.due_at <= self.now && is_free
    }

    /// Gives the handler events of one aggregate, one after the other, the first of which is leased.
    async fn deliver(&self, run: Vec<Open>) -> Outcome {
        let mut outcome = Outcome::default();
        for (place, open) in run.into_iter().enumerate() {
            let leased = place == 0;
            if !leased && !self.is_due(&open) {
                break;
            }
            let (event, attempts) = (open.event_id, open.attempts);
            let was_put_off = open.error.as_ref().is_some_and(|error| error.starts_with(PUT_OFF));
            let most = if was_put_off { MOST_PUT_OFF } else { MOST_ATTEMPTS };
            if leased && attempts > most {
                let error = HandlerError::failed("the process ended during each attempt, or lost the database");
                outcome.stopped = Some(Stopped { event, attempts, counted: true, error });
                break;
            }
            if self.away.load(Ordering::Relaxed) || self.shop.clock.now() + PATIENCE > self.until {
                outcome.returned = leased.then_some(event);
                break;
            }
            match self.hand_over(&open).await {
                Ok(()) => outcome.handled.push(event),
                Err(error) => {
                    if matches!(error, HandlerError::NotNow(_)) {
                        self.away.store(true, Ordering::Relaxed);
                    }
                    outcome.stopped = Some(Stopped { event, attempts, counted: leased, error });
                    break;
                }
            }
        }
        outcome
    }

    async fn hand_over(&self, open: &Open) -> Result<(), HandlerError> {
        let event = Event::from(open);
        let caused =
            Metadata { causation_id: Some(event.id), source: self.handler.name().to_owned(), ..event.metadata.clone() };
        attend(caused_by(caused, self.handler.handle(self.shop, &event))).await?
    }

    /// Writes down what became of events. What was settled stays settled, whatever became of the handler afterwards.
    async fn settle(&self, outcomes: Vec<Outcome>) -> Result<(), DbErr> {
        let (mut handled, mut returned, mut stopped) = (Vec::new(), Vec::new(), Vec::new());
        for outcome in outcomes {
            handled.extend(outcome.handled);
            returned.extend(outcome.returned);
            stopped.extend(outcome.stopped);
        }
        let now = self.shop.clock.now();
        let done = format!("state = '{DONE}', error = NULL, due_at = $2, leased_until = NULL");
        self.update(&done, "", &[now], handled).await?;
        let set = "attempts = attempts - 1, leased_until = NULL";
        self.update(set, " AND leased_until = $2", &[self.until], returned).await?;
        for stopped in stopped {
            self.stop(stopped).await?;
        }
        Ok(())
    }

    async fn update(&self, set: &str, only: &str, times: &[DateTime<Utc>], events: Vec<Uuid>) -> Result<(), DbErr> {
        if events.is_empty() {
            return Ok(());
        }
        let db = self.shop.db.primary();
        let (list, events) = in_list(db, 2 + times.len(), events);
        let text = format!(
            "UPDATE event_deliveries SET {set} WHERE handler = $1 AND state = '{PENDING}'{only} AND event_id {list}"
        );
        let values = std::iter::once(Value::from(self.handler.name()))
            .chain(times.iter().map(|time| (*time).into()))
            .chain(events);
        db.execute_raw(sql(db, &text, values)).await.map(drop)
    }

    async fn stop(&self, stopped: Stopped) -> Result<(), DbErr> {
        let Stopped { event, attempts, counted, error } = stopped;
        let before = attempts - i32::from(counted);
        let handler = self.handler.name();
        let now = self.shop.clock.now();
        let most = if matches!(error, HandlerError::PutOff(_)) { MOST_PUT_OFF } else { MOST_ATTEMPTS };
        let (state, due_at, after) = match &error {
            HandlerError::NotNow(_) => (PENDING, now, before),
            _ if before + 1 >= most => (DEAD, now, before + 1),
            _ => (PENDING, now + backoff(before + 1), before + 1),
        };
        tracing::warn!(event.id = %event, handler, attempts = after, dead = state == DEAD, %error, "event not handled");
        let db = self.shop.db.primary();
        // Where somebody else has tried since, it is theirs to say.
        let text = format!(
            "UPDATE event_deliveries SET state = $3, due_at = $4, leased_until = NULL, error = $5, attempts = $6
             WHERE event_id = $1 AND handler = $2 AND state = '{PENDING}' AND attempts = $7"
        );
        let values = [
            event.into(),
            handler.into(),
            state.into(),
            due_at.into(),
            error.to_string().into(),
            after.into(),
            attempts.into(),
        ];
        db.execute_raw(sql(db, &text, values)).await.map(drop)
    }
}

impl From<&Open> for Event {
    fn from(open: &Open) -> Self {
        Self {
            id: open.event_id,
            kind: open.kind.clone(),
            kind_version: open.kind_version,
            aggregate: open.aggregate_id,
            aggregate_version: open.aggregate_version,
            data: open.data.clone(),
            occurred_at: open.occurred_at,
            metadata: serde_json::from_value(open.metadata.clone()).unwrap_or_default(),
        }
    }
}

/// Waits for a handler, for as long as it has.
async fn attend<T>(work: impl Future<Output = T>) -> Result<T, HandlerError> {
    let work = AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(PATIENCE.to_std().unwrap_or_default(), work).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(_)) => Err(HandlerError::failed("it panicked")),
        Err(_) => Err(HandlerError::failed("timed out")),
    }
}

/// Marks deliveries as handled in a transaction of the handler's own, which
/// makes what it does there happen exactly once: gives those that were not
/// handled before, which are all that is to be done.
///
/// # Errors
/// When the database fails.
pub async fn settle<C: ConnectionTrait>(tx: &C, events: &[Uuid], handler: &str) -> Result<HashSet<Uuid>, DbErr> {
    let (list, events) = in_list(tx, 2, events.iter().copied());
    let text = format!(
        "UPDATE event_deliveries SET state = '{DONE}', error = NULL, leased_until = NULL
         WHERE handler = $1 AND state = '{PENDING}' AND event_id {list} RETURNING event_id"
    );
    let values = std::iter::once(handler.into()).chain(events);
    let rows = tx.query_all_raw(sql(tx, &text, values)).await?;
    rows.iter().map(|row| row.try_get("", "event_id")).collect()
}

/// How long to wait after the n-th failure: 2, 4, 8 … seconds, an hour at most.
fn backoff(attempts: i32) -> TimeDelta {
    TimeDelta::seconds(1_i64 << attempts.clamp(1, 12)).min(TimeDelta::hours(1))
}
