//! Numbers and nouns as people write them. It counts nothing itself.

/// `1 finding`, `2 findings`, `2 advisories`, `1,225 ways`.
pub fn plural(count: usize, noun: &str) -> String {
    let ending = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match (count, ending) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{} {stem}ies", number(count)),
        _ => format!("{} {noun}s", number(count)),
    }
}

/// Digits in groups of three.
pub fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups_of_three() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (count, text) in cases {
            assert_eq!(number(count), text);
        }
    }

    #[test]
    fn one_thing_is_one_thing() {
        assert_eq!(plural(1, "advisory"), "1 advisory");
        assert_eq!(plural(2, "advisory"), "2 advisories");
        assert_eq!(plural(0, "gap"), "0 gaps");
        assert_eq!(plural(2, "way"), "2 ways");
    }
}
