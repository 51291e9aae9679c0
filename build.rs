//! Packs a checkout of the advisory database into the binary where `PORTCULLIS_EMBED_FEED` names one; otherwise it does
//! nothing. It judges nothing: the packed files are parsed when they are used, like those of a directory.

#![expect(clippy::disallowed_methods, reason = "a build script runs before there is a `Sys`")]

use std::fs;
use std::path::Path;

const VARIABLE: &str = "PORTCULLIS_EMBED_FEED";
const EPOCH: &str = "SOURCE_DATE_EPOCH";

fn main() -> Result<(), String> {
    println!("cargo::rustc-check-cfg=cfg(portcullis_embedded_snapshot)");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let Some(dir) = std::env::var_os(VARIABLE).filter(|dir| !dir.is_empty()) else { return Ok(()) };
    println!("cargo::rerun-if-env-changed={EPOCH}");
    let dir = Path::new(&dir);
    let mut files = Vec::new();
    for collection in ["crates", "rust"] {
        println!("cargo::rerun-if-changed={}", dir.join(collection).display());
        collect(dir, collection, &mut files)?;
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("{VARIABLE}={} holds no advisory", dir.display()));
    }
    let date = match std::env::var(EPOCH) {
        Ok(seconds) => format!("@{}", seconds.parse::<i64>().map_err(|_| format!("{EPOCH} is not a number"))?),
        Err(_) => newest(&files).ok_or("no advisory has a date")?,
    };
    let mut out = format!("portcullis-snapshot v1\n{date}\n").into_bytes();
    for (path, bytes) in &files {
        put(&mut out, path.as_bytes())?;
        put(&mut out, bytes)?;
    }
    let target = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&target).join("snapshot.bin"), out).map_err(|e| format!("snapshot.bin: {e}"))?;
    println!("cargo::rustc-cfg=portcullis_embedded_snapshot");
    Ok(())
}

/// Every file of every package directory, whatever its name: what is not a record must be seen at run time, and told.
fn collect(dir: &Path, collection: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), String> {
    let root = dir.join(collection);
    let text = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    for package in fs::read_dir(&root).map_err(|e| text(&root, e))? {
        let package = package.map_err(|e| text(&root, e))?.path();
        if package.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue; // as the reader of a directory does
        }
        for file in fs::read_dir(&package).map_err(|e| text(&package, e))? {
            let file = file.map_err(|e| text(&package, e))?.path();
            let path = file.strip_prefix(dir).ok().and_then(Path::to_str).ok_or("a path is not UTF-8")?;
            files.push((path.to_owned(), fs::read(&file).map_err(|e| text(&file, e))?));
        }
    }
    Ok(())
}

/// The newest `date = "YYYY-MM-DD"` at the start of a line.
fn newest(files: &[(String, Vec<u8>)]) -> Option<String> {
    let date = |line: &str| {
        let value = line.strip_prefix("date")?.trim_start().strip_prefix('=')?.trim().strip_prefix('"')?;
        value.get(..10).map(str::to_owned)
    };
    let texts = files.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok()); // told at run time
    texts.flat_map(|text| text.lines().filter_map(date)).max()
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), String> {
    let length = u32::try_from(bytes.len()).map_err(|_| "a file of more than 4 GiB")?;
    out.extend(length.to_be_bytes());
    out.extend(bytes);
    Ok(())
}
