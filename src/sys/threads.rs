//! Work on every core, with results in the order of the tasks whichever thread did them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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
        // This thread works too: one spawn less, and with one core none at all.
        let others: Vec<_> = (1..threads.min(tasks.len())).map(|_| scope.spawn(worker)).collect();
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
