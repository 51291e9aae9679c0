//! Files of installed packages, as tools write them and damaged.

use super::*;
use crate::model::GapKind;
use proptest::prelude::*;

type Reader = fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>;

fn read_as(reader: Reader, text: &[u8]) -> Result<(String, u32), GapKind> {
    match reader(&TreePath::new("x"), text) {
        Err(gap) => Err(gap.kind),
        Ok(Partial { gaps, .. }) if !gaps.is_empty() => {
            assert!(gaps.iter().all(|gap| gap.digest == Some(Digest::of(text))));
            Err(gaps[0].kind)
        }
        Ok(Partial { value, .. }) => {
            assert_eq!((value.components.len(), value.counted.independent), (1, 1));
            Ok((value.components[0].purl(), value.components[0].line))
        }
    }
}

#[test]
fn the_headers_of_python_name_one_package() {
    let read = |text: &str| read_as(python, text.as_bytes());
    let head = "Metadata-Version: 2.1\nName: Ruamel_yaml.Clib\nVersion: 0.2.8\nSummary: x\n";
    assert_eq!(read(head), Ok(("pkg:pypi/ruamel-yaml-clib@0.2.8".into(), 2)));
    assert_eq!(read(&head.replace('\n', "\r\n")), Ok(("pkg:pypi/ruamel-yaml-clib@0.2.8".into(), 2)));
    assert_eq!(read(&format!("{head}\nName: another\nVersion: 2\n")).map(|(_, line)| line), Ok(2), "a description");
    assert_eq!(read(&format!("{head}Description: a\n        Name: b\n")).map(|(_, line)| line), Ok(2), "continued");
    let latin = [b"Metadata-Version: 1.0\nAuthor: Ren\xe9\nName: a\nVersion: 1\n".as_slice()].concat();
    assert_eq!(read_as(python, &latin), Ok(("pkg:pypi/a@1".into(), 3)));
    for bad in [
        "",
        "Name: a\n",
        "Version: 1\n",
        "\nName: a\nVersion: 1\n\nName: b\n",
        "Name: a\nName: b\nVersion: 1\n",
        "Name:\nVersion: 1\n",
        "Name: a\nVersion:\n",
        "Name: a b\nVersion: 1\n",
    ] {
        let expected = if bad.starts_with('\n') { Ok(("pkg:pypi/a@1".into(), 2)) } else { Err(GapKind::ParseFailed) };
        assert_eq!(read(bad), expected, "{bad:?}");
    }
}

#[test]
fn an_installed_package_json_names_one_package() {
    let read = |text: &str| read_as(npm, text.as_bytes());
    let purl = |text: &str| Ok((text.to_owned(), 2));
    assert_eq!(read("{\n \"name\": \"@a/b\",\n \"version\": \"1.0.0\"\n}"), purl("pkg:npm/%40a/b@1.0.0"));
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"name": "a"}"#,
        r#"{"version": "1.0.0"}"#,
        r#"{"name": 1, "version": "1.0.0"}"#,
        r#"{"name": "a", "version": 1}"#,
        r#"{"name": "a", "version": ""}"#,
        r#"{"name": "a b", "version": "1.0.0"}"#,
        r#"{"name": "a", "name": "b", "version": "1.0.0"}"#,
    ] {
        assert_eq!(read(bad), Err(GapKind::ParseFailed), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_them_panic_or_pass_in_silence(text in "(?s)(Name|Version|name|version|[\":,{}\\[\\] \n\ra-c1.é]){0,40}") {
        for reader in [python as Reader, npm] {
            if let Ok(part) = reader(&TreePath::new("x"), text.as_bytes()) {
                prop_assert!(part.value.components.len() == 1 || !part.gaps.is_empty());
            }
        }
    }
}
