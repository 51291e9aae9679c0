//! `Podfile.lock`: pods, edges, sources. It looks at no other file. Parts of a pod (`Name/Part`) are that pod.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, Names, conflict, list, object, section, shorten};
use super::place::{Refusal, utf8};
use super::python::without_user;
use super::value::{Map, Value};
use super::{counter, yaml};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Source, TreePath};
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "podfile-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `pod install`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "pods",
    restore: RESTORE,
    complete: "run `pod install` so that CocoaPods completes the lock, and commit the result",
};
/// The default registry under the names that it has in locks.
const REGISTRIES: [&str; 3] = ["trunk", "https://cdn.cocoapods.org", "https://github.com/cocoapods/specs"];

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for an entry
/// that cannot be understood, `dangling-dependency`, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let documents = yaml::read(text, RESTORE)?;
    let [document] = documents.as_slice() else { return Err(Refusal::new(0, "a lock is one document", RESTORE)) };
    let root = object(document, RESTORE)?;
    if root.get("COCOAPODS").is_none() {
        return Err(Refusal::new(text.len(), "no `COCOAPODS`: the file is cut", RESTORE));
    }
    let (pods, asked) = (list(root, "PODS", RESTORE)?, list(root, "DEPENDENCIES", RESTORE)?);
    if pods.is_none() && asked.is_some() {
        return Err(Refusal::new(0, "`PODS` is missing", RESTORE));
    }
    let (at, pods) = pods.unwrap_or((0, &[]));
    let mut reader = Reader {
        text,
        sources: sources(root)?,
        found: Found::default(),
        names: Names::default(),
        pods: HashMap::new(),
    };
    let mut became = Vec::with_capacity(pods.len());
    for item in pods {
        let index = reader.pod(item, item.place_in(text).unwrap_or(at))?;
        became.push(index);
    }
    // Both have one element for each pod.
    for (item, index) in pods.iter().zip(became) {
        let Some(member) = item.map().and_then(|map| map.0.first()) else { continue }; // it needs nothing
        if let Value::List(needs) = &member.value {
            reader.needs((index, &member.key), needs, member.at)?;
        }
    }
    let (at, asked) = asked.unwrap_or((0, &[]));
    reader.needs((None, "the project"), asked, at)?;
    Ok(reader.found.finish(path, text, &ABOUT, counter::podfile(bytes)))
}

struct Reader<'a> {
    text: &'a str,
    sources: HashMap<&'a str, Source>,
    found: Found<'a>,
    names: Names<'a>,
    /// Components by name and version.
    pods: HashMap<(&'a str, &'a str), u32>,
}

impl<'a> Reader<'a> {
    /// `Name/Part (1.0)`, alone or as the one key of a map.
    fn pod(&mut self, item: &'a Value<'a>, at: usize) -> Result<Option<u32>, Refusal> {
        let said = match item {
            Value::Text(text) => text.as_ref(),
            Value::Map(Map(members)) if members.len() == 1 => members.first().map_or("", |member| member.key.as_ref()),
            _ => "",
        };
        let Some((full, version)) = said.strip_suffix(')').and_then(|said| said.rsplit_once(" (")) else {
            self.found.unreadable(at, shorten(said), "not a pod and its version")?;
            return Ok(None);
        };
        let name = full.split('/').next().unwrap_or(full);
        let index = match self.pods.get(&(name, version)) {
            Some(index) => {
                self.found.leave_out(shorten(said), "a part of a pod that is listed")?;
                Some(*index)
            }
            None => {
                let source = self.sources.get(name).cloned().unwrap_or(Source::Default);
                let index = self.found.push(Entry { source, ..Entry::new(at, Ecosystem::CocoaPods, name, version) })?;
                self.pods.extend(index.map(|index| ((name, version), index)));
                index
            }
        };
        self.names.add(full, index)?;
        Ok(index)
    }

    fn needs(&mut self, from: (Option<u32>, &str), needs: &[Value<'_>], at: usize) -> Result<(), Refusal> {
        for need in needs {
            let at = need.place_in(self.text).unwrap_or(at);
            // ``Name (~> 1.0)``, ``Name (from `../name`)``
            let name = need.text().unwrap_or_default();
            let name = name.split(" (").next().unwrap_or(name);
            self.found.depend(&self.names, from, (at, name), true)?;
        }
        Ok(())
    }
}

/// Where pods come from that are not from the default registry.
fn sources<'a>(root: &'a Map<'a>) -> Result<HashMap<&'a str, Source>, Refusal> {
    let mut sources = HashMap::new();
    for member in section(root, "SPEC REPOS", RESTORE)?.map_or(&[][..], |map| &map.0) {
        let bare = member.key.to_ascii_lowercase();
        let bare = bare.trim_end_matches('/').trim_end_matches(".git");
        let Value::List(pods) = &member.value else {
            return Err(Refusal::new(member.at, "a repository of `SPEC REPOS` without a list", RESTORE));
        };
        if !REGISTRIES.contains(&bare) {
            let source = Source::Registry(without_user(&member.key).into());
            sources.extend(pods.iter().filter_map(Value::text).map(|name| (name, source.clone())));
        }
    }
    let checkouts = section(root, "CHECKOUT OPTIONS", RESTORE)?;
    for member in section(root, "EXTERNAL SOURCES", RESTORE)?.map_or(&[][..], |map| &map.0) {
        let checkout = checkouts.and_then(|all| all.get(&member.key)).and_then(Value::map);
        let said = |key: &str| [checkout, member.value.map()].into_iter().flatten().find_map(|map| map.text(key));
        let source = match (said(":path"), said(":git")) {
            (Some(path), _) => Source::Path(path.into()),
            (None, Some(url)) => {
                let commit = said(":commit").or_else(|| said(":tag")).unwrap_or_default();
                Source::Git(format!("{}#{commit}", without_user(url)).into())
            }
            (None, None) => Source::Path(said(":podspec").or_else(|| said(":http")).unwrap_or("elsewhere").into()),
        };
        sources.insert(member.key.as_ref(), source);
    }
    Ok(sources)
}
