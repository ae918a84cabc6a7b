//! Requests that come while others are worked on wait, and are then worked on together: under load, what costs the same
//! for one and for many is shared by many, and without load nobody waits for company.

use futures::FutureExt;
use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many groups are worked on at a time: while one waits for the disk, another one has the processor.
const AT_ONCE: usize = 2;

/// How many requests a group has at most. It has 1, 2, 4, 8 or 16, so that there are few different statements for it.
const MOST: usize = 16;

/// How many wait when another group is begun beside the one that is worked on: smaller ones share too little.
const ENOUGH: usize = 4;

/// Gathers requests `Q`, each of which gets an answer `A`.
pub(crate) struct Batcher<Q, A>(Mutex<State<Q, A>>);

struct State<Q, A> {
    waiting: VecDeque<(Q, oneshot::Sender<A>)>,
    /// How many groups are worked on.
    working: usize,
}

impl<Q, A> Default for Batcher<Q, A> {
    fn default() -> Self {
        Self(Mutex::new(State { waiting: VecDeque::new(), working: 0 }))
    }
}

impl<Q, A> fmt::Debug for Batcher<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Has `work` answer a request, alone or with others: it gives the answers in the order of the requests. All who ask
    /// bring the same `work`, as that of one of them may be used for all. What was asked for is done even if nobody waits
    /// for it any more. `None` where `work` has panicked.
    pub(crate) async fn ask<W, F>(self: &Arc<Self>, request: Q, mut work: W) -> Option<A>
    where
        W: FnMut(Vec<Q>) -> F + Send + 'static,
        F: Future<Output = Vec<A>> + Send,
    {
        let (tell, told) = oneshot::channel();
        let begin = {
            let mut state = self.state();
            state.waiting.push_back((request, tell));
            let begin = state.working == 0 || state.working < AT_ONCE && state.waiting.len() >= ENOUGH;
            state.working += usize::from(begin);
            begin
        };
        if begin {
            let batcher = self.clone();
            tokio::spawn(async move {
                while let Some(group) = batcher.next() {
                    let (requests, tell): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                    let answers = AssertUnwindSafe(async { work(requests).await }).catch_unwind().await;
                    for (tell, answer) in tell.into_iter().zip(answers.unwrap_or_default()) {
                        // Who has asked may be gone.
                        let _ = tell.send(answer);
                    }
                }
            });
        }
        told.await.ok()
    }

    /// The next group; where nobody waits, or few while others are at work, the place of who asks is free.
    fn next(&self) -> Option<Vec<(Q, oneshot::Sender<A>)>> {
        let mut state = self.state();
        let enough = if state.working > 1 { ENOUGH } else { 1 };
        if state.waiting.len() < enough {
            state.working -= 1;
            return None;
        }
        let group = 1 << state.waiting.len().min(MOST).ilog2();
        Some(state.waiting.drain(..group).collect())
    }

    fn state(&self) -> MutexGuard<'_, State<Q, A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn who_comes_while_all_are_busy_shares_the_next_group() {
        let batcher = Arc::new(Batcher::default());
        let (gate, groups) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
        let asked = (0..40).map(|number: usize| {
            let (gate, groups) = (gate.clone(), groups.clone());
            batcher.ask(number, move |requests: Vec<usize>| {
                let (gate, groups) = (gate.clone(), groups.clone());
                async move {
                    gate.acquire().await.expect("open").forget();
                    groups.lock().expect("no panic").push(requests.len());
                    requests.into_iter().map(|number| number * 2).collect()
                }
            })
        });
        let opened = async {
            // All have asked by now, as this is polled last.
            gate.add_permits(40);
        };
        let (answers, ()) = futures::join!(join_all(asked), opened);
        assert_eq!(answers, (0..40).map(|number| Some(number * 2)).collect::<Vec<_>>());
        assert_eq!(*groups.lock().expect("no panic"), [16, 16, 8]);
        assert_eq!(batcher.state().working, 0, "places are free again");
    }

    #[tokio::test]
    async fn few_wait_for_the_group_that_is_worked_on_and_enough_begin_another() {
        let batcher = Arc::new(Batcher::default());
        let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
        let ask = |count: usize| {
            for _ in 0..count {
                let (batcher, gate, begun) = (batcher.clone(), gate.clone(), begun.clone());
                tokio::spawn(async move {
                    let work = move |requests: Vec<()>| {
                        let (gate, begun) = (gate.clone(), begun.clone());
                        async move {
                            begun.lock().expect("no panic").push(requests.len());
                            gate.acquire().await.expect("open").forget();
                            requests
                        }
                    };
                    batcher.ask((), work).await
                });
            }
        };
        let begun = async || {
            // Everybody goes on as far as they can.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            begun.lock().expect("no panic").clone()
        };
        ask(1);
        assert_eq!(begun().await, [1]);
        ask(ENOUGH - 1);
        assert_eq!(begun().await, [1]);
        ask(1);
        assert_eq!(begun().await, [1, ENOUGH]);
        ask(3);
        gate.add_permits(1);
        assert_eq!(begun().await, [1, ENOUGH], "one of two is done, and the other goes on");
        gate.add_permits(1);
        assert_eq!(begun().await, [1, ENOUGH, 2]);
        gate.add_permits(1);
        assert_eq!(begun().await, [1, ENOUGH, 2, 1]);
    }

    #[tokio::test]
    async fn a_panic_is_that_of_its_group() {
        let batcher = Arc::new(Batcher::default());
        let halve = |requests: Vec<u32>| async move {
            requests.into_iter().map(|number| number.checked_rem(number).expect("not zero")).collect()
        };
        assert_eq!(batcher.ask(0, halve).await, None);
        assert_eq!(batcher.ask(7, halve).await, Some(0));
    }

    #[tokio::test]
    async fn what_was_begun_goes_on_when_nobody_waits() {
        let batcher = Arc::new(Batcher::default());
        let (gate, done) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let asked = batcher.ask((), {
            let (gate, done) = (gate.clone(), done.clone());
            move |requests: Vec<()>| {
                let (gate, done) = (gate.clone(), done.clone());
                async move {
                    gate.acquire().await.expect("open").forget();
                    done.add_permits(1);
                    requests
                }
            }
        });
        assert!(asked.now_or_never().is_none());
        gate.add_permits(1);
        done.acquire().await.expect("done").forget();
    }
}
