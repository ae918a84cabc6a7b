//! Where the shop's time comes from.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::sync::{Arc, Mutex};
use uuid::{NoContext, Timestamp, Uuid};

/// The time of day, real or set by a test.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is moved.
    Manual(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at the present time until it is moved.
    pub fn manual() -> Self {
        Self::Manual(Arc::new(Mutex::new(truncate(Utc::now()))))
    }

    /// Now, in whole microseconds: what PostgreSQL keeps.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => truncate(Utc::now()),
            Self::Manual(time) => *time.lock().unwrap_or_else(|poisoned| poisoned.into_inner()),
        }
    }

    /// Moves a manual clock forward; the machine's clock stays.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Manual(time) = self {
            *time.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) += by;
        }
    }
}

fn truncate(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}

/// A UUID of version 7 for a moment.
pub fn uuid_at(time: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(time.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, time.timestamp_subsec_nanos()))
}
