//! Asks the sparse index of the registry what it says of the versions of some crates. Only `--online` comes here.

use super::facts::{self, Published, index_path};
use super::source::spread_over;
use super::{FeedError, PublishedMap, sorted};
use crate::model::{Gap, GapKind, Partial, Stage};
use crate::sys::{Bytes, Fault, Request, Sys};
use std::collections::BTreeSet;
use std::time::Duration;

/// The variable with the address of the index.
const VARIABLE: &str = "PORTCULLIS_INDEX_URL";
/// Connections at once.
const MAX_THREADS: usize = 16;
/// The largest file of the real index has 5 MiB.
const MAX_FILE: Bytes = Bytes::mib(32);
/// For one crate.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What the index says of every version of these crates. A crate that gave no answer is a gap.
///
/// Errors: `PORTCULLIS_INDEX_URL` does not say which index to ask.
pub fn published_online(sys: &dyn Sys, names: &BTreeSet<String>) -> Result<Partial<PublishedMap>, FeedError> {
    let base = match sys.var(VARIABLE)?.filter(|url| !url.is_empty()) {
        Some(url) => url.strip_prefix("sparse+").unwrap_or(&url).trim_end_matches('/').to_owned(),
        None => return Err(FeedError::NoIndex(VARIABLE)),
    };
    let names: Vec<&String> = names.iter().collect();
    let answers = spread_over(MAX_THREADS, &names, |name| ask(sys, &base, name))
        .ok_or_else(|| FeedError::Internal("the answers of the index".into()))?;
    let mut out = Partial::whole(PublishedMap::new());
    for (name, answer) in names.into_iter().zip(answers) {
        // `spread_over` gives one answer for each name.
        match answer {
            Ok(versions) => {
                out.value.extend(versions.into_iter().map(|(version, p)| ((name.clone(), version), p)));
            }
            Err(why) => out.gaps.push(
                Gap::new(GapKind::OnlineFailed, Stage::Feed, name.clone(), why)
                    .with_help("try again, or leave out --online"),
            ),
        }
    }
    out.gaps = sorted(out.gaps);
    Ok(out)
}

fn ask(sys: &dyn Sys, base: &str, name: &str) -> Result<Vec<(String, Published)>, String> {
    let path = index_path(name).ok_or("no registry can have a crate of this name")?;
    let url = format!("{base}/{path}");
    let request = Request { url, ca_file: None, limit: MAX_FILE, time_limit: TIME_LIMIT };
    let bytes = sys.fetch(&request).map_err(|e| match e.fault {
        Fault::Status(404 | 410 | 451) => "the index does not know the crate".to_owned(),
        _ => e.to_string(),
    })?;
    let read = facts::read_index_file(&bytes).map_err(|e| format!("the answer of the index: {e}"))?;
    if read.name != name {
        return Err(format!("the index answered for the crate `{}`", read.name));
    }
    Ok(read.versions)
}
