//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = "# This is a Gradle generated file for dependency locking.
a.example:b:1.0=compileClasspath,testRuntimeClasspath
a.example:c:1.0=testCompileClasspath
a.example:d:1.0-jre=annotationProcessor, testCompileClasspath
a.example:e:1.0=
empty=kapt
";
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn artifacts_have_places_and_scopes() {
    let read = LOCK.good();
    let expected = [
        ("a.example:b 1.0", 2, 1),
        ("a.example:c 1.0", 3, 1),
        ("a.example:d 1.0-jre", 4, 1),
        ("a.example:e 1.0", 5, 1),
    ];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    let scopes: Vec<Scope> = read.components.iter().map(|c| c.scope).collect();
    assert_eq!(scopes, [Scope::Normal, Scope::Dev, Scope::Build, Scope::Unknown]);
    assert_eq!(read.components[0].purl(), "pkg:maven/a.example/b@1.0");
    assert_eq!(LOCK.gaps("empty="), []);
}

#[test]
fn what_cannot_be_understood_is_told() {
    let failed = GapKind::ParseFailed;
    LOCK.told(&[
        ("a.example:c:1.0=", "a.example:c=", failed, "a.example:c=testCompileClasspath", 3),
        ("a.example:c:1.0=t", "a.example:c:1.0", failed, "a.example:c:1.0estCompileClasspath", 3),
        ("a.example:c:1.0=t", "a.example:c:=t", failed, "a.example:c", 3),
        ("a.example:c:1.0=t", "a:b:c:1.0=t", failed, "a:b:c:1.0=testCompileClasspath", 3),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("empty=kapt\n", "", GapKind::ParseFailed, 6),
        ("a.example:c", "<<<<<<< HEAD\na.example:c", GapKind::ParseFailed, 3),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = "a.example:b:1=x\na.example:c:1=x\nempty=\n";
    law::no_damage_hides_a_package(parse, good.as_bytes(), |cut| cut.ends_with(b"empty="));
}

#[test]
fn hostile_sizes_end_soon() {
    let many: String = (0..100_000).map(|n| format!("a.example:p{n}:1=x\n")).collect();
    assert_eq!(LOCK.parse(&format!("{many}empty=\n")).unwrap().value.components.len(), 100_000);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
