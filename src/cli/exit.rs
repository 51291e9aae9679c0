//! The exit codes, the same for every subcommand.

use crate::model::Outcome;
use crate::sys::SysError;

/// How a command ended. Where several apply: usage, then not written, then no, then cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: passed; the answer is yes.
    Yes,
    /// 1: failed by policy; the answer is no.
    No,
    /// 2: the command line or the policy file is wrong.
    Usage,
    /// 3: could not tell.
    CannotTell,
    /// 4: the verdict could not be written, signed or recorded.
    NotWritten,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::CannotTell => 3,
            Self::NotWritten => 4,
        }
    }

    /// The one of two that says more, in the order above.
    pub fn worse(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Yes => 0,
            Self::CannotTell => 1,
            Self::No => 2,
            Self::NotWritten => 3,
            Self::Usage => 4,
        };
        if weight(other) > weight(self) { other } else { self }
    }

    /// 0 when the text was written, else 4.
    pub fn of_writing(written: &Result<(), SysError>) -> Self {
        if written.is_ok() { Self::Yes } else { Self::NotWritten }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Yes,
            Outcome::Failed => Self::No,
            Outcome::Incomplete => Self::CannotTell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{CannotTell, No, NotWritten, Usage, Yes};

    #[test]
    fn the_order_is_usage_not_written_no_cannot_tell() {
        let order = [Yes, CannotTell, No, NotWritten, Usage];
        for (i, a) in order.into_iter().enumerate() {
            for (j, b) in order.into_iter().enumerate() {
                assert_eq!(a.worse(b), order[i.max(j)], "{a:?} and {b:?}");
            }
        }
    }
}
