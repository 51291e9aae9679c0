//! The fast reader: a lock in the plain shape that cargo writes, straight from the events of the TOML parser.
//!
//! It either understands every byte or gives nothing, and then `full` reads the file: it never says what is wrong. Not
//! plain are duplicate or unknown keys, dotted keys, inline tables, other tables, and any error.

use super::raw::{RawLock, RawPackage, Text, range};
use std::borrow::Cow;
use std::ops::Range;
use toml_parser::decoder::{Encoding, IntegerRadix, ScalarKind};
use toml_parser::lexer::Token;
use toml_parser::parser::{EventReceiver, ValidateWhitespace, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Source, Span};

/// Reads a plain lock.
pub(super) fn read<'a>(source: Source<'a>, tokens: &[Token]) -> Option<RawLock<'a>> {
    let mut plain = Plain { source, lock: RawLock::default(), seen: Seen::default(), at: At::Root, odd: false };
    let mut error: Option<ParseError> = None;
    parse_document(tokens, &mut ValidateWhitespace::new(&mut plain, source), &mut error);
    plain.finish_section();
    plain.lock.metadata.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
    let twice = plain.lock.metadata.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a.text == b.text));
    (error.is_none() && !plain.odd && !twice).then_some(plain.lock)
}

/// Between which headers, and on what.
enum At<'a> {
    Root,
    Metadata,
    Entry(Kind, Draft<'a>),
}

#[derive(Clone, Copy)]
enum Kind {
    Package,
    Root,
    Unused,
}

/// An entry whose keys are still coming.
struct Draft<'a> {
    at: usize,
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    source: Option<Text<'a>>,
    checksum: Option<Text<'a>>,
    dependencies: Option<Range<usize>>,
    replace: Option<Text<'a>>,
}

/// What was seen since the last complete thing.
#[derive(Default)]
struct Seen<'a> {
    /// Offset of the header that is open, and its keys.
    header: Option<(usize, Vec<Cow<'a, str>>)>,
    /// The key whose value comes next.
    key: Option<Text<'a>>,
    /// Where the dependencies of the open array begin.
    array: Option<usize>,
    metadata: bool,
}

struct Plain<'a> {
    source: Source<'a>,
    lock: RawLock<'a>,
    seen: Seen<'a>,
    at: At<'a>,
    odd: bool,
}

impl<'a> Plain<'a> {
    fn raw(&mut self, span: Span, encoding: Option<Encoding>) -> Option<Raw<'a>> {
        let text = self.source.input().get(span.start()..span.end());
        self.odd |= text.is_none();
        text.map(|text| Raw::new_unchecked(text, encoding, span))
    }

    fn open(&mut self, span: Span) {
        self.odd |= self.seen.key.is_some() || self.seen.header.is_some();
        self.finish_section();
        self.seen.header = Some((span.start(), Vec::with_capacity(1)));
    }

    /// A header is complete: the next entry begins.
    fn begin(&mut self, array: bool) {
        let Some((at, keys)) = self.seen.header.take() else {
            self.odd = true;
            return;
        };
        let keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
        let draft =
            Draft { at, name: None, version: None, source: None, checksum: None, dependencies: None, replace: None };
        match (array, keys.as_slice()) {
            (true, ["package"]) => self.at = At::Entry(Kind::Package, draft),
            (true, ["patch", "unused"]) => self.at = At::Entry(Kind::Unused, draft),
            (false, ["root"]) if self.lock.root.is_none() => self.at = At::Entry(Kind::Root, draft),
            (false, ["metadata"]) if !self.seen.metadata => {
                self.seen.metadata = true;
                self.at = At::Metadata;
            }
            _ => self.odd = true,
        }
    }

    /// Puts the entry that was being read where it belongs.
    fn finish_section(&mut self) {
        let At::Entry(kind, draft) = std::mem::replace(&mut self.at, At::Root) else { return };
        let (Some(name), Some(version)) = (draft.name, draft.version) else {
            self.odd = true;
            return;
        };
        let package = RawPackage {
            at: draft.at,
            name,
            version,
            source: draft.source,
            checksum: draft.checksum,
            dependencies: draft.dependencies.unwrap_or_default(),
            replace: draft.replace,
        };
        match kind {
            Kind::Package => self.lock.packages.push(package),
            Kind::Unused => {
                // Only name, version and source of an unused patch mean anything.
                if !package.dependencies.is_empty() {
                    self.lock.dependencies.truncate(package.dependencies.start);
                }
                self.lock.unused.push(RawPackage { checksum: None, dependencies: 0..0, replace: None, ..package });
            }
            Kind::Root => self.lock.root = Some(package),
        }
    }

    /// The value of a key that is not an array.
    fn value(&mut self, key: Text<'a>, value: Text<'a>, kind: ScalarKind) {
        let string = matches!(kind, ScalarKind::String);
        match &mut self.at {
            At::Root => match value.text.parse() {
                Ok(version)
                    if key.text == "version"
                        && matches!(kind, ScalarKind::Integer(IntegerRadix::Dec))
                        && self.lock.version.is_none() =>
                {
                    self.lock.version = Some((version, value.at));
                }
                _ => self.odd = true,
            },
            At::Metadata if string => self.lock.metadata.push((key, value)),
            At::Entry(_, draft) if string => {
                let field = match key.text.as_ref() {
                    "name" => &mut draft.name,
                    "version" => &mut draft.version,
                    "source" => &mut draft.source,
                    "checksum" => &mut draft.checksum,
                    "replace" => &mut draft.replace,
                    _ => {
                        self.odd = true;
                        return;
                    }
                };
                self.odd |= field.replace(value).is_some();
            }
            At::Metadata | At::Entry(..) => self.odd = true,
        }
    }
}

impl EventReceiver for Plain<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.open(span);
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.begin(false);
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.open(span);
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.begin(true);
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.odd = true;
        false
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        let start = self.lock.dependencies.len();
        let expected = match (&self.at, &self.seen.key) {
            (At::Entry(_, draft), Some(key)) => key.text == "dependencies" && draft.dependencies.is_none(),
            _ => false,
        };
        // A second opening is an array inside an array.
        self.odd |= !expected || self.seen.array.replace(start).is_some();
        !self.odd
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        let end = self.lock.dependencies.len();
        match (&mut self.at, self.seen.array.take()) {
            (At::Entry(_, draft), Some(start)) => draft.dependencies = Some(range(start, end)),
            _ => self.odd = true,
        }
        self.seen.key = None;
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        if self.odd {
            return;
        }
        let Some(raw) = self.raw(span, encoding) else { return };
        let mut text = Cow::Borrowed("");
        raw.decode_key(&mut text, error);
        match &mut self.seen.header {
            Some((_, keys)) => keys.push(text),
            None => self.odd |= self.seen.key.replace(Text { text, at: span.start() }).is_some(),
        }
    }

    fn key_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.odd |= self.seen.header.is_none();
    }

    fn scalar(&mut self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        if self.odd {
            return;
        }
        let Some(raw) = self.raw(span, encoding) else { return };
        let mut text = Cow::Borrowed("");
        let kind = raw.decode_scalar(&mut text, error);
        let value = Text { text, at: span.start() };
        if self.seen.array.is_some() {
            self.odd |= !matches!(kind, ScalarKind::String);
            self.lock.dependencies.push(value);
        } else if let Some(key) = self.seen.key.take() {
            self.value(key, value, kind);
        } else {
            self.odd = true;
        }
    }

    fn error(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.odd = true;
    }
}
