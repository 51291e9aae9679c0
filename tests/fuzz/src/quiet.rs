//! A parser of somebody else may panic where we catch it; a panic of ours ends the run.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Ends the process at a panic of this project or of the laws. Those of other crates unwind: the readers catch them
/// where they must, and libFuzzer ends the process where they do not.
#[cfg(not(test))]
pub fn only_others_may_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let foreign = info.location().is_some_and(|place| place.file().contains("/registry/src/"));
        if !foreign {
            usual(info);
            std::process::abort();
        }
    }));
}

/// What a function of another crate gives, none where it panics.
pub(crate) fn theirs<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
