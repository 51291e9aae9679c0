//! The quick reader of records: those in the form that nearly all of the database has, without a TOML parser.
//!
//! It knows the tables and keys of a record and the plainest spelling of their values, and gives nothing at the first
//! thing that it does not know: `record` then asks the `rustsec` crate, whose word counts. In debug builds, and so in
//! every test and fuzz run, what it gives is compared with what that crate gives.

use super::record::Texts;
use super::{ranges, record};
use crate::model::{Advisory, Affects, Collection, Timestamp, VersionRanges};
use rustsec::advisory::affected::FunctionPath;
use rustsec::advisory::{Id, Versions};
use rustsec::platforms::target::{Arch, OS};
use semver::{Op, VersionReq};
use std::collections::BTreeMap;

/// Numbers of a version above this are left to the crate: its arithmetic can overflow.
const MAX_NUMBER: u64 = 1 << 32;

/// The tables of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Advisory,
    Versions,
    Affected,
    Functions,
}

/// What was written, each key at most once.
#[derive(Default)]
struct Written<'a> {
    tables: Vec<Table>,
    id: Option<&'a str>,
    package: Option<&'a str>,
    date: Option<&'a str>,
    withdrawn: Option<&'a str>,
    cvss: Option<&'a str>,
    informational: Option<&'a str>,
    url: Option<&'a str>,
    license: Option<&'a str>,
    expect_deleted: Option<bool>,
    aliases: Option<Vec<&'a str>>,
    related: Option<Vec<&'a str>>,
    categories: Option<Vec<&'a str>>,
    keywords: Option<Vec<&'a str>>,
    references: Option<Vec<&'a str>>,
    patched: Option<Vec<&'a str>>,
    unaffected: Option<Vec<&'a str>>,
    arch: Option<Vec<&'a str>>,
    os: Option<Vec<&'a str>>,
    functions: BTreeMap<FunctionPath, Vec<&'a str>>,
}

/// Reads a record in the usual form.
pub(super) fn read(text: &str, collection: Collection, texts: Texts) -> Option<Advisory> {
    let mut scan = Scan { rest: text.strip_prefix("```toml\n[advisory]\n")? };
    let mut written = Written { tables: vec![Table::Advisory], ..Written::default() };
    let mut table = Table::Advisory;
    let body = loop {
        if let Some(body) = scan.rest.strip_prefix("```") {
            break body;
        }
        scan.blanks();
        match scan.rest.bytes().next()? {
            b'\n' | b'#' => {}
            b'[' => table = written.open(&mut scan)?,
            _ => written.field(table, &mut scan)?,
        }
        scan.line_end()?;
    };
    let (title, description) = body.trim_start().strip_prefix("# ")?.split_once('\n')?;
    written.advisory(collection, title.trim_end(), texts.kept(description.trim()))
}

impl<'a> Written<'a> {
    /// The header of a table that was not there before.
    fn open(&mut self, scan: &mut Scan<'a>) -> Option<Table> {
        let headers = [
            ("[versions]", Table::Versions),
            ("[affected]", Table::Affected),
            ("[affected.functions]", Table::Functions),
        ];
        let (rest, table) =
            headers.into_iter().find_map(|(header, table)| Some((scan.rest.strip_prefix(header)?, table)))?;
        scan.rest = rest;
        let again = |seen: &Table| *seen == table || (*seen, table) == (Table::Functions, Table::Affected);
        if self.tables.iter().any(again) {
            return None;
        }
        self.tables.push(table);
        Some(table)
    }

    fn field(&mut self, table: Table, scan: &mut Scan<'a>) -> Option<()> {
        if table == Table::Functions {
            return self.function(scan);
        }
        let key = scan.key()?;
        match (table, key) {
            (Table::Advisory, "id") => once(&mut self.id, scan.string()?),
            (Table::Advisory, "package") => once(&mut self.package, scan.string()?),
            (Table::Advisory, "date") => once(&mut self.date, scan.string()?),
            (Table::Advisory, "withdrawn") => once(&mut self.withdrawn, scan.string()?),
            (Table::Advisory, "cvss") => once(&mut self.cvss, scan.string()?),
            (Table::Advisory, "informational") => once(&mut self.informational, scan.string()?),
            (Table::Advisory, "url") => once(&mut self.url, scan.string()?),
            (Table::Advisory, "license") => once(&mut self.license, scan.string()?),
            (Table::Advisory, "expect-deleted") => once(&mut self.expect_deleted, scan.truth()?),
            (Table::Advisory, "aliases") => once(&mut self.aliases, scan.strings()?),
            (Table::Advisory, "related") => once(&mut self.related, scan.strings()?),
            (Table::Advisory, "categories") => once(&mut self.categories, scan.strings()?),
            (Table::Advisory, "keywords") => once(&mut self.keywords, scan.strings()?),
            (Table::Advisory, "references") => once(&mut self.references, scan.strings()?),
            (Table::Versions, "patched") => once(&mut self.patched, scan.strings()?),
            (Table::Versions, "unaffected") => once(&mut self.unaffected, scan.strings()?),
            (Table::Affected, "arch") => once(&mut self.arch, scan.strings()?),
            (Table::Affected, "os") => once(&mut self.os, scan.strings()?),
            (Table::Affected, "functions") => self.inline_functions(scan),
            _ => None,
        }
    }

    /// `"alpha::beta" = ["< 1.0"]`
    fn function(&mut self, scan: &mut Scan<'a>) -> Option<()> {
        let path = scan.string()?.parse().ok()?;
        scan.equals()?;
        let versions = scan.strings()?;
        self.functions.insert(path, versions).is_none().then_some(())
    }

    /// `{ "alpha::beta" = ["< 1.0"], … }`
    fn inline_functions(&mut self, scan: &mut Scan<'a>) -> Option<()> {
        self.tables.iter().all(|seen| *seen != Table::Functions).then(|| self.tables.push(Table::Functions))?;
        scan.eat("{")?;
        loop {
            scan.blanks();
            self.function(scan)?;
            scan.blanks();
            if scan.eat("}").is_some() {
                return Some(());
            }
            scan.eat(",")?;
        }
    }

    /// The same as `record` makes of what the crate read.
    fn advisory(self, collection: Collection, title: &str, description: String) -> Option<Advisory> {
        let (patched, unaffected) = (self.patched?, self.unaffected.unwrap_or_default());
        let (safe, never) = (requirements(&patched)?, requirements(&unaffected)?);
        let affected = ranges::affected(&safe, &never).ok()?;
        let ranges =
            VersionRanges { affected, patched: words(&patched, &safe), unaffected: words(&unaffected, &never) };
        sound(safe, never)?;
        let mut functions = Vec::with_capacity(self.functions.len());
        for (path, versions) in &self.functions {
            functions.push((path.to_string(), words(versions, &requirements(versions)?)));
        }
        let arch = |name: &&str| name.parse::<Arch>().ok().map(|arch| arch.as_str().to_owned());
        let os = |name: &&str| name.parse::<OS>().ok().map(|os| os.as_str().to_owned());
        let categories = texts(self.categories.as_deref());
        Some(Advisory {
            id: id(&self.id?)?,
            package: self.package?.to_owned(),
            collection,
            kind: record::kind(self.informational, &categories),
            title: title.to_owned(),
            description,
            date: date(self.date?)?,
            withdrawn: optional(self.withdrawn, date)?,
            aliases: self.aliases.iter().flatten().map(id).collect::<Option<_>>()?,
            related: self.related.iter().flatten().map(id).collect::<Option<_>>()?,
            cvss: optional(self.cvss, |vector| is_plain_cvss(vector).then(|| vector.to_owned()))?,
            url: optional(self.url, |text| url(&text))?,
            references: self.references.iter().flatten().map(url).collect::<Option<_>>()?,
            categories,
            ranges,
            affects: Affects {
                functions,
                arch: self.arch.iter().flatten().map(arch).collect::<Option<_>>()?,
                os: self.os.iter().flatten().map(os).collect::<Option<_>>()?,
            },
        })
    }
}

/// Fills a slot that must be empty.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// A value that may be missing: nothing only where it is there and not understood.
fn optional<T, U>(value: Option<T>, read: impl Fn(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        Some(value) => read(value).map(Some),
        None => Some(None),
    }
}

fn texts(list: Option<&[&str]>) -> Vec<String> {
    list.unwrap_or_default().iter().map(|text| (*text).to_owned()).collect()
}

/// An id is its text. Of the usual ones the year and the number are looked at here, as the crate does; the rest it reads.
fn id(text: &&str) -> Option<String> {
    let numbered = |rest: &str| {
        let (year, number) = rest.split_at_checked(4)?;
        let number = number.strip_prefix('-').filter(|number| (1..=9).contains(&number.len()))?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        (digits(year) && digits(number) && is_year(year)).then_some(())
    };
    match text.strip_prefix("RUSTSEC-").or_else(|| text.strip_prefix("CVE-")) {
        Some(rest) => numbered(rest)?,
        None if text.starts_with("GHSA-") => {}
        None => drop(text.parse::<Id>().ok()?),
    }
    Some((*text).to_owned())
}

/// The years that the crate takes.
fn is_year(text: &str) -> bool {
    text.parse().is_ok_and(|year: u32| (2000..=2100).contains(&year))
}

/// `YYYY-MM-DD`.
fn date(text: &str) -> Option<Timestamp> {
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    (form && text.get(..4).is_some_and(is_year)).then(|| text.parse().ok())?
}

/// Requirements in which no number is near the largest.
fn requirements(texts: &[&str]) -> Option<Vec<VersionReq>> {
    let small = |n: u64| n < MAX_NUMBER;
    let read = |text: &&str| {
        let req = VersionReq::parse(text).ok()?;
        let all =
            req.comparators.iter().all(|c| small(c.major) && c.minor.is_none_or(small) && c.patch.is_none_or(small));
        all.then_some(req)
    };
    texts.iter().map(read).collect()
}

/// What the crate asks of the requirements of a record. It has an assertion that an exclusive lower bound beside another
/// range can hit: such records are left to the caller that catches it.
fn sound(patched: Vec<VersionReq>, unaffected: Vec<VersionReq>) -> Option<()> {
    let mut all = patched.iter().chain(&unaffected);
    let exclusive = all.any(|req| req.comparators.iter().any(|c| c.op == Op::Greater));
    let several = patched.len() + unaffected.len() > 1;
    if exclusive && several {
        return None;
    }
    Versions::new(patched, unaffected).ok().map(|_| ())
}

/// A vector of base metrics alone in the order of its specification (CVSS 3.0, 3.1 and 4.0): the crate writes it as it
/// stands.
fn is_plain_cvss(vector: &str) -> bool {
    const V3: &[(&str, &str)] = &[
        ("AV:", "NALP"),
        ("AC:", "LH"),
        ("PR:", "NLH"),
        ("UI:", "NR"),
        ("S:", "UC"),
        ("C:", "NLH"),
        ("I:", "NLH"),
        ("A:", "NLH"),
    ];
    const V4: &[(&str, &str)] = &[
        ("AV:", "NALP"),
        ("AC:", "LH"),
        ("AT:", "NP"),
        ("PR:", "NLH"),
        ("UI:", "NPA"),
        ("VC:", "HLN"),
        ("VI:", "HLN"),
        ("VA:", "HLN"),
        ("SC:", "HLN"),
        ("SI:", "HLN"),
        ("SA:", "HLN"),
    ];
    let mut parts = vector.split('/');
    let metrics = match parts.next() {
        Some("CVSS:3.0" | "CVSS:3.1") => V3,
        Some("CVSS:4.0") => V4,
        _ => return false,
    };
    let known = metrics.iter().all(|(metric, values)| {
        let value = parts.next().and_then(|part| part.strip_prefix(metric));
        value.is_some_and(|value| value.len() == 1 && values.contains(value))
    });
    known && parts.next().is_none()
}

/// A URL that a URL parser gives back as it stands (URL Standard, «URL serializing»): `https`, a host of lowercase labels
/// without Punycode that is no address, and a path without dot segments and without what must be escaped.
fn url(text: &&str) -> Option<String> {
    let (host, path) = text.strip_prefix("https://")?.split_once('/')?;
    let (_, last) = host.rsplit_once('.')?;
    if last.is_empty() || !last.bytes().all(|b| b.is_ascii_lowercase()) || host.contains("xn--") {
        return None;
    }
    // A dot at the start makes an empty label, or in a path what may be a dot segment.
    let mut start = true;
    for b in host.bytes() {
        let plain = b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (plain || b == b'.' && !start).then_some(())?;
        start = b == b'.';
    }
    start = true;
    for b in path.bytes() {
        let sign =
            matches!(b, b'-' | b'_' | b'~' | b'/' | b'?' | b'#' | b'=' | b'&' | b'+' | b':' | b'@' | b',' | b';');
        (b.is_ascii_alphanumeric() || sign || b == b'.' && !start).then_some(())?;
        start = matches!(b, b'/' | b'?' | b'#');
    }
    Some((*text).to_owned())
}

/// Requirements as their type writes them.
fn words(texts: &[&str], reqs: &[VersionReq]) -> Vec<String> {
    debug_assert_eq!(texts.len(), reqs.len(), "one requirement was made of each text");
    texts.iter().zip(reqs).map(|(text, req)| word(text).unwrap_or_else(|| req.to_string())).collect()
}

/// `>= 1.2, < 2` to `>=1.2, <2`: most of the cost of a record would be to format its numbers again.
fn word(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 2);
    for part in text.split(',') {
        let part = part.trim_matches(' ');
        let (op, version) = part.split_at_checked(part.bytes().position(|b| b.is_ascii_digit())?)?;
        let (numbers, pre) = version.split_once('-').unwrap_or((version, ""));
        let plain = numbers.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && pre.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        let op = match op.trim_end_matches(' ') {
            "" => "^",
            op @ (">=" | "<=" | ">" | "<" | "=" | "^" | "~") => op,
            _ => return None,
        };
        plain.then_some(())?;
        out.push_str(if out.is_empty() { "" } else { ", " });
        out.push_str(op);
        out.push_str(version);
    }
    Some(out)
}

/// What is left to read.
struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn eat(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Blanks, a comment, and the end of the line.
    fn line_end(&mut self) -> Option<()> {
        self.blanks();
        if self.rest.starts_with('#') {
            let end = self.rest.bytes().position(|b| b < b' ' && b != b'\t' || b == 0x7f)?;
            self.rest = self.rest.get(end..)?;
        }
        self.eat("\n")
    }

    /// Blanks, comments and ends of lines.
    fn space(&mut self) -> Option<()> {
        loop {
            self.blanks();
            match self.rest.bytes().next()? {
                b'\n' | b'#' => self.line_end()?,
                _ => return Some(()),
            }
        }
    }

    fn equals(&mut self) -> Option<()> {
        self.blanks();
        self.eat("=")?;
        self.blanks();
        Some(())
    }

    /// A bare key and the sign behind it.
    fn key(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|b| !(b.is_ascii_lowercase() || b == b'-'))?;
        let (key, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        self.equals()?;
        Some(key)
    }

    fn truth(&mut self) -> Option<bool> {
        self.eat("true").map(|()| true).or_else(|| self.eat("false").map(|()| false))
    }

    /// A basic string on one line with nothing escaped.
    fn string(&mut self) -> Option<&'a str> {
        let inner = self.rest.strip_prefix('"')?;
        let end = inner.bytes().position(|b| b == b'"' || b == b'\\' || b < b' ' && b != b'\t' || b == 0x7f)?;
        let (text, rest) = inner.split_at_checked(end)?;
        self.rest = rest;
        self.eat("\"")?;
        Some(text)
    }

    /// An array of such strings, on as many lines as it likes.
    fn strings(&mut self) -> Option<Vec<&'a str>> {
        self.eat("[")?;
        let mut all = Vec::new();
        loop {
            self.space()?;
            if self.eat("]").is_some() {
                return Some(all);
            }
            all.push(self.string()?);
            self.space()?;
            if self.eat(",").is_none() {
                self.eat("]")?;
                return Some(all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "one test reads the corpus")]

    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    const USUAL: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\" # one\npackage = \"alpha\"\n\n# a note\n\
        date = \"2024-02-03\"\nwithdrawn = \"2024-03-04\"\nurl = \"https://example.com/a/b?c=d#e\"\n\
        references = [\n  \"https://example.com/1\", # first\n  \"https://example.com/2\",\n]\ncategories = [ \"crypto-failure\" ]\n\
        keywords = []\naliases = [\"CVE-2024-1\", \"GHSA-aaaa-bbbb-cccc\"]\nrelated = [\"CVE-2024-2\"]\nlicense = \"CC-BY-4.0\"\n\
        cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\ninformational = \"unsound\"\nexpect-deleted = true\n\n\
        [affected]\nos = [\"windows\"]\narch = [\"x86_64\"]\nfunctions = { \"alpha::f\" = [\"< 1.2.3\"], \"alpha::B::g\" = [] }\n\n\
        [versions]\npatched = [\">= 1.2.3, < 2.0.0\", \">=2.0.1\"]\nunaffected = [\"< 0.9\"]\n```\n\n# a title \n\nsome text\n";

    fn both(text: &str) -> (Option<Advisory>, Option<Advisory>) {
        (read(text, Collection::Crates, Texts::Kept), record::authority(text, Collection::Crates))
    }

    #[test]
    fn a_record_in_the_usual_form_is_read_without_the_crate_and_says_the_same() {
        let (quick, slow) = both(USUAL);
        let quick = quick.unwrap();
        assert_eq!(quick.affects.functions.len(), 2);
        assert_eq!(quick.ranges.patched, [">=1.2.3, <2.0.0", ">=2.0.1"]);
        assert_eq!(quick.references, ["https://example.com/1", "https://example.com/2"]);
        assert_eq!(Some(quick), slow);
    }

    #[test]
    fn a_description_that_is_not_kept_is_all_that_is_missing() {
        let kept = read(USUAL, Collection::Crates, Texts::Kept).unwrap();
        let dropped = read(USUAL, Collection::Crates, Texts::Dropped).unwrap();
        assert_eq!((kept.description.as_str(), dropped.description.as_str()), ("some text", ""));
        assert_eq!(Advisory { description: "some text".into(), ..dropped }, kept);
    }

    #[test]
    fn another_writing_is_left_to_the_crate() {
        for (usual, other) in [
            ("id = \"RUSTSEC", "\"id\" = \"RUSTSEC"),
            ("id = \"RUSTSEC-2024-0001\"", "id = 'RUSTSEC-2024-0001'"),
            ("\"alpha\"\n", "\"alph\\u0061\"\n"),
            ("[versions]", "[ versions ]"),
            ("a/b?c", "a/../b?c"),
            ("a/b?c", "ä/b?c"),
            ("https://example.com/a", "https://EXAMPLE.com/a"),
            ("keywords = []", "keywords = []\nunknown = 1"),
            ("keywords = []", "keywords = []\ncollection = \"crates\""),
            ("/UI:N/S:U/", "/S:U/UI:N/"),
            ("\n```", "\r\n```"),
        ] {
            let text = USUAL.replacen(usual, other, 1);
            let (quick, slow) = both(&text);
            assert!(text != USUAL && quick.is_none(), "{other}");
            assert!(slow.is_some(), "{other}");
        }
    }

    #[test]
    fn what_the_crate_refuses_is_not_read() {
        for (usual, wrong) in [
            ("2024-02-03", "2024-02-30"),
            ("2024-02-03", "1999-02-03"),
            ("RUSTSEC-2024-0001", "RUSTSEC-2024"),
            ("https://example.com/a", "example.com/a"),
            ("\"windows\"", "\"doors\""),
            ("alpha::B::g", "alpha"),
            ("keywords = []", "keywords = []\nkeywords = []"),
            ("keywords = []", "title = \"t\""),
            ("[versions]", "[versions]\n[versions]"),
            ("\">=2.0.1\"", "\">= 1.9\""),
            ("\">=2.0.1\"", "\"1.*\""),
            ("patched =", "unpatched ="),
            ("# a title", "a title"),
            ("\n```", "\n``"),
            ("S:U/C:N", "S:U/C:X"),
        ] {
            let text = USUAL.replacen(usual, wrong, 1);
            let (quick, slow) = both(&text);
            assert!(text != USUAL && (quick, slow) == (None, None), "{wrong}");
        }
    }

    /// The whole database: both readers say the same, and the quick one reads nearly all of it.
    #[test]
    fn every_record_of_the_database_is_read_as_the_crate_reads_it() {
        let Some(corpus) = std::env::var_os("PORTCULLIS_CORPUS") else {
            eprintln!("skipped: PORTCULLIS_CORPUS is not set");
            return;
        };
        let (mut all, mut quickly) = (0, 0);
        for (name, collection) in [("crates", Collection::Crates), ("rust", Collection::Rust)] {
            for package in std::fs::read_dir(Path::new(&corpus).join("advisories/rustsec").join(name)).unwrap() {
                for file in std::fs::read_dir(package.unwrap().path()).unwrap() {
                    let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                    let (quick, slow) = (read(&text, collection, Texts::Kept), record::authority(&text, collection));
                    assert!(quick.is_none() || quick == slow, "{text}");
                    (all, quickly) = (all + 1, quickly + usize::from(quick.is_some()));
                }
            }
        }
        assert_eq!(all, 1_225);
        assert!(quickly > 1_150, "{quickly} of {all}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever is damaged: the quick reader says what the crate says, or nothing.
        #[test]
        fn a_damaged_record_is_never_read_differently(
            at in 0..USUAL.len(),
            cut in 0_usize..12,
            put in prop::sample::select(vec![
                "", "\"", "\n", "[", "]", "{", "}", ",", "=", "#", "\\", "\t", "\r", " ", "```", "\n```", ".", "..", "/", "//",
                "é", "\u{85}", "\u{feff}", "0", "9", ">", "> 1", "*", "^", "-", "a", "A", "xn--a", "\u{7f}", "\u{0}", "\"\"\"",
                "\nid = \"x\"", "\n[affected.functions]\n\"a::b\" = []", "[versions]", ", \"> 1.2.3\"", "18446744073709551615",
            ]),
        ) {
            let end = (at + cut).min(USUAL.len());
            let (before, after) = (USUAL.get(..at).unwrap(), USUAL.get(end..).unwrap());
            let text = [before, put, after].concat();
            let (quick, slow) = both(&text);
            prop_assert!(quick.is_none() || quick == slow, "{text}");
        }

        /// Requirements of every form, several at once.
        #[test]
        fn requirements_are_never_read_differently(
            reqs in prop::collection::vec(("(>=|>|<|<=|=|\\^|~|)", "[0-3](\\.[0-3](\\.[0-3](-(a|0|b.1))?)?)?", "(, (<|<=) [0-4]\\.[0-2])?"), 0..4),
            split in 0_usize..4,
        ) {
            let words: Vec<String> = reqs.iter().map(|(op, version, end)| format!("\"{op} {version}{end}\"")).collect();
            let (patched, unaffected) = words.split_at(split.min(words.len()));
            let text = format!(
                "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"alpha\"\ndate = \"2024-02-03\"\n[versions]\n\
                 patched = [{}]\nunaffected = [{}]\n```\n# t\n", patched.join(","), unaffected.join(", "),
            );
            let (quick, slow) = both(&text);
            prop_assert!(quick.is_none() || quick == slow, "{text}");
        }
    }
}
