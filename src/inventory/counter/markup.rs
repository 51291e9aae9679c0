//! The counter of poms. It looks at what stands behind `<`, and shares no code with the reader.

/// Elements `dependency` of a `pom.xml`, whatever they stand in.
pub fn pom(bytes: &[u8]) -> usize {
    // What begins so goes on to such an end, and holds no elements.
    const PASSED: [(&[u8], &[u8]); 3] = [(b"!--", b"-->"), (b"![CDATA[", b"]]>"), (b"?", b"?>")];
    let (mut count, mut rest) = (0, bytes);
    while let Some(at) = memchr::memchr(b'<', rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some((begin, end)) = PASSED.iter().find(|(begin, _)| rest.starts_with(begin)) {
            rest = rest.get(begin.len()..).unwrap_or_default();
            let close = memchr::memmem::find(rest, end).map_or(rest.len(), |at| at + end.len());
            rest = rest.get(close..).unwrap_or_default();
        } else if let Some(behind) = rest.strip_prefix(b"dependency") {
            count += usize::from(behind.first().is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>')));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_counted_but_not_in_comments() {
        assert_eq!(pom(b"<dependencies><dependency><a/></dependency><dependency\n x='1'/></dependencies>"), 2);
        assert_eq!(pom(b"<!-- <dependency> --><dependency/><![CDATA[<dependency>]]><?x <dependency> ?>"), 1);
        assert_eq!(pom(b"<dependencyManagement><dependency"), 0);
        assert_eq!(pom(b"<!-- <dependency>"), 0);
    }
}
