//! The threads that passwords are hashed on.

use argon2::Block;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// What a hash is computed in.
pub(super) type Memory = Vec<Block>;

/// How long a hash may take where everything else goes first.
const PATIENCE: Duration = Duration::from_millis(250);

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Threads that hash whenever nothing else wants a processor, at most one for every two of them.
///
/// A page that has become ready would else wait for the rest of a hash's turn: some milliseconds, at any nice value.
/// Where nothing is ever left over for them, a hash that has waited for [`PATIENCE`] is computed like everything else.
#[derive(Debug)]
pub(super) struct Hashers {
    jobs: mpsc::Sender<Job>,
    /// As many hashes are under way at a time.
    slots: Arc<Semaphore>,
    /// The threads that are not at work.
    idle: Arc<Semaphore>,
}

impl Default for Hashers {
    fn default() -> Self {
        let threads = (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1);
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        // A system that has no thread left for it hashes like everything else.
        let started = (0..threads).filter(|_| {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name("hasher".to_owned()).spawn(move || work(&queue)).is_ok()
        });
        let idle = Arc::new(Semaphore::new(started.count()));
        Self { jobs, slots: Arc::new(Semaphore::new(threads)), idle }
    }
}

impl Hashers {
    /// Waits for its turn, and computes `work` off the threads that answer requests; `None` where that panicked.
    ///
    /// Whoever hangs up does not make room for one more at a time: what was begun is finished.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
    ) -> Option<T> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
        let (jobs, idle) = (self.jobs.clone(), Arc::clone(&self.idle).try_acquire_owned());
        let computing = async move {
            let _slot = slot;
            let work = Arc::new(work);
            if let Ok(idle) = idle {
                let (tell, told) = oneshot::channel();
                let gently = Arc::clone(&work);
                let job: Job = Box::new(move |memory| {
                    let done = gently(memory);
                    drop(idle);
                    drop(tell.send(done));
                });
                jobs.send(job).ok()?;
                if let Ok(done) = tokio::time::timeout(PATIENCE, told).await {
                    return done.ok();
                }
            }
            tokio::task::spawn_blocking(move || work(&mut Memory::new())).await.ok()
        };
        tokio::spawn(computing).await.ok().flatten()
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    let_everything_else_go_first();
    let mut memory = Memory::new();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Whoever waits for it learns of a panic; the thread is there for the next.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
    }
}

/// Gives the thread the policy `SCHED_IDLE`, which needs no privilege; elsewhere than on Linux it stays as it is.
fn let_everything_else_go_first() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
            tracing::debug!(?error, "passwords are hashed like everything else");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_that_starves_is_computed_elsewhere_and_the_next_don_t_wait_for_it() {
        let hashers = Hashers::default();
        let (held, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let name = || std::thread::current().name().map(str::to_owned);
        let threads = hashers.slots.available_permits();
        for _ in 0..threads {
            let gate = Arc::clone(&gate);
            let starved = move |_: &mut Memory| {
                if name().as_deref() == Some("hasher") {
                    let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
                }
                name()
            };
            assert_ne!(hashers.run(starved).await.flatten().as_deref(), Some("hasher"));
        }
        assert_ne!(hashers.run(move |_| name()).await.flatten().as_deref(), Some("hasher"));
        drop(held);
        let back = Arc::clone(&hashers.idle).acquire_many_owned(u32::try_from(threads).unwrap_or(1)).await;
        drop(back);
        assert_eq!(hashers.run(move |_| name()).await.flatten().as_deref(), Some("hasher"));
    }

    #[tokio::test]
    async fn a_panic_is_no_answer_and_the_next_gets_one() {
        let hashers = Hashers::default();
        for _ in 0..3 {
            assert_eq!(hashers.run(|_| -> u8 { panic!("seen in the log of the test") }).await, None);
        }
        assert_eq!(hashers.run(|_| 1).await, Some(1));
    }
}
