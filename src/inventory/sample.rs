//! What the tests of a format share: a good file and changes of it, told or refused. It knows no format.

use crate::inventory::npm::law;
use crate::model::{Gap, GapKind, Inventory, Partial, TreePath};

/// A reader and a file that it takes without a gap.
pub(in crate::inventory) struct Sample {
    pub(in crate::inventory) parse: fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>,
    pub(in crate::inventory) good: &'static str,
}

impl Sample {
    /// Reads a text.
    pub(in crate::inventory) fn parse(&self, text: &str) -> Result<Partial<Inventory>, Gap> {
        let answer = (self.parse)(&TreePath::new("lock"), text.as_bytes());
        law::check_shape(&answer);
        answer
    }

    /// The good file, which has no gap.
    pub(in crate::inventory) fn good(&self) -> Inventory {
        let read = self.parse(self.good).unwrap();
        assert_eq!(read.gaps, []);
        read.value
    }

    /// Kind, thing and line of each gap.
    pub(in crate::inventory) fn gaps(&self, text: &str) -> Vec<(GapKind, String, Option<u32>)> {
        self.parse(text).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
    }

    /// Each change of the good file, and the line at which it is refused.
    pub(in crate::inventory) fn refused(&self, changes: &[(&str, &str, GapKind, u32)]) {
        for (from, to, kind, line) in changes {
            let gap = self.parse(&self.changed(from, to)).unwrap_err();
            assert_eq!((gap.kind, gap.line), (*kind, Some(*line)), "{from} -> {to}: {}", gap.why);
            assert!(!gap.help.is_empty());
        }
    }

    /// Each change of the good file, and the gap that it makes.
    pub(in crate::inventory) fn told(&self, changes: &[(&str, &str, GapKind, &str, u32)]) {
        for (from, to, kind, what, line) in changes {
            let text = self.changed(from, to);
            assert_eq!(self.gaps(&text), [(*kind, (*what).to_owned(), Some(*line))], "{from} -> {to}");
        }
    }

    fn changed(&self, from: &str, to: &str) -> String {
        let text = self.good.replacen(from, to, 1);
        assert_ne!(text, self.good, "{from}");
        text
    }
}

/// Label, line and column of each component.
pub(in crate::inventory) fn rows(read: &Inventory) -> Vec<(String, u32, u32)> {
    read.components.iter().map(|c| (c.label(), c.line, c.column)).collect()
}

/// Every format whose reader has no test of its own for this.
#[test]
fn a_hundred_thousand_entries_end_soon() {
    use crate::inventory::{
        cabal_freeze, conan_lock, deps_json, github_actions, mix_lock, package_resolved, packages_config,
        packages_lock, podfile_lock, pom, pubspec_lock, stack_lock,
    };
    const MANY: usize = 100_000;
    type Parse = fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>;
    let many = |separator: &str, entry: &dyn Fn(usize, usize) -> String| {
        (0..MANY).map(|n| entry(n, (n + 1) % MANY)).collect::<Vec<_>>().join(separator)
    };
    let formats: [(Parse, String, String, &str); 12] = [
        (cabal_freeze::parse, "constraints: ".into(), many(",\n  ", &|n, _| format!("any.p{n} ==1")), "\n"),
        (
            conan_lock::parse,
            r#"{"version": "0.4", "graph_lock": {"nodes": {"#.into(),
            many(",", &|n, to| format!(r#""{n}": {{"ref": "p{n}/1", "requires": ["{to}"]}}"#)),
            "}}}",
        ),
        (
            deps_json::parse,
            r#"{"targets": {}, "libraries": {"#.into(),
            many(",", &|n, _| format!(r#""p{n}/1": {{"type": "package"}}"#)),
            "}}",
        ),
        (
            github_actions::parse,
            "jobs:\n  a:\n    steps:\n".into(),
            many("\n", &|n, _| format!("    - uses: a/p{n}@v1")),
            "\n",
        ),
        (
            mix_lock::parse,
            "%{".into(),
            many(",\n", &|n, to| {
                format!(r#""p{n}": {{:hex, :p{n}, "1", "", [:mix], [{{:p{to}, ">= 0", []}}], "hexpm"}}"#)
            }),
            "}",
        ),
        (
            package_resolved::parse,
            r#"{"version": 2, "pins": ["#.into(),
            many(",", &|n, _| {
                format!(r#"{{"identity": "p", "location": "https://e.example/a/p{n}", "state": {{"version": "1"}}}}"#)
            }),
            "]}",
        ),
        (
            packages_config::parse,
            "<packages>".into(),
            many("\n", &|n, _| format!("<package id=\"p{n}\" version=\"1\"/>")),
            "</packages>",
        ),
        (
            packages_lock::parse,
            r#"{"version": 1, "dependencies": {"net8.0": {"#.into(),
            many(",", &|n, to| format!(r#""p{n}": {{"resolved": "1", "dependencies": {{"p{to}": "1"}}}}"#)),
            "}}}",
        ),
        (
            podfile_lock::parse,
            "PODS:\n".into(),
            many("\n", &|n, to| format!("  - p{n} (1):\n    - p{to}")),
            "\n\nCOCOAPODS: 1\n",
        ),
        (
            |path, bytes| pom::parse(path, bytes, &|_| None).map(|read| Partial::whole(read.value)), // it has one gap
            "<project><artifactId>a</artifactId><properties><v>1</v></properties><dependencies>".into(),
            many("\n", &|n, _| {
                format!(
                    "<dependency><groupId>g</groupId><artifactId>p{n}</artifactId><version>${{v}}</version></dependency>"
                )
            }),
            "</dependencies></project>",
        ),
        (
            pubspec_lock::parse,
            "packages:\n".into(),
            many("\n", &|n, _| format!("  p{n}: {{description: {{path: a}}, source: path, version: '1'}}")),
            "\nsdks:\n  dart: '1'\n",
        ),
        (
            stack_lock::parse,
            "packages:\n".into(),
            many("\n", &|n, _| format!("- completed:\n    hackage: p{n}-1")),
            "\nsnapshots: []\n",
        ),
    ];
    for (parse, before, entries, after) in formats {
        let read = parse(&TreePath::new("lock"), format!("{before}{entries}{after}").as_bytes()).unwrap();
        assert_eq!((read.value.components.len(), read.gaps), (MANY, vec![]), "{before}");
    }
}
