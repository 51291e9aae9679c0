//! Work on every core, with results in the order of the tasks whichever thread did them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::Builder;

/// More threads than this gain nothing on files of this size.
const MAX_THREADS: usize = 16;

/// Runs `work` over the tasks on as many threads as the machine has. None when a thread panicked.
pub fn spread<T: Sync, R: Send>(tasks: &[T], work: impl Fn(&T) -> R + Sync) -> Option<Vec<R>> {
    // Asking reads a dozen files of the control groups.
    static THREADS: OnceLock<usize> = OnceLock::new();
    let threads = match tasks.len() {
        0 | 1 => 1,
        _ => *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)),
    };
    spread_over(threads, tasks, work)
}

/// [`spread`] on a given number of threads. Each takes the next task when it is done with one, so that slow ones do not
/// pile up.
pub fn spread_over<T: Sync, R: Send>(threads: usize, tasks: &[T], work: impl Fn(&T) -> R + Sync) -> Option<Vec<R>> {
    spread_on(Builder::new, threads, tasks, work)
}

/// Runs `first` on a thread of its own beside `second`; before it where the system refuses a thread. None when `first`
/// panicked.
pub fn beside<A: Send, B>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B) -> (Option<A>, B) {
    beside_on(Builder::new, first, second)
}

fn beside_on<A: Send, B>(
    builder: fn() -> Builder,
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B,
) -> (Option<A>, B) {
    // A refused thread drops its closure: what has to be done waits outside of it.
    let waiting = Mutex::new(Some(first));
    let take = || waiting.lock().ok().and_then(|mut slot| slot.take());
    std::thread::scope(|scope| match builder().spawn_scoped(scope, || take().map(|first| first())) {
        Ok(thread) => {
            let second = second();
            (thread.join().ok().flatten(), second)
        }
        Err(_) => {
            let first = catch_unwind(AssertUnwindSafe(|| take().map(|first| first())));
            (first.ok().flatten(), second())
        }
    })
}

fn spread_on<T: Sync, R: Send>(
    builder: fn() -> Builder,
    threads: usize,
    tasks: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Option<Vec<R>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            match tasks.get(at) {
                Some(task) => done.push((at, work(task))),
                None => return done,
            }
        }
    };
    let parts = std::thread::scope(|scope| {
        // This thread works too: one spawn less, and with one core none at all. It also does what is left when the
        // system refuses a thread.
        let spawn = |_| builder().spawn_scoped(scope, worker).ok();
        let others: Vec<_> = (1..threads.min(tasks.len())).map_while(spawn).collect();
        let mut all = worker();
        for other in others {
            all.extend(other.join().ok()?); // `None` says that it panicked
        }
        Some(all)
    });
    let mut all = parts?;
    all.sort_unstable_by_key(|(at, _)| *at);
    Some(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        let tasks: Vec<u32> = (0..1_000).collect();
        let expected: Vec<u32> = tasks.iter().map(|n| n * 2).collect();
        for threads in [1, 2, 7] {
            assert_eq!(spread_over(threads, &tasks, |n| n * 2), Some(expected.clone()));
        }
        assert_eq!(spread::<u32, u32>(&[], |n| *n), Some(Vec::new()));
    }

    /// No system has room for such a stack.
    fn refused() -> Builder {
        Builder::new().stack_size(1 << 46)
    }

    #[test]
    fn a_system_that_refuses_threads_loses_no_work() {
        assert!(refused().spawn(|| ()).is_err(), "the builder is refused");
        assert_eq!(spread_on(refused, 4, &[1, 2, 3], |n| n * 2), Some(vec![2, 4, 6]));
        assert_eq!(beside_on(refused, || 1, || 2), (Some(1), 2));
        assert_eq!(beside(|| 1, || 2), (Some(1), 2));
    }

    #[test]
    fn a_panic_beside_is_no_result() {
        let planted = || -> u32 { panic!("planted") };
        assert_eq!(beside(planted, || 2), (None, 2));
        assert_eq!(beside_on(refused, planted, || 2), (None, 2));
    }

    #[test]
    fn a_panic_on_another_thread_is_no_result() {
        let main = std::thread::current().id();
        let slow = |_: &u32| {
            assert_eq!(std::thread::current().id(), main, "planted");
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        assert_eq!(spread_over(2, &[1, 2, 3], slow), None);
    }
}
