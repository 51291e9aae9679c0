//! Globs over `/`-separated relative paths: `*` and `?` within a part, `**` as a whole part across parts.
//! No character classes and no braces: a policy should be readable by whoever approves it.

/// A pattern longer than this is not a glob: matching is quadratic at worst.
pub const MAX_LEN: usize = 1_024;

/// Why a text is not a usable glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// Empty.
    #[error("the path is empty")]
    Empty,
    /// Longer than [`MAX_LEN`] bytes.
    #[error("the path has {0} bytes, more than {MAX_LEN}")]
    TooLong(usize),
    /// Absolute, or with `.` or `..` parts, or with empty parts.
    #[error("the path must be relative, without `.`, `..` or empty parts")]
    NotRelative,
}

/// Whether the pattern can be used.
pub fn check(pattern: &str) -> Result<(), GlobError> {
    if pattern.is_empty() {
        return Err(GlobError::Empty);
    }
    if pattern.len() > MAX_LEN {
        return Err(GlobError::TooLong(pattern.len()));
    }
    let trimmed = pattern.strip_suffix('/').unwrap_or(pattern);
    if trimmed.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(GlobError::NotRelative);
    }
    Ok(())
}

/// Whether the path, or a directory that it lies in, matches the pattern.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // A pattern that names a directory covers what lies below: any prefix of the path may match.
    wild(&pattern, &path, |p| *p == "**", |p, s| part(p, s), true)
}

fn part(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    wild(&pattern, &text, |p| *p == '*', |p, c| *p == '?' || p == c, false)
}

/// The classic two-finger match with one place to fall back to: quadratic at worst, never exponential.
/// With `prefix`, the pattern may end before the text does.
fn wild<P, T>(pattern: &[P], text: &[T], any: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool, prefix: bool) -> bool {
    let (mut p, mut t, mut back) = (0, 0, None);
    loop {
        match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (None, Some(_)) if prefix => return true,
            (Some(star), _) if any(star) => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            (Some(want), Some(have)) if one(want, have) => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            _ => {}
        }
        match back {
            Some((star, from)) if from < text.len() => {
                (p, t) = (star + 1, from + 1);
                back = Some((star, from + 1));
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_within_a_part_and_double_stars_do_not() {
        for (pattern, path, expected) in [
            ("Cargo.lock", "Cargo.lock", true),
            ("Cargo.lock", "a/Cargo.lock", false),
            ("*/Cargo.lock", "a/Cargo.lock", true),
            ("*/Cargo.lock", "a/b/Cargo.lock", false),
            ("**/Cargo.lock", "Cargo.lock", true),
            ("**/Cargo.lock", "a/b/Cargo.lock", true),
            ("fixtures", "fixtures/a/Cargo.lock", true),
            ("fixtures/", "fixtures/a/Cargo.lock", true),
            ("fixtures", "fixtures2/Cargo.lock", false),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z/deeper", true),
            ("a/**/z", "b/z", false),
            ("?.lock", "é.lock", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
            ("**", "x/y", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn many_stars_end_soon() {
        assert!(!matches(&format!("{}b", "*a".repeat(400)), &"a".repeat(4_000)));
    }

    #[test]
    fn what_could_leave_the_tree_is_refused() {
        assert_eq!(check("a/**/b"), Ok(()));
        assert_eq!(check(""), Err(GlobError::Empty));
        for pattern in ["/etc", "../x", "a/./b", "a//b"] {
            assert_eq!(check(pattern), Err(GlobError::NotRelative), "{pattern}");
        }
        assert_eq!(check(&"a".repeat(1_025)), Err(GlobError::TooLong(1_025)));
    }
}
