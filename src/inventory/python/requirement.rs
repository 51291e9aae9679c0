//! One requirement as PEP 508 writes it: `name[extra] >= 1, < 2 ; marker` or `name @ URL ; marker`. It splits the text
//! and says where there is a pin; it orders no versions and evaluates no marker, but a marker must look like one: what is
//! swallowed by it would be lost.

use super::{is_name, is_version};

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inventory) struct Requirement<'a> {
    /// As written.
    pub(in crate::inventory) name: &'a str,
    /// What follows `@`.
    pub(in crate::inventory) url: Option<&'a str>,
    /// The clauses: operator and version.
    pub(in crate::inventory) clauses: Vec<(&'a str, &'a str)>,
    /// What follows `;`, without blanks around it; empty where there is none.
    pub(in crate::inventory) marker: &'a str,
}

/// What the clauses say of the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inventory) enum Pin<'a> {
    /// Exactly this one, as written.
    One(&'a str),
    /// A range, or nothing.
    Open,
    /// Two different ones: nothing can be installed.
    Several,
}

/// Why a text is no requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::inventory) enum NotARequirement {
    /// It begins with something else than a name.
    #[error("it does not begin with a name")]
    Name,
    /// The extras have no end, or hold what is no name.
    #[error("its extras are not names between brackets")]
    Extras,
    /// What follows the name is neither a list of clauses nor an URL.
    #[error("what follows the name is no version")]
    Clauses,
    /// What follows `;` does not look like a marker.
    #[error("what follows the `;` is no marker")]
    Marker,
    /// Nothing follows `@`.
    #[error("no URL follows the `@`")]
    Url,
}

/// The operators, the longer ones first.
const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];

impl<'a> Requirement<'a> {
    /// Splits a requirement.
    pub(in crate::inventory) fn parse(text: &'a str) -> Result<Self, NotARequirement> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        let (name, rest) = text.split_at_checked(end.unwrap_or(text.len())).ok_or(NotARequirement::Name)?;
        if !is_name(name) {
            return Err(NotARequirement::Name);
        }
        let rest = without_extras(rest.trim_start())?.trim_start();
        if let Some(url) = rest.strip_prefix('@') {
            // The marker of an URL needs a blank before it: a semicolon may belong to the URL.
            let url = url.trim();
            let at = url.match_indices(';').map(|(at, _)| at);
            let mut at = at.filter(|at| url.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace)));
            let (url, marker) = at.next().and_then(|at| url.split_at_checked(at)).unwrap_or((url, ""));
            let url = url.trim_end();
            if url.is_empty() || url.contains(char::is_whitespace) {
                return Err(NotARequirement::Url);
            }
            let marker = self::marker(marker.strip_prefix(';'))?;
            return Ok(Self { name, url: Some(url), clauses: Vec::new(), marker });
        }
        let (clauses, marker) = match rest.split_once(';') {
            Some((clauses, marker)) => (clauses, Some(marker)),
            None => (rest, None),
        };
        let (clauses, marker) = (self::clauses(clauses)?, self::marker(marker)?);
        Ok(Self { name, url: None, clauses, marker })
    }

    /// What its clauses say of the version. `== 1.*` is a range.
    pub(in crate::inventory) fn pin(&self) -> Pin<'a> {
        let exact = |(operator, version): &(&str, &'a str)| {
            (*operator == "===" || *operator == "==" && !version.contains('*')).then_some(*version)
        };
        let mut pins = self.clauses.iter().filter_map(exact);
        match pins.next() {
            None => Pin::Open,
            Some(first) if pins.all(|other| other == first) => Pin::One(first),
            Some(_) => Pin::Several,
        }
    }
}

fn without_extras(text: &str) -> Result<&str, NotARequirement> {
    let Some(inner) = text.strip_prefix('[') else { return Ok(text) };
    let (extras, rest) = inner.split_once(']').ok_or(NotARequirement::Extras)?;
    let mut extras = extras.split(',').map(str::trim);
    let names = extras.clone().all(is_name) || extras.next() == Some("") && extras.next().is_none();
    if names { Ok(rest) } else { Err(NotARequirement::Extras) }
}

fn clauses(text: &str) -> Result<Vec<(&str, &str)>, NotARequirement> {
    let text = text.trim();
    let text = match text.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').ok_or(NotARequirement::Clauses)?.trim(),
        None => text,
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let clause = |clause: &'_ str| -> Option<(usize, usize)> {
        let operator = OPERATORS.iter().find(|operator| clause.starts_with(**operator))?;
        Some((operator.len(), clause.len()))
    };
    let mut all = Vec::new();
    // A comma may stand at the end.
    for part in text.strip_suffix(',').unwrap_or(text).split(',').map(str::trim) {
        let (end, _) = clause(part).ok_or(NotARequirement::Clauses)?;
        let (operator, version) = part.split_at_checked(end).ok_or(NotARequirement::Clauses)?;
        let version = version.trim();
        let bare = version.strip_suffix(".*").unwrap_or(version);
        let wildcard = bare.len() < version.len() && !matches!(operator, "==" | "!=");
        if !is_version(bare) || wildcard {
            return Err(NotARequirement::Clauses);
        }
        all.push((operator, version));
    }
    Ok(all)
}

/// A marker without blanks around it, or why it is none: comparisons of words and strings, joined and in parentheses.
pub(in crate::inventory) fn marker(text: Option<&str>) -> Result<&str, NotARequirement> {
    let Some(text) = text.map(str::trim) else { return Ok("") };
    // Where in a comparison the next token stands: its left side, its operator, its right side, or behind it.
    let (mut place, mut depth, mut rest) = (0, 0_usize, text);
    while let Some((token, after)) = token(rest) {
        place = match (place, token) {
            (0, "(") => {
                depth += 1;
                0
            }
            (0 | 2, token) if is_operand(token) => place + 1,
            (1, "not") => 4,
            (1, "in") | (4, "in") => 2,
            (1, token) if OPERATORS.contains(&token) => 2,
            (3, ")") if depth > 0 => {
                depth -= 1;
                3
            }
            (3, "and" | "or") => 0,
            _ => return Err(NotARequirement::Marker),
        };
        rest = after;
    }
    if place == 3 && depth == 0 && rest.trim().is_empty() { Ok(text) } else { Err(NotARequirement::Marker) }
}

fn is_operand(token: &str) -> bool {
    token.starts_with(['"', '\''])
        || token.starts_with(|c: char| c.is_ascii_alphabetic()) && !["and", "or", "not", "in"].contains(&token)
}

/// The next token of a marker and what follows it; none at the end, or where nothing of a marker begins.
fn token(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let first = text.chars().next()?;
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let end = match first {
        '(' | ')' => 1,
        '"' | '\'' => text.get(1..)?.find(first)? + 2,
        c if c.is_ascii_alphabetic() => text.find(|c: char| !word(c)).unwrap_or(text.len()),
        _ => OPERATORS.iter().find(|operator| text.starts_with(**operator))?.len(),
    };
    text.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Requirement<'_> {
        Requirement::parse(text).unwrap()
    }

    #[test]
    fn a_requirement_is_split_into_its_parts() {
        let all = parse(" A.b [x, y-z] >= 1.0 ,!=1.*, < 2 ; python_version < \"3\" ");
        assert_eq!((all.name, all.url, all.marker), ("A.b", None, "python_version < \"3\""));
        assert_eq!(all.clauses, [(">=", "1.0"), ("!=", "1.*"), ("<", "2")]);
        let url = parse("a @ https://e.example/a;b.zip ; os_name == 'nt'");
        assert_eq!((url.url, url.marker), (Some("https://e.example/a;b.zip"), "os_name == 'nt'"));
        assert_eq!(parse("a@git+https://e.example/a@1").url, Some("git+https://e.example/a@1"));
        assert_eq!(
            (parse("a"), parse("a[]").clauses),
            (Requirement { name: "a", url: None, clauses: vec![], marker: "" }, vec![])
        );
        assert_eq!(parse("a (>=1,<2)").clauses, parse("a>=1,<2,").clauses);
    }

    #[test]
    fn a_marker_must_look_like_one() {
        for good in [
            "os_name == 'nt'",
            "python_version<\"3\" and (extra == 'x' or 'a' in extras)",
            "((os.name != 'nt'))",
            "'linux' not in sys_platform",
        ] {
            assert_eq!(marker(Some(good)), Ok(good));
        }
        for bad in [
            "",
            "os_name",
            "os_name ==",
            "os_name == 'nt' b==2",
            "os_name == 'nt",
            "os_name == 'nt' and",
            "(os_name == 'nt'",
            "os_name == 'nt')",
            "os_name = 'nt'",
            "os_name not 'nt'",
            "os_name == 'nt' -r b",
        ] {
            assert_eq!(marker(Some(bad)), Err(NotARequirement::Marker), "{bad}");
        }
        assert_eq!(Requirement::parse("a ; x"), Err(NotARequirement::Marker));
        assert_eq!(Requirement::parse("a @ https://e.example ; x"), Err(NotARequirement::Marker));
    }

    #[test]
    fn only_an_exact_version_is_a_pin() {
        for text in ["a==1.0", "a === 1.0", "a==1.0,<2", "a>=0, == 1.0", "a==1.0,==1.0"] {
            assert_eq!(parse(text).pin(), Pin::One("1.0"), "{text}");
        }
        for text in ["a", "a>=1.0", "a~=1.0", "a==1.*", "a!=1.0"] {
            assert_eq!(parse(text).pin(), Pin::Open, "{text}");
        }
        assert_eq!(parse("a==1,==2").pin(), Pin::Several);
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for (text, why) in [
            ("", NotARequirement::Name),
            (">=1.0", NotARequirement::Name),
            ("{{ a }}", NotARequirement::Name),
            ("-a", NotARequirement::Name),
            ("a[x", NotARequirement::Extras),
            ("a[x y]", NotARequirement::Extras),
            ("a 1.0", NotARequirement::Clauses),
            ("a=1.0", NotARequirement::Clauses),
            ("a==", NotARequirement::Clauses),
            ("a=='1.0'", NotARequirement::Clauses),
            ("a==1.0#x", NotARequirement::Clauses),
            ("a==1.*.2", NotARequirement::Clauses),
            ("a>=1.*", NotARequirement::Clauses),
            ("a==1.0,,<2", NotARequirement::Clauses),
            ("a (>=1", NotARequirement::Clauses),
            ("a==1 @ https://e.example", NotARequirement::Clauses),
            ("a @", NotARequirement::Url),
            ("a @ b c", NotARequirement::Url),
        ] {
            assert_eq!(Requirement::parse(text), Err(why), "{text:?}");
        }
    }
}
