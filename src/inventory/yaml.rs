//! YAML with the place of every key, as lockfiles use it: maps, lists and scalars. Anchors, aliases and tags are
//! refused (no package manager writes them, and they let a small file be a large one), and so is a key that stands
//! twice. Scalars stay the text that was written. It knows no format of lockfiles.

use super::place::Refusal;
use super::value::{MAX_VALUES, Map, Member, Value};
use crate::model::GapKind;
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::borrow::Cow;

/// Documents in one file. pnpm writes two at most.
const MAX_DOCUMENTS: usize = 16;

/// Reads the documents of a file. `help` is what mends one that is none. The parser ends at a depth of 255.
pub(super) fn read<'a>(text: &'a str, help: &str) -> Result<Vec<Value<'a>>, Refusal> {
    let mut reader = Reader { help, open: Vec::new(), documents: Vec::new(), count: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            Refusal::new(at, format!("not valid YAML: {}", error.info()), help)
        })?;
        reader.event(event, span)?;
    }
    Ok(reader.documents)
}

struct Reader<'a, 'h> {
    help: &'h str,
    /// What is not closed yet, from the outside in.
    open: Vec<Open<'a>>,
    documents: Vec<Value<'a>>,
    count: usize,
}

enum Open<'a> {
    List(Vec<Value<'a>>),
    /// With the key whose value comes next.
    Map(Map<'a>, Option<(usize, Cow<'a, str>)>),
}

impl<'a> Reader<'a, '_> {
    fn event(&mut self, event: Event<'a>, span: Span) -> Result<(), Refusal> {
        let at = span.start.byte_offset().unwrap_or(0);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(at, anchor, tag.is_some())?;
                self.scalar(at, text, style)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.plain(at, anchor, tag.is_some())?;
                self.start(at, Open::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.plain(at, anchor, tag.is_some())?;
                self.start(at, Open::Map(Map::default(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(_) => Err(self.refused(at, "an alias (`*name`)")),
            // Starts and ends of stream and documents, and comments, hold no value.
            _ => Ok(()),
        }
    }

    fn plain(&self, at: usize, anchor: usize, tagged: bool) -> Result<(), Refusal> {
        match (anchor, tagged) {
            (0, false) => Ok(()),
            (0, true) => Err(self.refused(at, "a tag (`!name`)")),
            _ => Err(self.refused(at, "an anchor (`&name`)")),
        }
    }

    fn refused(&self, at: usize, what: &str) -> Refusal {
        Refusal::new(at, format!("{what}, which no package manager writes"), self.help)
    }

    /// A key is the text that it is written as; a value may be nothing, true or false.
    fn scalar(&mut self, at: usize, text: Cow<'a, str>, style: ScalarStyle) -> Result<(), Refusal> {
        if let Some(Open::Map(_, key @ None)) = self.open.last_mut() {
            *key = Some((at, text));
            return self.counted();
        }
        self.counted()?;
        self.value(match (style, text.as_ref()) {
            (ScalarStyle::Plain, "" | "~" | "null") => Value::Null,
            (ScalarStyle::Plain, "true") => Value::Bool(true),
            (ScalarStyle::Plain, "false") => Value::Bool(false),
            _ => Value::Text(text),
        })
    }

    fn start(&mut self, at: usize, open: Open<'a>) -> Result<(), Refusal> {
        if let Some(Open::Map(_, None)) = self.open.last() {
            return Err(self.refused(at, "a key that is no text"));
        }
        self.counted()?;
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let value = match self.open.pop().expect("an end follows its start") {
            Open::List(list) => Value::List(list),
            Open::Map(map, _) => match map.twice() {
                Some(member) => return Err(Refusal::new(member.at, "the same key twice in one map", self.help)),
                None => Value::Map(map),
            },
        };
        self.value(value)
    }

    fn value(&mut self, value: Value<'a>) -> Result<(), Refusal> {
        match self.open.last_mut() {
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, key)) => {
                let (at, key) = key.take().expect("a value follows its key");
                map.0.push(Member { at, key, value });
            }
            None => self.documents.push(value),
        }
        if self.documents.len() > MAX_DOCUMENTS {
            return Err(self.too_many(MAX_DOCUMENTS, "documents of YAML"));
        }
        Ok(())
    }

    fn counted(&mut self) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > MAX_VALUES {
            return Err(self.too_many(MAX_VALUES, "values of YAML"));
        }
        Ok(())
    }

    fn too_many(&self, limit: usize, what: &str) -> Refusal {
        let why = format!("more than {limit} {what}");
        Refusal { kind: GapKind::TooLarge, at: None, why, help: self.help.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> (Option<usize>, String) {
        let refusal = read(text, "").unwrap_err();
        (refusal.at, refusal.why)
    }

    #[test]
    fn keys_have_their_offset_and_scalars_their_text() {
        let text = "a: 1.10\n# é\n'b c':\n  d: {e: [no, 012, true, 'true'], f: }\n";
        let documents = read(text, "").unwrap();
        let map = documents[0].map().unwrap();
        assert_eq!(map.get("a"), Some(&Value::Text("1.10".into())));
        let b = map.member("b c").unwrap();
        assert_eq!(b.at, text.find("'b").unwrap());
        let d = b.value.map().unwrap().member("d").unwrap();
        assert_eq!(d.at, text.find("d:").unwrap());
        let (no, number) = (Value::Text("no".into()), Value::Text("012".into()));
        let list = Value::List(vec![no, number, Value::Bool(true), Value::Text("true".into())]);
        let d = d.value.map().unwrap();
        assert_eq!((d.get("e"), d.get("f")), (Some(&list), Some(&Value::Null)));
    }

    #[test]
    fn every_document_is_read() {
        assert_eq!(read("---\na: 1\n---\nb: 1\n", "").unwrap().len(), 2);
        assert_eq!(read("", "").unwrap().len(), 0);
        assert_eq!(read(&"---\na\n".repeat(17), "").unwrap_err().kind, GapKind::TooLarge);
    }

    #[test]
    fn what_could_hide_something_is_refused() {
        assert_eq!(refused("a: 1\nb: 2\na: 3\n"), (Some(10), "the same key twice in one map".into()));
        assert_eq!(refused("a: &x 1\nb: 2\n").1, "an anchor (`&name`), which no package manager writes");
        assert_eq!(refused("a: !!str 1\n").1, "a tag (`!name`), which no package manager writes");
        assert!(read("a: *x\n", "").is_err());
        assert!(read("? [a]\n: 1\n", "").is_err());
        for text in ["a: b: c\n", "a\nb: 1\n", "a: [1\n", ",x\n", "a: 'b\n"] {
            assert!(read(text, "").is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(read(&"[".repeat(1_000_000), "").is_err());
        let nested: String = (0..5_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(read(&nested, "").is_err());
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in r#"[a-c:'"\[\]{},#&*!|>?~ \n-]{0,40}"#) {
            let _ = read(&text, "");
        }
    }
}
