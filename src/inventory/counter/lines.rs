//! The counters of lockfiles that are made of lines. They look at the beginnings of lines, and share no code with the
//! readers.

/// Requirements and the toolchain of a `go.mod`.
pub fn go_mod(bytes: &[u8]) -> usize {
    let (mut count, mut inside) = (0, None);
    for line in lines(bytes) {
        let body = line.trim_ascii();
        if body.is_empty() || body.starts_with(b"//") {
            continue;
        }
        if let Some(counts) = inside {
            if body.starts_with(b")") {
                inside = None;
            } else {
                count += usize::from(counts);
            }
            continue;
        }
        let (word, rest) = first_word(body);
        let counts = matches!(word, b"require" | b"toolchain");
        if rest.starts_with(b"(") {
            inside = Some(counts);
        } else {
            count += usize::from(counts);
        }
    }
    count
}

/// Lines of a `go.sum` that hold something.
pub fn go_sum(bytes: &[u8]) -> usize {
    lines(bytes).filter(|line| !line.trim_ascii().is_empty()).count()
}

/// Gems of a `Gemfile.lock`, and the tools that it names: lines four deep in the sections of sources, and those of
/// `RUBY VERSION` and `BUNDLED WITH`.
pub fn gemfile(bytes: &[u8]) -> usize {
    let (mut count, mut section): (usize, &[u8]) = (0, b"");
    for line in lines(bytes) {
        let body = line.trim_ascii();
        let depth = line.iter().take_while(|byte| **byte == b' ').count();
        match (depth, section) {
            _ if body.is_empty() => {}
            (0, _) => section = body,
            (4, b"GEM" | b"GIT" | b"PATH" | b"PLUGIN SOURCE") | (_, b"RUBY VERSION" | b"BUNDLED WITH") => count += 1,
            _ => {}
        }
    }
    count
}

/// Lines of a `gradle.lockfile` that are neither comments nor the list of empty configurations.
pub fn gradle(bytes: &[u8]) -> usize {
    let bodies = lines(bytes).map(<[u8]>::trim_ascii);
    bodies.filter(|body| !body.is_empty() && !body.starts_with(b"#") && !body.starts_with(b"empty=")).count()
}

/// Pods of a `Podfile.lock`: the outer elements of `PODS`.
pub fn podfile(bytes: &[u8]) -> usize {
    let (mut count, mut inside) = (0, false);
    for line in lines(bytes) {
        match line.first() {
            None | Some(b' ' | b'\r' | b'#') => count += usize::from(inside && line.starts_with(b"  - ")),
            Some(_) => inside = line.trim_ascii_end() == b"PODS:",
        }
    }
    count
}

/// Entries of a `mix.lock`: a text, a colon and the brace of a tuple.
pub fn mix(bytes: &[u8]) -> usize {
    let after = |at: usize| bytes.get(at..).unwrap_or_default();
    let opens = |at: usize| {
        let behind = after(at + 1).trim_ascii_start().strip_prefix(b":");
        behind.is_some_and(|behind| behind.trim_ascii_start().starts_with(b"{"))
    };
    memchr::memchr_iter(b'"', bytes).filter(|at| opens(*at)).count()
}

/// The lines of a file, without the mark that some editors put before the first.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).split(|byte| *byte == b'\n')
}

/// The first word, and what follows the blanks behind it.
fn first_word(body: &[u8]) -> (&[u8], &[u8]) {
    let end = body.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'(' | b'"' | b'`')).unwrap_or(body.len());
    let (word, rest) = body.split_at_checked(end).unwrap_or((body, b""));
    (word, rest.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_by_their_lines() {
        let file =
            b"module m\nrequire a.b/c v1\nrequire(\n// no\n\td v1 // indirect\n\n\te v1\n)\nreplace (\n d => e v1\n)\n";
        assert_eq!(go_mod(file), 3);
        assert_eq!(go_mod(b"requires x v1\ngo 1.2\ntoolchain go1.2.3\n"), 1);
        assert_eq!(go_mod(b""), 0);
        assert_eq!(gemfile(b"GEM\n  remote: x\n  specs:\n    a (1)\n      b (>= 2)\n    b (2)\n\nPLATFORMS\n    ruby\n\nBUNDLED WITH\n   2.0\n"), 3);
        assert_eq!(gradle(b"# x\na:b:1=c\r\n\nempty=\nd:e:1=\n"), 2);
        assert_eq!(podfile(b"PODS:\n  - A (1):\n    - B\n  - B (1)\n\nDEPENDENCIES:\n  - A\n"), 2);
        assert_eq!(mix(b"%{\"a\": {:hex, :a, \"1\"},\n  \"b\" :\n{:git, [tag: \"v1\"]}}"), 2);
        assert_eq!(go_sum(b"a v1 h1:x\n\na v1/go.mod h1:x"), 2);
    }
}
