//! What a file is taken for, and under which names tools look for it. It opens nothing.

/// What a file is taken for, by name and by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `Cargo.lock` and files of its content.
    CargoLock,
    /// `Cargo.toml`.
    CargoManifest,
    /// `rust-toolchain` and `rust-toolchain.toml`.
    RustToolchain,
    /// `package-lock.json`, `npm-shrinkwrap.json`.
    NpmLock,
    /// `yarn.lock`, of any version.
    YarnLock,
    /// `pnpm-lock.yaml`.
    PnpmLock,
    /// `bun.lock`.
    BunLock,
    /// `bun.lockb`, the older form in bytes.
    BunBinaryLock,
    /// `deno.lock`.
    DenoLock,
    /// `package.json`.
    NpmManifest,
    /// `poetry.lock`.
    PoetryLock,
    /// `uv.lock`.
    UvLock,
    /// `pdm.lock`.
    PdmLock,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `pylock.toml`, `pylock.NAME.toml` (PEP 751).
    Pylock,
    /// `requirements.txt` and its relatives.
    Requirements,
    /// `pyproject.toml`.
    PythonProject,
    /// `Pipfile`.
    Pipfile,
    /// `go.mod`, with the `go.sum` beside it.
    GoMod,
    /// `go.sum` without a `go.mod`.
    GoSum,
    /// `composer.lock`.
    ComposerLock,
    /// `composer.json`.
    ComposerManifest,
    /// `Gemfile.lock`, `gems.locked`.
    GemfileLock,
    /// `Gemfile`, `gems.rb`.
    Gemfile,
    /// `mix.lock`.
    MixLock,
    /// `mix.exs`.
    MixManifest,
    /// `pubspec.lock`.
    PubspecLock,
    /// `pubspec.yaml`.
    PubspecManifest,
    /// `packages.lock.json`.
    NugetLock,
    /// `NAME.deps.json`.
    DepsJson,
    /// `NAME.csproj` and its relatives.
    DotnetProject,
    /// `gradle.lockfile`, `buildscript-gradle.lockfile`.
    GradleLock,
    /// `build.gradle`, `build.gradle.kts`.
    GradleBuild,
    /// `Package.resolved`.
    SwiftResolved,
    /// `Package.swift`.
    SwiftManifest,
    /// `Podfile.lock`.
    PodfileLock,
    /// `Podfile`.
    Podfile,
    /// `conan.lock`.
    ConanLock,
    /// `packages.config`.
    PackagesConfig,
    /// `pom.xml`.
    MavenPom,
    /// `stack.yaml.lock`.
    StackLock,
    /// `cabal.project.freeze`.
    CabalFreeze,
    /// A workflow of GitHub in `.github/workflows`, or an action.
    GithubActions,
    /// A program: ELF, PE, Mach-O, WebAssembly.
    Executable,
    /// `.jar`, `.war`, `.ear`.
    JavaArchive,
    /// `METADATA` or `PKG-INFO` of an installed package of Python.
    PythonPackage,
    /// `package.json` of an installed package of Node.js.
    NpmPackage,
}

impl Format {
    /// The word used in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CargoLock => "cargo-lock",
            Self::CargoManifest => "cargo-manifest",
            Self::RustToolchain => "rust-toolchain",
            Self::NpmLock => "npm-lock",
            Self::YarnLock => "yarn-lock",
            Self::PnpmLock => "pnpm-lock",
            Self::BunLock => "bun-lock",
            Self::BunBinaryLock => "bun-binary-lock",
            Self::DenoLock => "deno-lock",
            Self::NpmManifest => "npm-manifest",
            Self::PoetryLock => "poetry-lock",
            Self::UvLock => "uv-lock",
            Self::PdmLock => "pdm-lock",
            Self::PipfileLock => "pipfile-lock",
            Self::Pylock => "pylock",
            Self::Requirements => "pip-requirements",
            Self::PythonProject => "python-project",
            Self::Pipfile => "pipfile",
            Self::GoMod => "go-mod",
            Self::GoSum => "go-sum",
            Self::ComposerLock => "composer-lock",
            Self::ComposerManifest => "composer-manifest",
            Self::GemfileLock => "gemfile-lock",
            Self::Gemfile => "gemfile",
            Self::MixLock => "mix-lock",
            Self::MixManifest => "mix-manifest",
            Self::PubspecLock => "pubspec-lock",
            Self::PubspecManifest => "pubspec-manifest",
            Self::NugetLock => "packages-lock",
            Self::DepsJson => "deps-json",
            Self::DotnetProject => "dotnet-project",
            Self::GradleLock => "gradle-lock",
            Self::GradleBuild => "gradle-build",
            Self::SwiftResolved => "package-resolved",
            Self::SwiftManifest => "swift-manifest",
            Self::PodfileLock => "podfile-lock",
            Self::Podfile => "podfile",
            Self::ConanLock => "conan-lock",
            Self::PackagesConfig => "packages-config",
            Self::MavenPom => "maven-pom",
            Self::StackLock => "stack-lock",
            Self::CabalFreeze => "cabal-freeze",
            Self::GithubActions => "github-actions",
            Self::Executable => "executable",
            Self::JavaArchive => "java-archive",
            Self::PythonPackage => "python-package",
            Self::NpmPackage => "npm-package",
        }
    }

    /// Whether it belongs to the tools that unpack packages into `node_modules`.
    pub(super) fn is_javascript(self) -> bool {
        matches!(
            self,
            Self::NpmLock
                | Self::YarnLock
                | Self::PnpmLock
                | Self::BunLock
                | Self::BunBinaryLock
                | Self::DenoLock
                | Self::NpmManifest
        )
    }

    /// The locks that say what lies in an installed tree of this format: those of the tools that unpack it.
    pub(super) fn is_lock_of(self, installed: Self) -> bool {
        match installed {
            Self::NpmPackage => self.is_javascript() && self != Self::NpmManifest,
            // What `requirements.txt` leaves open says nothing of what was installed.
            Self::PythonPackage => {
                matches!(self, Self::PoetryLock | Self::UvLock | Self::PdmLock | Self::PipfileLock | Self::Pylock)
            }
            _ => false,
        }
    }

    /// Whether a file of it may be as large as programs are.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Executable | Self::JavaArchive)
    }

    /// Whether it asks for packages and does not list them. Nothing is found in one, so that of a base hides nothing.
    pub fn is_manifest(self) -> bool {
        matches!(
            self,
            Self::CargoManifest
                | Self::NpmManifest
                | Self::PythonProject
                | Self::Pipfile
                | Self::ComposerManifest
                | Self::Gemfile
                | Self::MixManifest
                | Self::PubspecManifest
                | Self::DotnetProject
                | Self::GradleBuild
                | Self::SwiftManifest
                | Self::Podfile
        )
    }

    /// What tools look for under the last part of a path; `parent` is the part before it.
    pub(super) fn of_name(parent: &[u8], name: &[u8]) -> Option<Self> {
        Some(match name {
            b"Cargo.lock" => Self::CargoLock,
            b"Cargo.toml" => Self::CargoManifest,
            b"rust-toolchain" | b"rust-toolchain.toml" => Self::RustToolchain,
            b"package-lock.json" | b"npm-shrinkwrap.json" => Self::NpmLock,
            b"yarn.lock" => Self::YarnLock,
            b"pnpm-lock.yaml" => Self::PnpmLock,
            b"bun.lock" => Self::BunLock,
            b"bun.lockb" => Self::BunBinaryLock,
            b"deno.lock" => Self::DenoLock,
            b"package.json" => Self::NpmManifest,
            b"poetry.lock" => Self::PoetryLock,
            b"uv.lock" => Self::UvLock,
            b"pdm.lock" => Self::PdmLock,
            b"Pipfile.lock" => Self::PipfileLock,
            b"pylock.toml" => Self::Pylock,
            b"pyproject.toml" => Self::PythonProject,
            b"Pipfile" => Self::Pipfile,
            b"go.mod" => Self::GoMod,
            b"go.sum" => Self::GoSum,
            b"composer.lock" => Self::ComposerLock,
            b"composer.json" => Self::ComposerManifest,
            b"Gemfile.lock" | b"gems.locked" => Self::GemfileLock,
            b"Gemfile" | b"gems.rb" => Self::Gemfile,
            b"mix.lock" => Self::MixLock,
            b"mix.exs" => Self::MixManifest,
            b"pubspec.lock" => Self::PubspecLock,
            b"pubspec.yaml" => Self::PubspecManifest,
            b"packages.lock.json" => Self::NugetLock,
            b"gradle.lockfile" | b"buildscript-gradle.lockfile" => Self::GradleLock,
            b"build.gradle" | b"build.gradle.kts" => Self::GradleBuild,
            b"Package.resolved" => Self::SwiftResolved,
            b"Package.swift" => Self::SwiftManifest,
            b"Podfile.lock" => Self::PodfileLock,
            b"Podfile" => Self::Podfile,
            b"conan.lock" => Self::ConanLock,
            b"packages.config" => Self::PackagesConfig,
            b"pom.xml" => Self::MavenPom,
            b"stack.yaml.lock" => Self::StackLock,
            b"cabal.project.freeze" => Self::CabalFreeze,
            other if other.ends_with(b".deps.json") => Self::DepsJson,
            other if [&b".csproj"[..], b".fsproj", b".vbproj"].iter().any(|end| other.ends_with(end)) => {
                Self::DotnetProject
            }
            other if other.starts_with(b"pylock.") && other.ends_with(b".toml") => Self::Pylock,
            other if is_requirements(parent, other) => Self::Requirements,
            _ => return None,
        })
    }
}

/// Whether the path is that of a workflow or of an action: `.github/workflows/NAME.yml`, and `action.yml` at the top and
/// below `.github`. Elsewhere GitHub runs nothing, and a file of that name can be anything.
pub(super) fn is_of_github(path: &[u8]) -> bool {
    let is_yaml = |name: &[u8]| name.ends_with(b".yml") || name.ends_with(b".yaml");
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    match parts.as_slice() {
        [b"action.yml" | b"action.yaml"] => true,
        [b".github", b"workflows", name] => is_yaml(name),
        [b".github", .., b"action.yml" | b"action.yaml"] => true,
        _ => false,
    }
}

/// The names under which files of requirements are kept: `requirements.txt`, `requirements-dev.txt`,
/// `dev-requirements.txt`, and every `.txt` in a directory `requirements`.
fn is_requirements(parent: &[u8], name: &[u8]) -> bool {
    let Some(stem) = name.strip_suffix(b".txt") else { return false };
    let apart = |rest: &[u8]| rest.first().is_none_or(|b| matches!(b, b'-' | b'_' | b'.'));
    let apart_before = |rest: &[u8]| rest.last().is_some_and(|b| matches!(b, b'-' | b'_' | b'.'));
    parent == b"requirements"
        || stem.strip_prefix(b"requirements").is_some_and(apart)
        || stem.strip_suffix(b"requirements").is_some_and(apart_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_and_actions_are_known_by_where_they_lie() {
        for path in
            [".github/workflows/ci.yml", ".github/workflows/x.yaml", "action.yml", ".github/actions/a/action.yaml"]
        {
            assert!(is_of_github(path.as_bytes()), "{path}");
        }
        for path in [
            ".github/ci.yml",
            "a/.github/workflows/ci.yml",
            "workflows/ci.yml",
            ".github/workflows/a/x.yml",
            "a/action.yml",
            "x.yml",
        ] {
            assert!(!is_of_github(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn names_of_requirements_are_told_from_other_texts() {
        for (parent, name) in [
            ("", "requirements.txt"),
            ("a", "requirements-dev.txt"),
            ("a", "requirements_test.txt"),
            ("a", "requirements.in.txt"),
            ("a", "dev-requirements.txt"),
            ("requirements", "base.txt"),
        ] {
            assert_eq!(Format::of_name(parent.as_bytes(), name.as_bytes()), Some(Format::Requirements), "{name}");
        }
        for (parent, name) in [
            ("", "requirements.in"),
            ("", "requirementsx.txt"),
            ("", "myrequirements.txt"),
            ("docs", "base.txt"),
            ("", "requirements"),
        ] {
            assert_eq!(Format::of_name(parent.as_bytes(), name.as_bytes()), None, "{name}");
        }
    }
}
