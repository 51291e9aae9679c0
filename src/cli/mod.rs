//! Arguments, subcommands, terminal, exit codes.

pub mod feed;
pub mod init;
pub mod trail;
pub mod waive;
