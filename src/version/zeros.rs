//! Sequences that go on with zeros for ever, as RubyGems and Maven compare them. Not the sequences that simply end.
//!
//! Where missing parts are zero, a run of zeros is equal to the end of a version until something follows it, and what
//! follows decides on which side of the end the version lies. A run is therefore written together with its follower.

use super::key::{Key, is_zero};

/// Where a word stands beside the end of the version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Below it, as `a` in `1.0.a`.
    Below,
    /// Above it, as `jre8` in Maven's `1.0-jre8`.
    Above,
}

// Tags, ascending. `0…` is a run of zeros; the longer one is nearer to the end.
const WORD_BELOW: u8 = 1;
const ZEROS_WORD_BELOW: u8 = 2;
const END: u8 = 3;
const WORD_ABOVE: u8 = 4;
const LESSER_NUMBER: u8 = 5;
const ZEROS_WORD_ABOVE: u8 = 6;
const ZEROS_NUMBER: u8 = 7;
const NUMBER: u8 = 8;

/// Writes a key part by part and holds back zeros until it is known what follows.
pub(super) struct Padded<'k> {
    key: &'k mut Key,
    zeros: usize,
}

impl<'k> Padded<'k> {
    /// Begins the sequence.
    pub(super) fn new(key: &'k mut Key) -> Padded<'k> {
        Padded { key, zeros: 0 }
    }

    /// The zeros since the last other part do not count.
    pub(super) fn forget_zeros(&mut self) {
        self.zeros = 0;
    }

    /// A number of the sequence.
    pub(super) fn number(&mut self, digits: &[u8]) {
        if is_zero(digits) {
            self.zeros += 1;
            return;
        }
        match std::mem::take(&mut self.zeros) {
            0 => self.key.tag(NUMBER),
            zeros => {
                self.key.tag(ZEROS_NUMBER);
                self.key.count_down(zeros);
            }
        }
        self.key.number(digits);
    }

    /// A number that begins a part of less weight: above every word, below every other number, even zero.
    pub(super) fn lesser_number(&mut self, digits: &[u8]) {
        self.zeros = 0;
        self.key.tag(LESSER_NUMBER);
        self.key.number(digits);
    }

    /// A word; the caller writes it behind this.
    pub(super) fn word(&mut self, side: Side) -> &mut Key {
        match (side, std::mem::take(&mut self.zeros)) {
            (Side::Below, 0) => self.key.tag(WORD_BELOW),
            (Side::Above, 0) => self.key.tag(WORD_ABOVE),
            (Side::Below, zeros) => {
                self.key.tag(ZEROS_WORD_BELOW);
                self.key.count(zeros);
            }
            (Side::Above, zeros) => {
                self.key.tag(ZEROS_WORD_ABOVE);
                self.key.count(zeros);
            }
        }
        self.key
    }

    /// Nothing but zeros follows.
    pub(super) fn end(self) {
        self.key.tag(END);
    }
}
