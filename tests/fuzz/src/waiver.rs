//! Laws of the waiver reader.

use super::policy::{NOW, case, rulings, told};
use portcullis::config::{self, Debt, Policy, Waiver};
use portcullis::model::{Class, Finding, Ruling, Severity};
use portcullis::policy::{conditions, decide};

/// Every mistake has a place. What is read has an owner, a reason and an end, and changes the ruling on no finding but
/// those that it names.
pub fn waiver(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parsed = config::parse_waiver("w", ".portcullis/waivers/w.toml", text);
    assert_eq!(parsed, config::parse_waiver("w", ".portcullis/waivers/w.toml", text));
    let waiver = match parsed {
        Err(errors) => return told(&errors, text),
        Ok(waiver) => waiver,
    };
    let document: toml::Table = toml::from_str(text).expect("what is not TOML is refused");
    for key in ["id", "package", "owner", "reason", "expires"] {
        assert!(document.contains_key(key), "{key}");
    }
    // A limit that is written must not become no limit.
    assert_eq!(document.contains_key("versions"), waiver.versions.is_some());
    assert_eq!(document.contains_key("path"), waiver.paths.is_some());
    assert_eq!(document.contains_key("approved-by"), waiver.approved_by.is_some());
    assert_eq!(document.contains_key("adopted"), waiver.adopted.is_some());
    for word in [&waiver.id, &waiver.package, &waiver.owner, &waiver.reason] {
        assert!(!word.trim().is_empty(), "{waiver:?}");
    }
    for (severity, class) in Severity::ALL.into_iter().flat_map(|s| Class::ALL.map(|c| (s, c))) {
        assert!(conditions(&waiver, severity, class, None, NOW).is_sorted());
    }
    reach(&waiver);
}

/// Decides with and without the waiver, and where it is adopted debt.
fn reach(waiver: &Waiver) {
    let without = decide(case(), &Policy::default());
    let debt = waiver.adopted.map(|adopted| Debt { adopted, waivers: 1, line: 1 });
    let policy = Policy { waivers: vec![waiver.clone()], debt, ..Policy::default() };
    let with = decide(case(), &policy);
    assert_eq!(with, decide(case(), &policy));
    let (before, after) = (rulings(&without), rulings(&with));
    assert_eq!(before.len(), after.len());
    for ((finding, ruling), (same, now)) in before.into_iter().zip(after) {
        assert_eq!(finding, same);
        if ruling != now {
            assert!(matches!(now, Ruling::Waived { .. }), "{ruling:?} became {now:?}");
            assert!(waiver.expires > NOW, "it has ended");
            assert!(names(waiver, finding), "{waiver:?} waives {finding:?}");
        }
    }
}

fn names(waiver: &Waiver, finding: &Finding) -> bool {
    let ids = finding.advisory.iter().chain(&finding.aliases);
    let component = finding.component.as_ref().expect("every finding of the sample has one");
    let version = semver::Version::parse(&component.version).expect("of the sample");
    ids.map(|id| id.to_lowercase()).any(|id| id == waiver.id.to_lowercase())
        && *component.name == *waiver.package
        && waiver.versions.as_ref().is_none_or(|wanted| wanted.matches(&version))
}
