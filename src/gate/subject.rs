//! What is judged: the files of the targets as they lie there, or as one commit has them. It compares nothing.

use super::{GateError, Judged, Request, Resolve, base};
use crate::collect::{self, Opened, Place};
use crate::config::Exclude;
use crate::git::GitError;

/// How the judged commit is named in messages.
const NAMED_BY: &str = "--commit";

/// The complete id of the commit that is to be judged; none where it is the work tree.
pub(super) fn commit(request: &Request, places: &[Place<'_>]) -> Result<Option<String>, GateError> {
    let Judged::Commit(rev) = &request.judged else { return Ok(None) };
    if request.resolve == Resolve::Cargo {
        return Err(GateError::CargoNeedsFiles);
    }
    if !base::is_revision(rev) {
        return Err(GitError::BadRevision { rev: rev.clone() }.into());
    }
    let Some(git) = places.first().and_then(|place| place.git.as_ref()) else {
        return Err(no_checkout(
            request.targets.first().map(|target| target.display().to_string()).unwrap_or_default(),
        ));
    };
    match git.commit(rev) {
        Ok(id) => Ok(Some(id)),
        Err(GitError::MissingCommit { rev }) => Err(GateError::NoSuchCommit { rev }),
        Err(e) => Err(e.into()),
    }
}

/// Looks through the targets.
pub(super) fn open<'a>(
    places: Vec<Place<'a>>,
    commit: Option<&str>,
    excludes: &[Exclude],
) -> Result<Vec<Opened<'a>>, GateError> {
    let Some(commit) = commit else {
        return Ok(places.into_iter().map(|place| collect::open_place(place, excludes)).collect());
    };
    let open = |place: &Place<'a>| match collect::open_place_at(place, commit, excludes)? {
        Some(opened) => Ok(opened),
        None => Err(no_checkout(place.root.display().to_string())),
    };
    places.iter().map(open).collect()
}

fn no_checkout(target: String) -> GateError {
    GateError::NoCheckout { target, named_by: NAMED_BY }
}
