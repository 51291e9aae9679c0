//! Arguments, subcommands, terminal, exit codes.

pub mod init;
pub mod waive;
pub mod feed;
