//! Reading a version from left to right, byte by byte, and the parts that several schemes share. It knows no order.

use super::Why;
use super::key::{Key, is_zero};

/// What is left of a version.
pub(super) struct Scan<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Scan<'a> {
    /// The whole text.
    pub(super) fn new(text: &'a [u8]) -> Scan<'a> {
        Scan { rest: text, length: text.len() }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The byte after the next.
    pub(super) fn peek_second(&self) -> Option<u8> {
        self.rest.get(1).copied()
    }

    /// Reads one byte.
    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Reads one of these bytes, if it is the next.
    pub(super) fn eat(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|next| any.contains(&next));
        if found {
            self.next();
        }
        found
    }

    /// Reads the word, in any case, if it is next.
    pub(super) fn eat_word(&mut self, word: &[u8]) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(word) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads as long as the bytes are of the kind.
    pub(super) fn while_is(&mut self, kind: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|b| !kind(*b)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Reads digits, possibly none.
    pub(super) fn digits(&mut self) -> &'a [u8] {
        self.while_is(|b| b.is_ascii_digit())
    }

    /// Reads digits, at least one.
    pub(super) fn number(&mut self) -> Result<&'a [u8], Why> {
        let digits = self.digits();
        if digits.is_empty() { Err(Why::NumberExpected { at: self.at() }) } else { Ok(digits) }
    }

    /// Everything must have been read.
    pub(super) fn end(&self) -> Result<(), Why> {
        if self.rest.is_empty() { Ok(()) } else { Err(Why::Unexpected { at: self.at() }) }
    }
}

/// Numbers between dots, up to the first thing that is not one; trailing zeros do not count, so that `1` is `1.0.0`.
/// Gives how many there were.
pub(super) fn release(scan: &mut Scan<'_>, key: &mut Key) -> Result<usize, Why> {
    const END: u8 = 0;
    const NUMBER: u8 = 1;
    let (mut count, mut zeros) = (0, 0);
    loop {
        let digits = scan.number()?;
        count += 1;
        if is_zero(digits) {
            zeros += 1;
        } else {
            for _ in 0..std::mem::take(&mut zeros) {
                key.tag(NUMBER);
                key.number(b"0");
            }
            key.tag(NUMBER);
            key.number(digits);
        }
        let another = scan.peek() == Some(b'.') && scan.peek_second().is_some_and(|b| b.is_ascii_digit());
        if !another {
            key.tag(END);
            return Ok(count);
        }
        scan.next();
    }
}

/// Identifiers between dots as semver 2.0.0 section 11 orders them: numbers as numbers and before words, words in ASCII
/// order, fewer before more.
pub(super) fn identifiers(scan: &mut Scan<'_>, key: &mut Key, lower: bool) -> Result<(), Why> {
    const END: u8 = 0;
    const NUMBER: u8 = 1;
    const WORD: u8 = 2;
    loop {
        let word = scan.while_is(|b| b.is_ascii_alphanumeric() || b == b'-');
        if word.is_empty() {
            return Err(Why::IdentifierExpected { at: scan.at() });
        }
        if word.iter().all(u8::is_ascii_digit) {
            key.tag(NUMBER);
            key.number(word);
        } else {
            key.tag(WORD);
            if lower {
                key.text_lower(word);
            } else {
                key.text(word);
            }
        }
        if !scan.eat(b".") {
            key.tag(END);
            return Ok(());
        }
    }
}

/// Reads build metadata after its `+`, to the end. It takes no part in the order.
pub(super) fn ignored_build(scan: &mut Scan<'_>) -> Result<(), Why> {
    scan.while_is(|b| b.is_ascii_alphanumeric() || b"-.+_".contains(&b));
    scan.end()
}
