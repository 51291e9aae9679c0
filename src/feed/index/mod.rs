//! The index of many sources (`docs/index-format.md`): compiled once, signed, opened in less than a millisecond, asked
//! by ecosystem and name. It fetches nothing, installs nothing and matches nothing.

mod compile;
mod entry;
mod header;
mod json;
mod reader;
mod tree;

pub use compile::{CompiledIndex, Input, compile};
pub use entry::{Package, RecordNumber, Statement};
pub use header::Watermark;
pub(super) use json::said;
pub use reader::Index;

#[cfg(test)]
mod tests;
