//! From bytes to components and edges, one file per format. It reads data; it runs nothing and opens no file.

pub mod cargo_lock;
pub mod cargo_manifest;
pub mod counter;
mod place;
pub mod scope;
