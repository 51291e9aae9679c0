//! From bytes to components and edges, one file per format. It reads data; it runs nothing and opens no file.
//!
//! The one exception is `resolve`, which asks cargo on request and does so through `sys`.

pub mod binary;
pub mod bun_lock;
pub mod cabal_freeze;
pub mod cargo_config;
pub mod cargo_lock;
pub mod cargo_manifest;
pub mod composer_lock;
pub mod conan_lock;
pub mod counter;
pub mod deno_lock;
pub mod deps_json;
mod found;
pub mod gemfile_lock;
pub mod github_actions;
pub mod go_mod;
pub mod go_sum;
pub mod gradle_lock;
pub mod installed;
pub mod java_archive;
mod json;
pub mod mix_lock;
mod npm;
pub mod npm_lock;
pub mod package_resolved;
pub mod packages_config;
pub mod packages_lock;
pub mod pdm_lock;
pub mod pipfile_lock;
mod place;
pub mod pnpm_lock;
pub mod podfile_lock;
pub mod poetry_lock;
pub mod pom;
pub mod pubspec_lock;
pub mod pylock;
pub mod python;
pub mod requirements;
pub mod resolve;
#[cfg(test)]
mod sample;
pub mod scope;
pub mod stack_lock;
mod toml_tree;
pub mod toolchain;
pub mod uv_lock;
mod value;
pub mod vendored;
pub mod wants;
mod yaml;
pub mod yarn_lock;
