//! What a file is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = "active-repositories: hackage.haskell.org:merge
constraints: any.A ==3.2.1.0,
             any.B ==0.4.1, b-c ==1,
             -- why
             tls +compat -hans,
             x:setup.d ==1.0,
index-state: hackage.haskell.org 2022-07-07T01:01:53Z
";
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn constraints_have_places_and_flags_are_left_out() {
    let read = LOCK.good();
    let expected = [("A 3.2.1.0", 2, 14), ("B 0.4.1", 3, 14), ("b-c 1", 3, 29), ("d 1.0", 6, 14)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    let scopes: Vec<Scope> = read.components.iter().map(|c| c.scope).collect();
    assert_eq!(scopes, [Scope::Unknown, Scope::Unknown, Scope::Unknown, Scope::Build]);
    assert_eq!((read.counted.independent, read.counted.left_out[0].what.as_str()), (5, "tls +compat -hans"));
}

#[test]
fn what_cannot_be_understood_is_told() {
    let failed = GapKind::ParseFailed;
    LOCK.told(&[
        ("any.B ==0.4.1", "any.B >=0.4.1", failed, "any.B >=0.4.1", 3),
        ("any.B ==0.4.1", "any.B ==0.4.*", failed, "any.B ==0.4.*", 3),
        ("any.B ==0.4.1", "any.B installed", failed, "any.B installed", 3),
        ("any.B ==0.4.1", "any.B ==0.4.1 || ==0.4.2", failed, "any.B ==0.4.1 || ==0.4.2", 3),
        ("any.B ==0.4.1", "any. ==0.4.1", failed, "", 3),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("constraints:", "constraint:", GapKind::ParseFailed, 2),
        ("             any.B", "any.B", GapKind::ParseFailed, 3),
        ("index-state:", "<<<<<<< HEAD\nindex-state:", GapKind::ParseFailed, 7),
    ]);
    assert_eq!(LOCK.parse("index-state: x\n").unwrap_err().why, "no constraint");
}

#[test]
fn damage_hides_no_package() {
    let good = "constraints: any.a ==1,\n  any.b ==2\n";
    // A file may end behind any constraint.
    law::no_damage_hides_a_package(parse, good.as_bytes(), |cut| cut.contains(&b'1'));
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
