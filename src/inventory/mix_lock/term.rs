//! The terms of Elixir that a `mix.lock` is made of: one map whose keys are texts, and tuples, lists, atoms and texts
//! below them. It knows no meaning of them.

use super::super::found::{MAX_PACKAGES, too_large};
use super::super::place::Refusal;

/// Depth of lists and tuples in one entry. Mix writes four.
const MAX_DEPTH: usize = 16;

/// An entry of the map.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    /// Byte offset of the key.
    pub(super) at: usize,
    /// The key: the name of the application.
    pub(super) app: &'a str,
    pub(super) tuple: Vec<Term<'a>>,
}

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum Term<'a> {
    /// `:name`, `true`, `nil`.
    Atom(&'a str),
    Text(&'a str),
    List(Vec<Term<'a>>),
    Tuple(Vec<Term<'a>>),
    /// `key: value` in a list.
    Pair(&'a str, Box<Term<'a>>),
}

/// The entries of a file. `help` is what mends one that is none.
pub(super) fn read<'a>(text: &'a str, help: &str) -> Result<Vec<Locked<'a>>, Refusal> {
    let mut reader = Reader { text, at: 0, depth: 0, help };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    let mut all = Vec::new();
    reader.expect("%{")?;
    while !reader.eat("}") {
        let at = {
            reader.blanks();
            reader.at
        };
        let app = reader.quoted()?;
        reader.expect(":")?;
        reader.expect("{")?;
        all.push(Locked { at, app, tuple: reader.terms("}")? });
        if all.len() > MAX_PACKAGES {
            return Err(too_large(MAX_PACKAGES, "packages"));
        }
        if !reader.eat(",") {
            reader.expect("}")?;
            break;
        }
    }
    reader.blanks();
    if reader.at < text.len() { Err(reader.refuse("something behind the end of the map")) } else { Ok(all) }
}

struct Reader<'a, 'h> {
    text: &'a str,
    at: usize,
    depth: usize,
    help: &'h str,
}

impl<'a> Reader<'a, '_> {
    fn refuse(&self, why: &str) -> Refusal {
        Refusal::new(self.at, format!("not a term that mix writes: {why}"), self.help)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_ascii_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), Refusal> {
        if self.eat(token) { Ok(()) } else { Err(self.refuse(&format!("no `{token}` here"))) }
    }

    fn quoted(&mut self) -> Result<&'a str, Refusal> {
        self.expect("\"")?;
        let rest = self.rest();
        let (text, _) = rest.split_once('"').ok_or_else(|| self.refuse("a text without end"))?;
        if text.contains(['\\', '\n', '#']) {
            return Err(self.refuse("an escape in a text"));
        }
        self.at += text.len() + 1;
        Ok(text)
    }

    /// Letters of a name; empty where there are none.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '?' | '!' | '@')));
        let (word, _) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        self.at += word.len();
        word
    }

    /// Values up to this bracket.
    fn terms(&mut self, end: &str) -> Result<Vec<Term<'a>>, Refusal> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.refuse("lists and tuples too deep in each other"));
        }
        let mut all = Vec::new();
        while !self.eat(end) {
            all.push(self.term()?);
            if !self.eat(",") {
                self.expect(end)?;
                break;
            }
        }
        self.depth -= 1;
        Ok(all)
    }

    fn term(&mut self) -> Result<Term<'a>, Refusal> {
        if self.eat("{") {
            return Ok(Term::Tuple(self.terms("}")?));
        }
        if self.eat("[") {
            return Ok(Term::List(self.terms("]")?));
        }
        if self.eat(":") {
            let quoted = self.rest().starts_with('"');
            let name = if quoted { self.quoted()? } else { self.word() };
            return if name.is_empty() { Err(self.refuse("an atom without a name")) } else { Ok(Term::Atom(name)) };
        }
        let quoted = self.rest().starts_with('"');
        let word = if quoted { self.quoted()? } else { self.word() };
        if self.rest().starts_with(": ") && !word.is_empty() {
            self.at += 1;
            return Ok(Term::Pair(word, Box::new(self.value()?)));
        }
        match (quoted, word) {
            (true, text) => Ok(Term::Text(text)),
            (false, "true" | "false" | "nil") => Ok(Term::Atom(word)),
            _ => Err(self.refuse("neither a text, an atom, a list nor a tuple")),
        }
    }

    /// The value of a pair, which is as deep as a list.
    fn value(&mut self) -> Result<Term<'a>, Refusal> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.refuse("lists and tuples too deep in each other"));
        }
        let value = self.term()?;
        self.depth -= 1;
        Ok(value)
    }
}
