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

/// Packages of a `stack.yaml.lock`: the elements of its first list.
pub fn stack(bytes: &[u8]) -> usize {
    let (mut count, mut inside, mut step) = (0, false, None);
    for line in lines(bytes) {
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        match line.get(blanks) {
            None | Some(b'#' | b'\r') => {}
            Some(b'-') if inside => count += usize::from(*step.get_or_insert(blanks) == blanks),
            Some(_) if blanks == 0 => (inside, step) = (line.trim_ascii_end() == b"packages:", None),
            Some(_) => {}
        }
    }
    count
}

/// Constraints of a `cabal.project.freeze`: what stands between commas.
pub fn cabal(bytes: &[u8]) -> usize {
    let (mut count, mut inside) = (0, false);
    for line in lines(bytes) {
        let mut body = line.trim_ascii();
        if body.is_empty() || body.starts_with(b"--") {
            continue;
        }
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            let colon = body.iter().position(|byte| *byte == b':').unwrap_or(body.len());
            let (field, rest) = body.split_at_checked(colon).unwrap_or((body, b""));
            inside = field.trim_ascii().eq_ignore_ascii_case(b"constraints");
            body = rest.get(1..).unwrap_or_default();
        }
        if inside {
            count += body.split(|byte| *byte == b',').filter(|piece| !piece.trim_ascii().is_empty()).count();
        }
    }
    count
}

/// Lines of a workflow whose key is `uses`, but for those in a text over several lines.
pub fn uses(bytes: &[u8]) -> usize {
    let (mut count, mut text_above) = (0, None);
    for line in lines(bytes) {
        let body = line.trim_ascii();
        let depth = line.iter().take_while(|byte| **byte == b' ').count();
        if body.is_empty() || text_above.is_some_and(|above| depth > above) {
            continue;
        }
        text_above = None;
        let mut key = body;
        let mut own = depth;
        while let Some(rest) = key.strip_prefix(b"-").filter(|rest| rest.first().is_none_or(u8::is_ascii_whitespace)) {
            let inner = rest.trim_ascii_start();
            own += key.len() - inner.len();
            key = inner;
        }
        if key.starts_with(b"#") {
            continue;
        }
        // A job may have this name, and holds its own keys below it.
        let value = key.strip_prefix(b"uses").and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"));
        count += usize::from(value.is_some_and(|value| !value.trim_ascii().is_empty()));
        if opens_text(key) {
            // The keys beside this one stand as deep as it does.
            text_above = Some(if key.contains(&b':') { own } else { depth });
        }
    }
    count
}

/// Whether a text over several lines follows: a colon, then `|` or `>` with what says how it ends.
fn opens_text(key: &[u8]) -> bool {
    let solid = match memchr::memmem::find(key, b" #") {
        Some(comment) => key.get(..comment).unwrap_or(key).trim_ascii_end(),
        None => key,
    };
    let word = solid.rsplit(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
    let marks = word.strip_prefix(b"|").or_else(|| word.strip_prefix(b">"));
    marks.is_some_and(|marks| marks.iter().all(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')))
}

/// Elements of a `packages.config` that are a package.
pub fn packages_config(bytes: &[u8]) -> usize {
    let is_package = |at: &usize| {
        let after = bytes.get(at + 1..).unwrap_or_default().strip_prefix(b"package");
        after.is_some_and(|after| matches!(after.first(), Some(b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>')))
    };
    memchr::memchr_iter(b'<', bytes).filter(is_package).count()
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
        assert_eq!(stack(b"# x\npackages:\n- completed:\n    x: 1\n  original: 2\n- y:\nsnapshots:\n- z: 1\n"), 2);
        assert_eq!(cabal(b"constraints: any.a ==1,\n  b +c -d,\n  -- no\n  c ==2,\nindex-state: x 2, 3\n"), 3);
        let workflow = b"jobs:\n  a:\n    uses: x\n    steps:\n      - uses: y\n      - run: |\n          uses: no\n        uses: z\n      - name: a >\n          uses: no\n      # uses: no\n";
        assert_eq!(uses(workflow), 3);
        assert_eq!(packages_config(b"<packages><package id='a'/><package\n/><packaged/></packages>"), 2);
        assert_eq!(go_sum(b"a v1 h1:x\n\na v1/go.mod h1:x"), 2);
    }
}
