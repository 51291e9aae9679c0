//! What a file is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<packages>
  <!-- why -->
  <package id="A.b" version="1.0.0" targetFramework="net45" />
  <package id='C&amp;d' version="2.0" developmentDependency="true"></package>
</packages>
"#;
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn packages_have_places_and_scopes() {
    let read = LOCK.good();
    let expected = [("A.b 1.0.0", 4, 3), ("C&d 2.0", 5, 3)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!((read.components[0].scope, read.components[1].scope), (Scope::Unknown, Scope::Dev));
    assert_eq!(LOCK.gaps("\u{feff}<packages/>"), []);
    assert_eq!(rows(&LOCK.parse(&format!("\u{feff}{GOOD}")).unwrap().value).len(), 2);
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        (" id=\"A.b\"", "", GapKind::ParseFailed, "1.0.0", 4),
        (" version=\"1.0.0\"", "", GapKind::ParseFailed, "A.b", 4),
        ("1.0.0", "1 0", GapKind::ParseFailed, "A.b", 4),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let failed = GapKind::ParseFailed;
    LOCK.refused(&[
        ("</packages>", "", failed, 7),
        ("<packages>", "<package>", failed, 2),
        ("<packages>", "<!DOCTYPE x [<!ENTITY a \"b\">]>\n<packages>", failed, 2),
        ("<!-- why -->", "<x/>", failed, 3),
        ("<!-- why -->", "why", failed, 2),
        ("<!-- why -->", "&a;", failed, 3),
        ("&amp;", "&a;", failed, 5),
        (" version=\"1.0.0\"", " id=\"x\" version=\"1.0.0\"", failed, 4),
        ("<!-- why -->", "\n<<<<<<< HEAD", failed, 4),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = r#"<packages><package id="a" version="1"/><package id="b" version="2"/></packages>"#;
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
