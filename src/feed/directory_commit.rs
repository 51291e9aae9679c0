//! The commit of a checkout, read from its files as data: git is not run, and a checkout whose form is not known has
//! none.

use crate::sys::{Bytes, FileKind, Sys, SysError};
use std::path::Path;

/// `HEAD` and a reference have less than 100 bytes.
const MAX_REF: Bytes = Bytes(4 << 10);
/// The packed references of a large repository.
const MAX_PACKED: Bytes = Bytes::mib(8);

/// The commit id that `HEAD` leads to. It is shown and decides nothing, so a form that is not known gives none.
///
/// Errors: a file that is there could not be read.
pub(super) fn read(sys: &dyn Sys, dir: &Path) -> Result<Option<String>, SysError> {
    let git = dir.join(".git");
    let Some(head) = text(sys, &git.join("HEAD"), MAX_REF)? else { return Ok(None) };
    let Some(name) = head.trim_end().strip_prefix("ref: ") else { return Ok(commit(&head)) };
    let inside = name.starts_with("refs/") && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !inside {
        return Ok(None);
    }
    if let Some(direct) = text(sys, &git.join(name), MAX_REF)? {
        return Ok(commit(&direct));
    }
    let packed = text(sys, &git.join("packed-refs"), MAX_PACKED)?.unwrap_or_default();
    Ok(packed.lines().find_map(|line| commit(line.strip_suffix(name)?.strip_suffix(' ')?)))
}

/// The text of a small file; none where there is no such file (`.git` can be a file too) or it is not UTF-8.
fn text(sys: &dyn Sys, path: &Path, limit: Bytes) -> Result<Option<String>, SysError> {
    match sys.kind(path)? {
        Some(FileKind::File) => Ok(String::from_utf8(sys.read(path, limit)?).ok()),
        _ => Ok(None), // a worktree's `.git` file, or a link: another form
    }
}

/// 40 or 64 hex digits.
pub(super) fn commit(text: &str) -> Option<String> {
    let text = text.trim_end();
    crate::git::is_object_id(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;

    #[test]
    fn head_is_followed_through_loose_and_packed_references() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let write = |path: &str, text: &str| {
            let path = dir.path().join(".git").join(path);
            RealSys.create_dir(path.parent().unwrap()).unwrap();
            RealSys.replace(&path, text.as_bytes(), false).unwrap();
        };
        assert_eq!(read(&RealSys, dir.path()), Ok(None));
        write("HEAD", &format!("{one}\n"));
        assert_eq!(read(&RealSys, dir.path()), Ok(Some(one.clone())));
        write("HEAD", "ref: refs/heads/main\n");
        assert_eq!(read(&RealSys, dir.path()), Ok(None));
        write("packed-refs", &format!("# pack-refs\n{one} refs/heads/other-main\n{two} refs/heads/main\n"));
        assert_eq!(read(&RealSys, dir.path()), Ok(Some(two)));
        write("refs/heads/main", &format!("{one}\n"));
        assert_eq!(read(&RealSys, dir.path()), Ok(Some(one)));
        write("HEAD", "ref: refs/../../../etc/passwd\n");
        assert_eq!(read(&RealSys, dir.path()), Ok(None));
    }
}
