//! Does a name imitate one that everybody knows? It compares with a short list of names of its own and says what it saw;
//! whether the package is honest it cannot know.

use super::{Check, Facts, say};
use crate::model::{Component, Ecosystem, Finding, Partial, RuleId, Source};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Shorter names are one letter apart by chance.
const SHORTEST: usize = 6;

pub(super) struct Lookalikes;

impl Check for Lookalikes {
    fn name(&self) -> &'static str {
        "lookalikes"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let (mut found, mut buffer) = (Vec::new(), String::new());
        for (index, component) in facts.inventory.components.iter().enumerate() {
            let fetched = matches!(component.source, Source::Default | Source::Registry(_));
            let Some(popular) = popular(component.ecosystem).filter(|_| fetched) else { continue };
            if let Some((name, how)) = popular.imitated(component, &mut buffer) {
                let message = format!("{} has a name that is that of {name} but for {how}", component.label());
                found.extend(say::of_entry(facts, RuleId::LOOKALIKE, index, message));
            }
        }
        Partial::whole(found)
    }
}

/// The names of one ecosystem. Each list is ours and holds facts: what many projects use, at most 200 names, and honest
/// packages whose names happen to be near to one of these.
struct Popular {
    names: HashSet<&'static str, foldhash::fast::RandomState>,
    /// Honest neighbours: never an imitation, and not imitated.
    neighbours: HashSet<&'static str, foldhash::fast::RandomState>,
    /// Names by their skeleton.
    skeletons: HashMap<String, &'static str, foldhash::fast::RandomState>,
    /// Names of at least [`SHORTEST`] bytes with the letters in them, by length.
    by_length: Vec<Vec<(u64, &'static str)>>,
}

static NPM: LazyLock<Popular> =
    LazyLock::new(|| Popular::new(include_str!("popular/npm.txt"), include_str!("popular/npm-neighbours.txt")));
static PYPI: LazyLock<Popular> =
    LazyLock::new(|| Popular::new(include_str!("popular/pypi.txt"), include_str!("popular/pypi-neighbours.txt")));
static CRATES: LazyLock<Popular> =
    LazyLock::new(|| Popular::new(include_str!("popular/crates.txt"), include_str!("popular/crates-neighbours.txt")));

fn popular(ecosystem: Ecosystem) -> Option<&'static Popular> {
    match ecosystem {
        Ecosystem::Npm => Some(&NPM),
        Ecosystem::Pypi => Some(&PYPI),
        Ecosystem::Cargo => Some(&CRATES),
        _ => None,
    }
}

impl Popular {
    fn new(names: &'static str, neighbours: &'static str) -> Self {
        let names: Vec<&str> = names.lines().filter(|name| !name.is_empty()).collect();
        let mut by_length: Vec<Vec<(u64, &str)>> = Vec::new();
        for name in names.iter().filter(|name| name.len() >= SHORTEST) {
            if by_length.len() <= name.len() {
                by_length.resize(name.len() + 1, Vec::new());
            }
            if let Some(list) = by_length.get_mut(name.len()) {
                list.push((letters(name), name));
            }
        }
        let skeletons = names.iter().map(|name| (skeleton_of(name), *name)).collect();
        Self { names: names.into_iter().collect(), neighbours: neighbours.lines().collect(), skeletons, by_length }
    }

    /// The name that this one imitates, and how the two differ.
    fn imitated(&self, component: &Component, buffer: &mut String) -> Option<(&'static str, &'static str)> {
        let name = plain(component);
        if self.names.contains(name.as_ref()) || self.neighbours.contains(name.as_ref()) {
            return None;
        }
        // What looks like a name but for its separators, or in letters that look alike, is near to it in another way.
        skeleton(&name, buffer);
        if let Some(popular) = self.skeletons.get(buffer.as_str()) {
            return Some((
                popular,
                if name.is_ascii() { "separators or letters that look alike" } else { "letters of another script" },
            ));
        }
        if name.len() < SHORTEST - 1 {
            return None;
        }
        let own = letters(&name);
        let lengths = name.len().saturating_sub(1)..=name.len() + 1;
        let near = lengths.filter_map(|length| self.by_length.get(length)).flatten();
        near.filter(|(letters, _)| (letters ^ own).count_ones() <= 2)
            .find(|(_, popular)| is_one_edit(name.as_bytes(), popular.as_bytes()))
            .map(|(_, popular)| (*popular, "one letter"))
    }
}

/// The name as its registry compares it.
fn plain(component: &Component) -> Cow<'_, str> {
    let name = component.name.as_ref();
    if component.ecosystem == Ecosystem::Cargo && name.bytes().any(|b| b == b'_' || b.is_ascii_uppercase()) {
        return Cow::Owned(name.replace('_', "-").to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

/// The name without separators, and with one letter for all that look like it, put into `out`. The scope of a package of
/// npm keeps its marks: `@a/b` and `a-b` are two names that many pairs of honest packages have.
fn skeleton(name: &str, out: &mut String) {
    out.clear();
    for c in name.chars() {
        match alike(c) {
            Some('-' | '_' | '.') | None => {}
            // `rn` looks like `m`.
            Some('n') if out.ends_with('r') => {
                out.pop();
                out.push('m');
            }
            Some(c) => out.push(c),
        }
    }
}

fn skeleton_of(name: &str) -> String {
    let mut out = String::new();
    skeleton(name, &mut out);
    out
}

/// The plain letter that a letter looks like; none for what has no width.
fn alike(c: char) -> Option<char> {
    Some(match c {
        '0' | 'о' | 'ο' | 'О' | 'Ο' => 'o',
        '1' | 'l' | 'і' | 'ı' | 'ι' | 'ӏ' | 'І' | 'í' | 'ì' => 'l',
        'i' => 'l',
        'а' | 'α' | 'А' | 'á' | 'à' | 'ä' => 'a',
        'е' | 'ё' | 'Е' | 'é' | 'è' | 'ė' => 'e',
        'с' | 'С' | 'ϲ' | 'ç' => 'c',
        'р' | 'ρ' | 'Р' => 'p',
        'х' | 'χ' | 'Х' => 'x',
        'у' | 'У' => 'y',
        'ѕ' | 'Ѕ' => 's',
        'ј' => 'j',
        'ԁ' => 'd',
        'һ' => 'h',
        'ո' => 'n',
        'ν' => 'v',
        'ω' => 'w',
        'ɡ' => 'g',
        'м' => 'm',
        'т' => 't',
        'к' | 'κ' => 'k',
        'ü' | 'ú' => 'u',
        'ö' | 'ó' => 'o',
        '\u{ff01}'..='\u{ff5e}' => return char::from_u32(u32::from(c) - 0xff01 + 0x21).and_then(alike),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' => return None,
        c => c.to_ascii_lowercase(),
    })
}

/// A bit for each letter and digit of the name, and one for all else.
fn letters(name: &str) -> u64 {
    let bit = |b: u8| match b.to_ascii_lowercase() {
        b @ b'a'..=b'z' => b - b'a',
        b @ b'0'..=b'9' => 26 + (b - b'0'),
        _ => 36,
    };
    name.bytes().fold(0, |all, b| all | 1 << bit(b))
}

/// Whether one letter was put in, left out or changed, or two neighbours swapped. Digits count as no letters: `md-4`
/// and `md-5` are two things, and a number behind a name is a newer one.
fn is_one_edit(a: &[u8], b: &[u8]) -> bool {
    let before = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(before..).unwrap_or_default(), b.get(before..).unwrap_or_default());
    let behind = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(..a.len() - behind).unwrap_or_default(), b.get(..b.len() - behind).unwrap_or_default());
    let no_digit = |part: &[u8]| !part.iter().any(u8::is_ascii_digit);
    no_digit(a)
        && no_digit(b)
        && match (a, b) {
            ([_], [] | [_]) | ([], [_]) => true,
            ([a, c], [d, b]) => a == b && c == d,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{cargo, entry, npm, run, said};
    use super::*;

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn of_npm(name: &str) -> Option<String> {
        let own = name.rsplit('/').next().unwrap();
        let address = format!("https://h.example/{name}/-/{own}-1.0.0.tgz");
        let mut found = said(&Lookalikes, &npm(&[(name, &entry("1.0.0", &address, true))]));
        assert!(found.len() <= 1);
        found.pop().map(|(_, message)| message)
    }

    #[test]
    fn names_one_letter_from_a_popular_one_are_told() {
        let message = "expres 1.0.0 has a name that is that of express but for one letter";
        assert_eq!(of_npm("expres").as_deref(), Some(message));
        for near in ["expresss", "exprews", "exrpess", "@type/node", "@bable/core"] {
            assert!(of_npm(near).is_some(), "{near}");
        }
        for other in ["express", "expr", "exp-ress-x", "expre", "unrelated", "express2", "@other/node", "reactor"] {
            assert_eq!(of_npm(other), None, "{other}");
        }
    }

    #[test]
    fn separators_and_letters_that_look_alike_are_told() {
        for near in ["crossenv", "cross.env", "l0dash", "1odash", "ехpress", "ｌodash", "ty\u{200b}pescript"] {
            assert!(of_npm(near).is_some(), "{near}");
        }
        assert_eq!(of_npm("types-node"), None, "many honest pairs differ in a scope");
    }

    #[test]
    fn crates_are_compared_as_their_registry_does() {
        let of = |name: &str, source| said(&Lookalikes, &cargo(&[(name, source, false)])).len();
        assert_eq!(of("serde_json", CRATES), 0);
        assert_eq!(of("serdejson", CRATES), 1);
        assert_eq!(of("serde_jsom", CRATES), 1);
        assert_eq!(of("serde_jsom", ""), 0, "a package of the tree itself");
    }

    #[test]
    fn it_is_told_and_does_not_block() {
        let found = run(&Lookalikes, &cargo(&[("serdejson", CRATES, false)]));
        assert_eq!((found[0].class, found[0].component.is_some()), (crate::model::Class::Notice, true));
        assert_eq!(crate::config::ClassAction::of_silence(found[0].class), crate::config::ClassAction::Report);
    }

    #[test]
    fn lists_are_short_sorted_and_not_near_to_themselves() {
        for (names, neighbours) in [
            (include_str!("popular/npm.txt"), include_str!("popular/npm-neighbours.txt")),
            (include_str!("popular/pypi.txt"), include_str!("popular/pypi-neighbours.txt")),
            (include_str!("popular/crates.txt"), include_str!("popular/crates-neighbours.txt")),
        ] {
            for list in [names, neighbours] {
                let lines: Vec<&str> = list.lines().collect();
                assert!(lines.len() <= 200 && lines.is_sorted_by(|a, b| a < b));
                assert!(lines.iter().all(|name| name.is_ascii() && !name.contains(char::is_whitespace)));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn one_edit_is_symmetric_and_found_wherever_it_is(name in "[a-z]{6,12}", at in 0..6_usize, letter in "[a-z]") {
            let mut longer = name.clone();
            longer.insert_str(at, &letter);
            proptest::prop_assert!(is_one_edit(name.as_bytes(), longer.as_bytes()));
            proptest::prop_assert!(is_one_edit(longer.as_bytes(), name.as_bytes()));
            let mut swapped = name.clone().into_bytes();
            swapped.swap(at, at + 1 - usize::from(at == 5));
            proptest::prop_assert_eq!(is_one_edit(name.as_bytes(), &swapped), swapped != name.as_bytes());
            proptest::prop_assert!(!is_one_edit(name.as_bytes(), name.as_bytes()));
        }
    }
}
