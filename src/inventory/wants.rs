//! Manifests of other ecosystems than Rust's: whether they ask for packages, and whether a lock says which. What they ask
//! for is not read further: a manifest names no versions that could be judged.

use super::json;
use super::place::{Refusal, utf8};
use super::toml_tree::{Node, Tree};
use super::value::{Map, Value};
use super::yaml;
use crate::model::{Gap, GapKind, Inventory, Stage, TreePath};

const RESTORE: &str = "restore the file from version control";

/// Tools whose manifests and locks belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// npm, yarn, pnpm, bun, deno.
    JavaScript,
    /// pip, poetry, uv, pdm, pipenv.
    Python,
    /// Composer.
    Php,
    /// Bundler.
    Ruby,
    /// mix.
    Elixir,
    /// pub.
    Dart,
    /// NuGet.
    Dotnet,
    /// Gradle.
    Gradle,
    /// The Swift package manager.
    Swift,
    /// CocoaPods.
    CocoaPods,
}

impl Family {
    /// The locks of the family, by the words of their formats.
    fn locks(self) -> &'static [&'static str] {
        match self {
            Self::JavaScript => &["npm-lock", "yarn-lock", "pnpm-lock", "bun-lock", "bun-binary-lock", "deno-lock"],
            Self::Python => &["poetry-lock", "uv-lock", "pdm-lock", "pipfile-lock", "pylock", "pip-requirements"],
            Self::Php => &["composer-lock"],
            Self::Ruby => &["gemfile-lock"],
            Self::Elixir => &["mix-lock"],
            Self::Dart => &["pubspec-lock"],
            Self::Dotnet => &["packages-lock", "packages-config"],
            Self::Gradle => &["gradle-lock"],
            Self::Swift => &["package-resolved"],
            Self::CocoaPods => &["podfile-lock"],
        }
    }

    /// How a lock is made.
    fn help(self) -> &'static str {
        match self {
            Self::JavaScript => "npm install --package-lock-only (or the like of yarn, pnpm, bun), and commit the lock",
            Self::Php => "composer update --no-install, and commit the lock",
            Self::Ruby => "bundle lock, and commit the lock",
            Self::Elixir => "mix deps.get, and commit the lock",
            Self::Dart => "dart pub get, and commit the lock",
            Self::Dotnet => "dotnet restore --use-lock-file, and commit packages.lock.json",
            Self::Gradle => {
                "lockAllConfigurations() under dependencyLocking, gradle dependencies --write-locks, and commit the lock"
            }
            Self::Swift => "swift package resolve, and commit the lock",
            Self::CocoaPods => "pod install, and commit the lock",
            Self::Python => "uv lock (or the like of poetry, pdm, pipenv; or pip-compile), and commit the lock",
        }
    }
}

/// What a manifest asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Whose it is.
    pub family: Family,
    /// How many packages it asks for, at least; 0 where it needs no lock.
    pub packages: usize,
}

/// `package.json`: what lies under the keys of dependencies.
///
/// Errors: a `parse-failed` gap.
pub fn of_package_json(path: &TreePath, bytes: &[u8]) -> Result<Wants, Gap> {
    let read = || {
        let value = json::read(utf8(bytes)?, RESTORE)?;
        let root = value.map().ok_or_else(|| Refusal::new(0, "it is not a table of JSON", RESTORE))?;
        let keys = ["dependencies", "devDependencies", "optionalDependencies"];
        let counts = keys.iter().map(|key| match root.member(key) {
            None => Ok(0),
            // An empty list is what some programs write for an empty table.
            Some(member) => match member.value.map() {
                Some(Map(members)) => Ok(members.len()),
                None if member.value.kind() == "a list" => Ok(0),
                None => Err(Refusal::new(member.at, format!("`{key}` is not a table"), RESTORE)),
            },
        });
        Ok(Wants { family: Family::JavaScript, packages: counts.sum::<Result<usize, Refusal>>()? })
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

/// `pyproject.toml`: dependencies of the project (PEP 621), of its groups (PEP 735), of poetry and of pdm. What builds the
/// project is not counted.
///
/// Errors: a `parse-failed` gap.
pub fn of_pyproject(path: &TreePath, bytes: &[u8]) -> Result<Wants, Gap> {
    let read = || {
        let tree = Tree::read(utf8(bytes)?, RESTORE)?;
        let root = tree.root();
        let mut packages = lists(root.table("dependency-groups")?)?;
        if let Some(project) = root.table("project")? {
            packages += items(project, "dependencies")?;
            packages += lists(project.table("optional-dependencies")?)?;
            let dynamic = project.texts("dynamic")?;
            packages +=
                dynamic.iter().filter(|key| matches!(key.text, "dependencies" | "optional-dependencies")).count();
        }
        if let Some(tool) = root.table("tool")? {
            if let Some(poetry) = tool.table("poetry")? {
                packages += named(poetry.table("dependencies")?) + named(poetry.table("dev-dependencies")?);
                if let Some(groups) = poetry.table("group")? {
                    for (_, group) in groups.entries() {
                        let group = group.as_table().map(|group| group.table("dependencies")).transpose()?.flatten();
                        packages += named(group);
                    }
                }
            }
            if let Some(pdm) = tool.table("pdm")? {
                packages += lists(pdm.table("dev-dependencies")?)?;
            }
        }
        Ok(Wants { family: Family::Python, packages })
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

/// `Pipfile`.
///
/// Errors: a `parse-failed` gap.
pub fn of_pipfile(path: &TreePath, bytes: &[u8]) -> Result<Wants, Gap> {
    let read = || {
        let tree = Tree::read(utf8(bytes)?, RESTORE)?;
        let root = tree.root();
        let packages = named(root.table("packages")?) + named(root.table("dev-packages")?);
        Ok(Wants { family: Family::Python, packages })
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

/// `composer.json`: packages, and not PHP and its extensions.
///
/// Errors: a `parse-failed` gap.
pub fn of_composer_json(path: &TreePath, bytes: &[u8]) -> Result<Wants, Gap> {
    let read = || {
        let value = json::read(utf8(bytes)?, RESTORE)?;
        let root = value.map().ok_or_else(|| Refusal::new(0, "it is not a table of JSON", RESTORE))?;
        let mut packages = 0;
        for member in ["require", "require-dev"].iter().filter_map(|key| root.member(key)) {
            if let Some(Map(members)) = member.value.map() {
                // Every package has a vendor; what has none is the platform.
                packages += members.iter().filter(|member| member.key.contains('/')).count();
            } else if member.value.kind() != "a list" {
                return Err(Refusal::new(member.at, format!("`{}` is not a table", member.key), RESTORE));
            }
        }
        Ok(Wants { family: Family::Php, packages })
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

/// `pubspec.yaml`: what lies under the keys of dependencies, the SDK's own packages left out.
///
/// Errors: a `parse-failed` gap.
pub fn of_pubspec(path: &TreePath, bytes: &[u8]) -> Result<Wants, Gap> {
    let read = || {
        let documents = yaml::read(utf8(bytes)?, RESTORE)?;
        let mut packages = 0;
        for root in documents.iter().filter_map(Value::map) {
            for Map(members) in ["dependencies", "dev_dependencies"].iter().filter_map(|key| root.get(key)?.map()) {
                let of_sdk = |value: &Value<'_>| value.map().is_some_and(|map| map.member("sdk").is_some());
                packages += members.iter().filter(|member| !of_sdk(&member.value)).count();
            }
        }
        Ok(Wants { family: Family::Dart, packages })
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

/// A manifest that is a program or has no lock format of its own: lines that ask for a package, by the words with which
/// such lines begin. Nothing of it runs, so what a program asks for in another way is not seen.
///
/// Errors: a `parse-failed` gap where it is not text.
pub fn of_code(path: &TreePath, bytes: &[u8], family: Family) -> Result<Wants, Gap> {
    let text = utf8(bytes).map_err(|refusal| refusal.gap(path, bytes))?;
    let begins: &[&str] = match family {
        Family::Ruby => &["gem \"", "gem '", "gem(", "gemspec"],
        Family::Elixir => &["{:"],
        Family::Swift => &[".package("],
        Family::CocoaPods => &["pod '", "pod \"", "pod("],
        Family::Dotnet => &["<PackageReference "],
        Family::Gradle => {
            &["implementation", "api", "compile", "runtimeOnly", "testImplementation", "classpath", "kapt"]
        }
        Family::JavaScript | Family::Python | Family::Php | Family::Dart => &[],
    };
    let asks = |line: &&str| {
        let line = line.trim_start();
        let Some(rest) = begins.iter().find_map(|word| line.strip_prefix(word)) else { return false };
        // Of Gradle, the words are also those of other things: what they ask for is written as `group:name:version`.
        family != Family::Gradle || (rest.starts_with([' ', '(']) && rest.matches(':').count() >= 2)
    };
    Ok(Wants { family, packages: text.lines().filter(asks).count() })
}

/// How many items a list has; 0 where it is missing.
fn items(node: Node<'_>, key: &str) -> Result<usize, Refusal> {
    node.get(key).map_or(Ok(0), |value| Ok(value.items(key)?.count()))
}

/// How many items all lists of a table have.
fn lists(table: Option<Node<'_>>) -> Result<usize, Refusal> {
    let Some(table) = table else { return Ok(0) };
    table.entries().map(|(key, value)| Ok(value.items(key.text)?.count())).sum()
}

/// How many keys a table has that name packages: `python` names the interpreter.
fn named(table: Option<Node<'_>>) -> usize {
    table.map_or(0, |table| table.entries().filter(|(key, _)| key.text != "python").count())
}

/// The manifests that ask for packages where no lock of their tools lies beside them or above, one gap each, in order of
/// path. `failed` are files that could not be read, with the words of their formats: of those the reader tells.
pub fn unlocked(manifests: &[(TreePath, Wants)], locks: &[&Inventory], failed: &[(TreePath, &str)]) -> Vec<Gap> {
    let read = locks.iter().map(|lock| (&lock.path, lock.format));
    let locks: Vec<(&str, &str)> =
        read.chain(failed.iter().map(|(path, kind)| (path, *kind))).map(|(path, kind)| (path.parent(), kind)).collect();
    let mut gaps: Vec<Gap> = Vec::new();
    for (path, wants) in manifests.iter().filter(|(_, wants)| wants.packages > 0) {
        let dir = path.parent();
        let above = |lock: &str| {
            lock.is_empty() || dir == lock || dir.strip_prefix(lock).is_some_and(|rest| rest.starts_with('/'))
        };
        if locks.iter().any(|(lock, kind)| wants.family.locks().contains(kind) && above(lock)) {
            continue;
        }
        let why = "it asks for packages, and no lock in its directory or above says which versions are used";
        let gap = Gap::new(GapKind::Unlocked, Stage::Inventory, path.as_str(), why);
        gaps.push(gap.with_path(path.clone()).with_help(wants.family.help()));
    }
    gaps.sort();
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Count;

    fn count(read: fn(&TreePath, &[u8]) -> Result<Wants, Gap>, text: &str) -> Result<usize, GapKind> {
        read(&TreePath::new("x"), text.as_bytes()).map(|wants| wants.packages).map_err(|gap| gap.kind)
    }

    #[test]
    fn what_a_package_json_asks_for_is_counted() {
        let text = r#"{"dependencies": {"a": "1", "b": "2"}, "devDependencies": {"c": "*"}, "scripts": {"x": "y"}}"#;
        assert_eq!(count(of_package_json, text), Ok(3));
        for none in ["{}", r#"{"dependencies": {}}"#, r#"{"dependencies": []}"#, r#"{"peerDependencies": {"a": "1"}}"#]
        {
            assert_eq!(count(of_package_json, none), Ok(0), "{none}");
        }
        for bad in ["", "[]", "{", r#"{"dependencies": "a"}"#] {
            assert_eq!(count(of_package_json, bad), Err(GapKind::ParseFailed), "{bad}");
        }
    }

    #[test]
    fn what_a_pyproject_asks_for_is_counted() {
        for (text, packages) in [
            ("[project]\nname = \"a\"\ndependencies = [\"b\", \"c>=1\"]\n", 2),
            ("[project]\ndynamic = [\"version\", \"dependencies\"]\n", 1),
            ("[project.optional-dependencies]\nx = [\"b\"]\n", 1),
            ("[dependency-groups]\ndev = [\"b\", {include-group = \"c\"}]\n", 2),
            ("[tool.poetry.dependencies]\npython = \"^3.9\"\nb = \"^1\"\n", 1),
            ("[tool.poetry.group.dev.dependencies]\nb = \"^1\"\n", 1),
            ("[tool.pdm.dev-dependencies]\ntest = [\"b\"]\n", 1),
            ("[build-system]\nrequires = [\"b\"]\n[tool.black]\nline-length = 1\n", 0),
            ("", 0),
        ] {
            assert_eq!(count(of_pyproject, text), Ok(packages), "{text}");
        }
        for bad in ["[project", "[project]\ndependencies = \"b\"\n"] {
            assert_eq!(count(of_pyproject, bad), Err(GapKind::ParseFailed), "{bad}");
        }
        assert_eq!(count(of_pipfile, "[packages]\na = \"*\"\n[dev-packages]\n"), Ok(1));
    }

    #[test]
    fn what_other_manifests_ask_for_is_counted() {
        let composer = r#"{"require": {"php": ">=8", "ext-json": "*", "a/b": "^1"}, "require-dev": {"c/d": "1"}}"#;
        assert_eq!(count(of_composer_json, composer), Ok(2));
        assert_eq!(count(of_composer_json, r#"{"require": "a"}"#), Err(GapKind::ParseFailed));
        let pubspec =
            "name: a\ndependencies:\n  flutter:\n    sdk: flutter\n  http: ^1.0.0\ndev_dependencies:\n  test: any\n";
        assert_eq!(count(of_pubspec, pubspec), Ok(2));
        assert_eq!(count(of_pubspec, "name: a\n"), Ok(0));
        let code = |family, text: &str| of_code(&TreePath::new("x"), text.as_bytes(), family).unwrap().packages;
        assert_eq!(code(Family::Ruby, "source 'x'\n  gem 'rails', '~> 7'\n# gem 'no'\ngemspec\n"), 2);
        assert_eq!(code(Family::Elixir, "  defp deps do\n    [\n      {:plug, \"~> 1.0\"}\n"), 1);
        assert_eq!(code(Family::Swift, "  dependencies: [\n    .package(url: \"x\", from: \"1.0.0\"),\n"), 1);
        assert_eq!(code(Family::CocoaPods, "  pod 'A', '~> 1'\n"), 1);
        assert_eq!(code(Family::Dotnet, "    <PackageReference Include=\"A\" Version=\"1\" />\n"), 1);
        assert_eq!(code(Family::Gradle, "  implementation 'a:b:1'\n  api project(':x')\n  apiVersion = 1\n"), 1);
        assert_eq!(of_code(&TreePath::new("x"), b"\xff", Family::Ruby).unwrap_err().kind, GapKind::ParseFailed);
    }

    #[test]
    fn a_manifest_needs_a_lock_of_its_own_tools_beside_it_or_above() {
        let wants = |family, packages| Wants { family, packages };
        let lock = |path: &str, format| Inventory {
            path: TreePath::new(path),
            format,
            text: String::new(),
            components: Vec::new(),
            edges: Vec::new(),
            origins: Vec::new(),
            counted: Count::default(),
        };
        let manifest = [(TreePath::new("a/b/package.json"), wants(Family::JavaScript, 1))];
        let gaps = |locks: &[Inventory], failed: &[(TreePath, &str)]| {
            unlocked(&manifest, &locks.iter().collect::<Vec<_>>(), failed).len()
        };
        for path in ["a/b/yarn.lock", "a/yarn.lock", "yarn.lock"] {
            assert_eq!(gaps(&[lock(path, "yarn-lock")], &[]), 0, "{path}");
            assert_eq!(gaps(&[], &[(TreePath::new(path), "yarn-lock")]), 0, "{path}");
            assert_eq!(gaps(&[lock(path, "uv-lock")], &[]), 1, "{path}");
        }
        for path in ["a/bc/yarn.lock", "a/b/c/yarn.lock", "c/yarn.lock"] {
            assert_eq!(gaps(&[lock(path, "yarn-lock")], &[]), 1, "{path}");
        }
        let none = [(TreePath::new("package.json"), wants(Family::JavaScript, 0))];
        assert_eq!(unlocked(&none, &[], &[]), []);
    }
}
