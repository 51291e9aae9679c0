//! Arguments, subcommands, terminal, exit codes.

pub mod feed;
pub mod init;
pub mod waive;
