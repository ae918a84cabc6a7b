//! Puts load on a server: as many operations as its connections get through in a time.

use crate::client::{Client, Fault};
use futures::future::join_all;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// After how many faults in a row a connection gives up.
const PATIENCE: usize = 20;

/// Something that people do, of one request or several.
pub trait Operation {
    /// Does it once. Turns are counted over all connections: what differs from one to the next goes by them.
    async fn once(&self, client: &mut Client, turn: usize) -> Result<(), Fault>;

    /// After how many turns it is the same again, as far as answers go.
    fn variety(&self) -> usize {
        1
    }
}

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long new operations are begun.
    pub time: Duration,
    /// How many operations at most.
    pub count: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How long each operation took that went well, in microseconds, the shortest first.
    micros: Vec<u32>,
    /// How long all of it took.
    elapsed: Duration,
    /// How many operations went wrong.
    pub errors: usize,
    /// How the first of them did.
    pub first_error: Option<String>,
}

impl Outcome {
    /// Operations that all went well, how long each of them took and how long all together.
    pub fn of(times: impl Iterator<Item = Duration>, elapsed: Duration) -> Self {
        let mut micros: Vec<_> = times.map(|time| u32::try_from(time.as_micros()).unwrap_or(u32::MAX)).collect();
        micros.sort_unstable();
        Self { micros, elapsed, ..Self::default() }
    }

    /// How many operations went well.
    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// How many operations went well in a second.
    pub fn rate(&self) -> f64 {
        self.micros.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// How long the fastest so many per cent of the operations took at most, in milliseconds.
    pub fn percentile(&self, per_cent: usize) -> f64 {
        let index = (self.micros.len() * per_cent / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(index).map_or(f64::NAN, |micros| f64::from(*micros) / 1_000.0)
    }
}

/// Does an operation so many times a second until the time is over, however long each takes. What begins late because
/// the one before it was slow has waited, too: its time is taken from when it was to begin.
pub async fn pace(
    clients: &mut [Client],
    operation: &impl Operation,
    rate: f64,
    time: Duration,
    turns: &Cell<usize>,
) -> Outcome {
    let started = Instant::now();
    let connections = clients.len();
    let every = Duration::from_secs_f64(connections as f64 / rate);
    let one = async |(index, client): (usize, &mut Client)| {
        let mut outcome = Outcome::default();
        let mut due = started + every.mul_f64(index as f64 / connections as f64);
        while due.duration_since(started) < time {
            tokio::time::sleep_until(due.into()).await;
            let turn = turns.replace(turns.get() + 1);
            match operation.once(client, turn).await {
                Ok(()) => outcome.micros.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX)),
                Err(fault) => {
                    outcome.errors += 1;
                    outcome.first_error.get_or_insert_with(|| fault.to_string());
                }
            }
            due += every;
        }
        outcome
    };
    let outcomes = join_all(clients.iter_mut().enumerate().map(one)).await;
    together(outcomes, started.elapsed())
}

/// Repeats an operation on every connection until the time is over.
pub async fn drive(clients: &mut [Client], operation: &impl Operation, bounds: Bounds, turns: &Cell<usize>) -> Outcome {
    let started = Instant::now();
    let begun = Cell::new(0);
    let one = async |client: &mut Client| {
        let mut outcome = Outcome::default();
        let mut faults_in_a_row = 0;
        while started.elapsed() < bounds.time && begun.get() < bounds.count && faults_in_a_row < PATIENCE {
            begun.set(begun.get() + 1);
            let turn = turns.replace(turns.get() + 1);
            let before = Instant::now();
            match operation.once(client, turn).await {
                Ok(()) => {
                    faults_in_a_row = 0;
                    outcome.micros.push(u32::try_from(before.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
                Err(fault) => {
                    faults_in_a_row += 1;
                    outcome.errors += 1;
                    if matches!(fault, Fault::Connection(_)) {
                        // If that fails too, the next operation says so.
                        let _ = client.reconnect().await;
                    }
                    outcome.first_error.get_or_insert_with(|| fault.to_string());
                }
            }
        }
        outcome
    };
    let outcomes = join_all(clients.iter_mut().map(one)).await;
    together(outcomes, started.elapsed())
}

fn together(outcomes: Vec<Outcome>, elapsed: Duration) -> Outcome {
    let mut sum = Outcome { elapsed, ..Outcome::default() };
    for outcome in outcomes {
        sum.micros.extend(outcome.micros);
        sum.errors += outcome.errors;
        sum.first_error = sum.first_error.or(outcome.first_error);
    }
    sum.micros.sort_unstable();
    sum
}
