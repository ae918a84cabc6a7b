//! What wakes the dispatchers of this process, and lets them rest.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// How long a handler that can't work is left alone at most, in seconds.
const LONGEST_REST: i64 = 30;

/// One place for each handler, in the order of the shop's list.
#[derive(Debug)]
pub struct Outbox(Vec<Place>);

#[derive(Debug, Default)]
struct Place {
    woken: Notify,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    times: u32,
    until: Option<DateTime<Utc>>,
}

impl Outbox {
    pub(crate) fn new(handlers: usize) -> Self {
        Self((0..handlers).map(|_| Place::default()).collect())
    }

    /// Says that there is something in it, to the dispatcher of each handler.
    pub fn notify_one(&self) {
        self.0.iter().for_each(|place| place.woken.notify_one());
    }

    /// Says that there is something for the handler at `index`.
    pub(super) fn notify(&self, index: usize) {
        if let Some(place) = self.0.get(index) {
            place.woken.notify_one();
        }
    }

    /// Waits until there is something for the handler at `index`.
    pub async fn notified(&self, index: usize) {
        match self.0.get(index) {
            Some(place) => place.woken.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Whether the handler at `index` is to be left alone at `now`.
    pub(super) fn rests(&self, index: usize, now: DateTime<Utc>) -> bool {
        self.with(index, |rest| rest.until.is_some_and(|until| now < until)).unwrap_or_default()
    }

    /// Leaves the handler at `index` alone for a while, a longer one each time: 1, 2, 4 … seconds.
    pub(super) fn rest(&self, index: usize, now: DateTime<Utc>) {
        self.with(index, |rest| {
            let seconds = (1_i64 << rest.times.min(10)).min(LONGEST_REST);
            *rest = Rest { times: rest.times + 1, until: Some(now + TimeDelta::seconds(seconds)) };
        });
    }

    /// The handler at `index` works.
    pub(super) fn works(&self, index: usize) {
        self.with(index, |rest| *rest = Rest::default());
    }

    fn with<T>(&self, index: usize, work: impl FnOnce(&mut Rest) -> T) -> Option<T> {
        self.0.get(index).map(|place| work(&mut place.rest.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
