//! What the reader of requirements files takes and leaves out, in small inputs.

use super::*;
use crate::inventory::python::{FILES, INDEX, MAX_GAPS};
use std::collections::BTreeMap;

const HASH: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";

fn tree(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn parse_with(text: &str, files: &[(&str, &str)]) -> Result<Partial<Inventory>, Gap> {
    let files = tree(files);
    parse(&TreePath::new("a/requirements.txt"), text.as_bytes(), &|path| files.get(path.as_str()).cloned())
}

fn accepted(text: &str) -> Inventory {
    let read = parse_with(text, &[]).unwrap();
    assert_eq!(read.gaps, []);
    read.value
}

fn gaps(text: &str, files: &[(&str, &str)]) -> Vec<(GapKind, String, Option<u32>)> {
    let read = parse_with(text, files).unwrap();
    assert!(read.gaps.iter().all(|gap| gap.path.is_some() && gap.digest.is_some() && !gap.help.is_empty()));
    read.gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
}

fn labels(read: &Inventory) -> Vec<String> {
    read.components.iter().map(Component::label).collect()
}

#[test]
fn pins_become_components_with_their_places() {
    let text = format!(
        "# made by hand\n\n  Flask_X == 2.0 ; python_version < '3' # old\nb[x,y]===1.0 \\\n  --hash=sha256:{HASH}\r\nc==v1!1.0+l\n"
    );
    let read = accepted(&text);
    assert_eq!(labels(&read), ["flask-x 2.0", "b 1.0", "c v1!1.0+l"]);
    let places: Vec<_> = read.components.iter().map(|c| (c.line, c.column)).collect();
    assert_eq!(places, [(3, 3), (4, 1), (6, 1)]);
    assert_eq!(read.components[0].conditions, ["python_version < '3'".into()]);
    assert_eq!(read.components[1].checksum.unwrap().hex(), HASH);
    assert_eq!(read.components[1].purl(), "pkg:pypi/b@1.0");
    assert_eq!(read.counted.independent, 3);
    let two = accepted(&format!("a==1 --hash=sha256:{HASH} --hash=sha256:{HASH}\n"));
    assert_eq!(two.components[0].checksum, None, "which archive each belongs to is not written");
}

#[test]
fn a_version_that_is_not_fixed_is_a_gap_that_names_it() {
    for open in ["a", "a>=1", "a~=1.0", "a==1.*", "a[x] != 2", "a ; os_name == 'nt'"] {
        assert_eq!(gaps(&format!("b==1\n{open}\n"), &[]), [(GapKind::Unlocked, open.to_owned(), Some(2))]);
    }
    let read = parse_with("b==1\na\n", &[]).unwrap().value;
    assert_eq!((read.components.len(), read.counted.left_out[0].what.as_str()), (1, "a"));
    accepted("b==1\na==1\n");
}

#[test]
fn another_line_or_a_constraint_may_fix_the_version() {
    assert_eq!(labels(&accepted("a\nA==1\n")), ["a 1"]);
    // A pin under a marker does not hold everywhere.
    assert_eq!(gaps("a\na==1; os_name == 'nt'\n", &[]).len(), 1);
    let with = |text: &str, other: &str| parse_with(text, &[("a/c.txt", other), ("b.txt", other)]).unwrap();
    let read = with("-c c.txt\na>=0\n", "A==1.5\nz==2\n");
    assert_eq!((labels(&read.value), read.gaps.len(), read.value.components[0].line), (vec!["a 1.5".to_owned()], 0, 2));
    assert_eq!(with("-c c.txt\na\n", "a==1\na==2\n").gaps.len(), 1, "two constraints fix nothing");
    let read = with("-r ../b.txt\na>=0\n", "a==1.5\n");
    assert_eq!((read.value.components.len(), read.value.counted.left_out.len(), read.gaps.len()), (0, 1, 0));
}

#[test]
fn an_include_is_a_file_of_its_own() {
    let files = [
        ("b.txt", "-r a/requirements.txt\n-r c/d.txt\nb==1\n"),
        ("c/d.txt", "# here\nd==1\ne\n-c ../e.txt\n"),
        ("e.txt", "e==5\nf==6\n"),
    ];
    let held = tree(&files);
    let path = TreePath::new("a/requirements.txt");
    let all = parse_all(&path, b"-r ../b.txt\na==1\n", &|path| held.get(path.as_str()).cloned());
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|read| read.gaps.is_empty()));
    let rows: Vec<_> = all.iter().map(|read| (read.value.path.as_str(), labels(&read.value))).collect();
    let one = |label: &str| vec![label.to_owned()];
    let both = vec!["d 1".to_owned(), "e 5".to_owned()];
    assert_eq!(rows, [("a/requirements.txt", one("a 1")), ("b.txt", one("b 1")), ("c/d.txt", both)]);
    assert_eq!(all[2].value.components[0].line, 2);
}

#[test]
fn an_include_that_cannot_be_read_is_a_gap() {
    let kinds = |line: &str| gaps(&format!("a==1\n{line}\n"), &[("a/b.txt", "b==1\n"), ("a/bad.txt", "\u{0}")]);
    assert_eq!(kinds("-r b.txt"), []);
    for line in ["-r c.txt", "-c c.txt", "-r ../c.txt"] {
        assert_eq!(kinds(line), [(GapKind::Unreadable, line.replacen("-r ", "", 1).replacen("-c ", "", 1), Some(2))]);
    }
    let url = "https://e.example/r.txt";
    assert_eq!(kinds(&format!("-r {url}")), [(GapKind::Unreadable, url.to_owned(), Some(2))]);
    for outside in ["../../c.txt", "/c.txt", "~/c.txt"] {
        assert_eq!(kinds(&format!("-r {outside}")), [(GapKind::LinkOutside, outside.to_owned(), Some(2))]);
    }
    assert_eq!(kinds("--requirements b.txt")[0].0, GapKind::ParseFailed);
}

#[test]
fn another_registry_takes_the_place_of_the_default_one() {
    let source = |line: &str| accepted(&format!("{line}\na==1\n")).components[0].source.clone();
    assert_eq!(source("--extra-index-url https://e.example/simple --trusted-host e.example"), Source::Default);
    assert_eq!(source(&format!("-i {INDEX}")), Source::Default);
    let other = Source::Registry("https://e.example/simple".into());
    assert_eq!(source("--index-url https://u:p@e.example/simple"), other);
    let read = parse_with("-r b.txt\na==1\n", &[("a/b.txt", "--index-url https://e.example/simple\n")]).unwrap();
    assert_eq!(read.value.components[0].source, other);
}

#[test]
fn addresses_are_components_where_they_say_a_version() {
    let text =
        format!("a @ {FILES}a-1.0.tar.gz\nhttps://e.example/b-2.0-py3-none-any.whl ; os_name == 'nt'\n./d/c-3.zip\n");
    let read = accepted(&text);
    assert_eq!(labels(&read), ["a 1.0", "b 2.0", "c 3"]);
    assert_eq!(read.components[0].source, Source::Default);
    assert_eq!(read.components[2].source, Source::Path("./d/c-3.zip".into()));
    assert_eq!(accepted("-e .\n.[x]\n--editable=../b\n").counted.left_out.len(), 3);
    let commit = "603eeb3d4f6064917926fdaacc832790cbc9a609";
    assert_eq!(gaps(&format!("a @ git+https://u:p@e.example/a@{commit}\n"), &[])[0].0, GapKind::NotCovered);
    let floating = gaps("a==1\na @ git+https://u:p@e.example/a\n", &[]);
    assert_eq!(floating, [(GapKind::Unlocked, "a @ git+https://e.example/a".to_owned(), Some(2))]);
    assert_eq!(gaps("-e git+https://e.example/a.git@main#egg=a\n", &[])[0].0, GapKind::Unlocked);
}

#[test]
fn a_line_that_is_no_requirement_is_a_gap() {
    for line in ["{{ x }}", "<html>", "a=1", "==1", "a==1#x", "a b", "a==1,==2", "{% if a/b %}", "a==1 -r b", "${A}==1"]
    {
        let found = gaps(&format!("b==1\n{line}\n"), &[]);
        assert_eq!((found.len(), found[0].0, found[0].2), (1, GapKind::ParseFailed, Some(2)), "{line}");
    }
    assert_eq!(gaps("b==1\n--odd\n", &[]), [(GapKind::ParseFailed, "--odd".to_owned(), Some(2))]);
    assert_eq!(parse_with("a==1 --hash=sha256:00\n", &[]).unwrap_err().kind, GapKind::ParseFailed);
}

#[test]
fn an_empty_file_is_refused_and_one_that_says_so_is_not() {
    for text in ["", " \n\n", "\u{feff}"] {
        assert_eq!(parse_with(text, &[]).unwrap_err().why, "the file is empty");
    }
    assert_eq!(accepted("# nothing is needed\n").components, []);
}

#[test]
fn utf16_reads_like_utf8() {
    let bytes: Vec<u8> = "\u{feff}a==1\nb==2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let read = parse(&TreePath::new("r.txt"), &bytes, &|_| None).unwrap();
    assert_eq!((labels(&read.value), read.gaps), (vec!["a 1".to_owned(), "b 2".to_owned()], vec![]));
    assert_eq!(&*read.value.text, "a==1\nb==2\n");
    assert_eq!(read.value.components[1].line, 2);
}

#[test]
fn hostile_sizes_end_soon() {
    let many: String = (0..100_000).map(|n| format!("p{n}==1 ; os_name == 'x'\n")).collect();
    assert_eq!(accepted(&many).components.len(), 100_000);
    let joined = "a \\\n".repeat(200_000);
    assert_eq!(gaps(&joined, &[]).len(), 1);
    let open: String = (0..=MAX_GAPS).map(|n| format!("p{n}\n")).collect();
    assert_eq!(parse_with(&open, &[]).unwrap_err().kind, GapKind::TooLarge);
    let path = TreePath::new("0.txt");
    let chain = |path: &TreePath| {
        let nth: usize = path.as_str().strip_suffix(".txt")?.parse().ok()?;
        Some(format!("-r {}.txt\n", nth + 1).into_bytes())
    };
    assert_eq!(parse(&path, b"-r 1.txt\n", &chain).unwrap_err().kind, GapKind::TooLarge);
}
