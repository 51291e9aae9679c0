//! Arguments, subcommands, terminal, exit codes.

pub mod feed;
