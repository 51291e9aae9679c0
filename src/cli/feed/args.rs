//! The command line of `portcullis feed …`, as clap reads it.

use crate::feed::Remote;
use crate::feed::gather::Format;
use crate::model::Digest;
use std::path::PathBuf;

/// What to do with installed advisories: RustSec's feed, and an index of each other source.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum FeedCommand {
    /// Fetch advisories and install them: RustSec's database, or the named ecosystems and sources.
    Update {
        /// Address of a .tar.gz, or of a git repository (ends with .git, or begins with git+). With --ecosystem, the
        /// address below which the dumps lie.
        #[arg(long, value_name = "URL", conflicts_with = "source")]
        from: Option<String>,
        /// OSV's records of an ecosystem, as `osv-NAME`: npm, PyPI, Go, …, or `all`; repeatable.
        #[arg(long, value_name = "NAME", conflicts_with_all = ["git", "name"])]
        ecosystem: Vec<String>,
        /// Another source: a zip, .tar.gz or .jsonl over https, or a repository (git+https://…#DIRECTORY); repeatable.
        #[arg(long, value_name = "NAME=FORMAT:URL", conflicts_with_all = ["git", "name"])]
        source: Vec<Remote>,
        /// PEM file with the certificate authorities to trust instead of the system's.
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// Use the git program even if the address does not look like a repository.
        #[arg(long)]
        git: bool,
        /// Install it although it changes more than the policy allows; the digest is the one of the refusal.
        #[arg(long, value_name = "DIGEST")]
        confirm_change: Option<Digest>,
        /// Name of the installed feed or index.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Install a checkout of RustSec's database, another source, or a file that `feed export` made.
    Import {
        /// A directory or a file.
        path: PathBuf,
        /// It is a source of this format: osv, rubysec, friendsofphp, hsec or rustsec.
        #[arg(long, value_name = "FORMAT", value_parser = format, conflicts_with_all = ["key", "registry_index"])]
        format: Option<Format>,
        /// The public key that signed the file; without it, the key of this machine.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// A checkout of the registry's index, for checksums and yanked versions (with a directory).
        #[arg(long, value_name = "DIR", conflicts_with = "key")]
        registry_index: Option<PathBuf>,
        /// Install it although it changes more than the policy allows; the digest is the one of the refusal.
        #[arg(long, value_name = "DIGEST")]
        confirm_change: Option<Digest>,
        /// Name of the installed feed or index.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Write an installed feed or index to one file, and print the key that signed it.
    Export {
        /// The file; by default NAME-DATE.feed or NAME-DATE.index in the working directory.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Name of the installed feed or index.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Say what is installed.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Name of the feed or index; without it, all of them.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Check every byte of what is installed against its signature.
    Verify {
        /// Name of the feed or index; without it, all of them.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Remove an installed feed or index.
    Remove {
        /// Its name.
        name: String,
    },
}

/// A word for a format.
fn format(word: &str) -> Result<Format, String> {
    Format::named(word).ok_or_else(|| {
        let words: Vec<&str> = Format::ALL.into_iter().map(Format::as_str).collect();
        format!("one of {}", words.join(", "))
    })
}
