//! Portcullis: a supply-chain gate. This file only lists the modules; the road from target to verdict is `gate::run`.

pub mod check;
pub mod cli;
pub mod collect;
pub mod config;
pub mod feed;
pub mod forge;
pub mod gate;
pub mod git;
pub mod inventory;
pub mod model;
pub mod policy;
pub mod report;
pub mod rule;
pub mod sign;
pub mod sys;
pub mod text;
pub mod trail;
pub mod version;
mod zip;
