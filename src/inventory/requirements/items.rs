//! What a logical line of a requirements file asks for: a requirement with its options, or options of pip. It resolves
//! no path and reads no version.

/// One thing that a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A requirement, an URL or a path, and the hashes beside it.
    Requirement { text: &'a str, hashes: Vec<&'a str> },
    /// The same after `-e`.
    Editable(&'a str),
    /// `-r`: another file whose requirements are wanted too.
    Include(&'a str),
    /// `-c`: another file whose versions hold for what is wanted.
    Constraint(&'a str),
    /// `-i`: the registry that takes the place of the default one.
    Index(&'a str),
    /// An option that changes neither what is wanted nor whence: it is known and means nothing here.
    Other,
    /// An option that no pip knows, or one without its value.
    Unknown(&'a str),
}

/// Options without a value that change nothing here.
const FLAGS: [&str; 9] = [
    "--no-index",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--all-releases",
    "--use-wheel",
    "--no-use-wheel",
    "--allow-all-external",
    "--process-dependency-links",
];
/// Options with a value that change nothing here. A further registry is beside the default one, not instead of it.
const VALUED: [&str; 10] = [
    "--extra-index-url",
    "--find-links",
    "-f",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
    "--allow-external",
    "--allow-unverified",
    "--uploaded-prior-to",
];
/// Options of one requirement, all with a value.
const OWN: [&str; 4] = ["--hash", "--config-settings", "--global-option", "--install-option"];

/// The items of a line that is not empty.
pub(super) fn items(line: &str) -> Vec<Item<'_>> {
    if line.starts_with('-') { options(line) } else { vec![requirement(line)] }
}

/// A requirement ends where a word begins with a dash, as in pip.
fn requirement(line: &str) -> Item<'_> {
    let starts = line.match_indices('-').map(|(at, _)| at);
    let mut starts = starts.filter(|at| line.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace)));
    let (text, options) = starts.next().and_then(|at| line.split_at_checked(at)).unwrap_or((line, ""));
    let mut hashes = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        let Some(value) = value.or_else(|| words.next()).filter(|_| OWN.contains(&option)) else {
            return Item::Unknown(word);
        };
        if option == "--hash" {
            hashes.push(unquoted(value));
        }
    }
    Item::Requirement { text: text.trim_end(), hashes }
}

fn options<'a>(line: &'a str) -> Vec<Item<'a>> {
    let mut all = Vec::new();
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        if FLAGS.contains(&word) {
            all.push(Item::Other);
            continue;
        }
        let (option, value) = split(word);
        let make: fn(&'a str) -> Item<'a> = match option {
            "-r" | "--requirement" => Item::Include,
            "-c" | "--constraint" => Item::Constraint,
            "-i" | "--index-url" | "--pypi-url" => Item::Index,
            "-e" | "--editable" => Item::Editable,
            option if VALUED.contains(&option) => |_| Item::Other,
            _ => {
                all.push(Item::Unknown(line));
                return all; // what follows belongs to an option whose shape is not known
            }
        };
        match value.or_else(|| words.next()).map(unquoted) {
            Some(value) if !value.is_empty() => all.push(make(value)),
            _ => all.push(Item::Unknown(line)),
        }
    }
    all
}

/// `--long=value`, `-svalue` and `-s=value`; else the option alone.
fn split(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
    }
    match word.split_at_checked(2) {
        Some((option, "")) => (option, None),
        Some((option, value)) => (option, Some(value.strip_prefix('=').unwrap_or(value))),
        None => (word, None),
    }
}

fn unquoted(value: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_has_its_hashes_beside_it() {
        let plain = |text| vec![Item::Requirement { text, hashes: vec![] }];
        assert_eq!(items("a-b == 1 ; x"), plain("a-b == 1 ; x"));
        let hashes = vec!["sha256:0", "sha256:1"];
        assert_eq!(items("a==1 --hash=sha256:0 --hash sha256:1"), [Item::Requirement { text: "a==1", hashes }]);
        assert_eq!(items("a==1 --global-option=\"x\""), plain("a==1"));
        assert_eq!(items("a==1 --hash"), [Item::Unknown("--hash")]);
        assert_eq!(items("a==1 -r b"), [Item::Unknown("-r")]);
    }

    #[test]
    fn options_are_known_in_each_of_their_spellings() {
        for line in ["-r b.txt", "-rb.txt", "--requirement b.txt", "--requirement=b.txt", "-r 'b.txt'"] {
            assert_eq!(items(line), [Item::Include("b.txt")], "{line}");
        }
        assert_eq!(items("-c c.txt"), [Item::Constraint("c.txt")]);
        assert_eq!(items("-i https://e.example"), [Item::Index("https://e.example")]);
        assert_eq!(items("-e ."), [Item::Editable(".")]);
        assert_eq!(items("-e . -r b.txt"), [Item::Editable("."), Item::Include("b.txt")]);
        let two = "--extra-index-url https://e.example --trusted-host e.example";
        assert_eq!(items(two), [Item::Other, Item::Other]);
        assert_eq!(items("--no-index -f wheels"), [Item::Other, Item::Other]);
        for line in ["--requirements b.txt", "--req b.txt", "-x", "-", "--", "-r", "--index-url"] {
            assert_eq!(items(line), [Item::Unknown(line)], "{line}");
        }
    }
}
