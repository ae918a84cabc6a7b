//! Counts in the process.

use super::{Charge, Count, Who, micros};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// What one client more costs, in requests noted: its key and its place in the table.
const PLACE: usize = 16;

/// The most that is kept before the clients longest unseen are forgotten: requests noted, of 8 bytes
/// each. There can be twice as much.
const MOST: usize = 1 << 20;

/// The longest window that there can be, in microseconds: who was not seen for as long is forgotten.
const LONGEST: i64 = 24 * 60 * 60 * 1_000_000;

type Key = (&'static str, Who);

/// When the requests of a client were counted, in microseconds, the oldest first.
type Log = VecDeque<i64>;

/// The clients that were seen lately, and those that were seen before.
///
/// Once there are too many of the former, they become the latter, which are
/// forgotten: so that whoever comes from many addresses fills no memory. Who
/// could make us forget addresses that way has more of them than limits hold.
#[derive(Debug, Default)]
struct Logs {
    recent: HashMap<Key, Log>,
    earlier: HashMap<Key, Log>,
    /// What `recent` costs.
    cost: usize,
    turned_at: i64,
}

/// Counts in the process.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Logs>);

impl Memory {
    /// Counts a request, unless one of its limits is reached: then it isn't counted by any.
    pub fn take(&self, charges: &[Charge], now: i64) -> Vec<Count> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts: Vec<_> = charges.iter().map(|charge| logs.count(charge, now)).collect();
        if counts.iter().any(Count::is_full) {
            return counts;
        }
        logs.note(charges, now);
        counts.into_iter().map(Count::with_this).collect()
    }

    /// How a request stands, without counting it.
    pub fn look(&self, charges: &[Charge], now: i64) -> Vec<Count> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        charges.iter().map(|charge| logs.count(charge, now)).collect()
    }

    /// Notes a request that was counted elsewhere.
    pub fn note(&self, charges: &[Charge], now: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).note(charges, now);
    }
}

impl Logs {
    fn count(&mut self, charge: &Charge, now: i64) -> Count {
        let (key, window) = ((charge.policy, charge.who), micros(charge.limit.window));
        let recent = self.recent.get_mut(&key);
        let is_recent = recent.is_some();
        let Some(log) = recent.or_else(|| self.earlier.get_mut(&key)) else { return Count::none(window) };
        let before = log.len();
        while log.front().is_some_and(|oldest| *oldest <= now - window) {
            log.pop_front();
        }
        let most = charge.limit.most as usize;
        let count = Count {
            used: u32::try_from(log.len()).unwrap_or(u32::MAX),
            reset: log.front().map_or(window, |oldest| oldest + window - now),
            // The one that has to leave the window before there is room.
            wait: log.len().checked_sub(most).and_then(|index| log.get(index)).map_or(0, |time| time + window - now),
        };
        if is_recent {
            self.cost = self.cost.saturating_sub(before - log.len());
        }
        count
    }

    fn note(&mut self, charges: &[Charge], now: i64) {
        if self.cost > MOST || now - self.turned_at > LONGEST {
            self.earlier = std::mem::take(&mut self.recent);
            self.cost = 0;
            self.turned_at = now;
        }
        for charge in charges {
            let key = (charge.policy, charge.who);
            if !self.recent.contains_key(&key) {
                let log = self.earlier.remove(&key).unwrap_or_default();
                self.cost += PLACE + log.len();
                self.recent.insert(key, log);
            }
            if let Some(log) = self.recent.get_mut(&key) {
                log.push_back(now);
                self.cost += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{address, charge};
    use super::*;
    use std::sync::Arc;

    const SECOND: i64 = 1_000_000;

    fn is_allowed(memory: &Memory, charge: Charge, now: i64) -> bool {
        !memory.take(&[charge], now).iter().any(Count::is_full)
    }

    #[test]
    fn in_no_window_there_are_more_than_the_limit() {
        let memory = Memory::default();
        let charge = charge("x", address(1), "3/10s");
        let times = [0, 1, 9, 9, 9, 10, 11, 12, 19, 20, 20, 21];
        let allowed: Vec<_> =
            times.iter().filter(|time| is_allowed(&memory, charge, **time * SECOND)).copied().collect();
        // The windows of fixed counters would have let five through from 9 to 11.
        assert_eq!(allowed, [0, 1, 9, 10, 11, 19, 20, 21]);
        for window in allowed.windows(4) {
            assert!(window[3] - window[0] >= 10, "{window:?}");
        }
    }

    #[test]
    fn it_says_how_long_to_wait() {
        let memory = Memory::default();
        let charge = charge("x", address(1), "2/10s");
        assert_eq!(memory.take(&[charge], 0), [Count { used: 1, reset: 10 * SECOND, wait: 0 }]);
        assert_eq!(memory.take(&[charge], 4 * SECOND), [Count { used: 2, reset: 6 * SECOND, wait: 0 }]);
        let refused = Count { used: 2, reset: 5 * SECOND, wait: 5 * SECOND };
        assert_eq!(memory.take(&[charge], 5 * SECOND), [refused]);
        assert_eq!(memory.take(&[charge], 5 * SECOND), [refused], "what is refused is not counted");
        assert!(is_allowed(&memory, charge, 10 * SECOND));
        assert!(!is_allowed(&memory, charge, 13 * SECOND));
    }

    #[test]
    fn of_several_limits_one_that_is_reached_refuses_and_none_counts() {
        let memory = Memory::default();
        let (narrow, wide) = (charge("narrow", address(1), "1/10s"), charge("wide", address(1), "3/10s"));
        assert!(is_allowed(&memory, narrow, 0));
        assert!(memory.take(&[wide, narrow], 0)[1].is_full());
        assert_eq!(memory.look(&[wide], 0)[0].used, 0);
        assert!(is_allowed(&memory, charge("narrow", address(2), "1/10s"), 0), "another client has a limit of its own");
    }

    #[test]
    fn of_all_who_ask_at_once_as_many_as_the_limit_get_through() {
        let memory = Arc::new(Memory::default());
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let memory = memory.clone();
                let own = charge("own", address(thread), "1000/1h");
                let shared = charge("shared", address(0), "100/1h");
                std::thread::spawn(move || {
                    (0..50).filter(|_| !memory.take(&[own, shared], 0).iter().any(Count::is_full)).count()
                })
            })
            .collect();
        let allowed: usize = threads.into_iter().map(|thread| thread.join().expect("ran")).sum();
        assert_eq!(allowed, 100);
    }

    #[test]
    fn whoever_comes_from_many_addresses_fills_no_memory() {
        let memory = Memory::default();
        let regular = charge("x", address(0), "5/1h");
        for client in 1..200_000 {
            assert!(is_allowed(&memory, charge("x", address(client), "5/1h"), 0));
            if client % 10_000 == 0 {
                is_allowed(&memory, regular, 0);
            }
        }
        let logs = memory.0.lock().expect("not poisoned");
        let kept = logs.recent.len() + logs.earlier.len();
        assert!(kept <= 2 * MOST / PLACE, "{kept}");
        drop(logs);
        assert!(!is_allowed(&memory, regular, 0), "who is seen again and again is not forgotten");
    }

    #[test]
    fn who_stays_away_is_forgotten() {
        let memory = Memory::default();
        for day in 0..3 {
            for client in 0..10 {
                is_allowed(&memory, charge("x", address(client + 10 * day), "5/1h"), i64::from(day) * (LONGEST + 1));
            }
        }
        let logs = memory.0.lock().expect("not poisoned");
        assert_eq!(logs.recent.len() + logs.earlier.len(), 20);
    }
}
