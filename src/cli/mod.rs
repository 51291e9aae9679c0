//! Arguments, subcommands, terminal, exit codes. Only this module turns an answer into a number.

mod args;
mod check;
mod exit;
mod explain;
pub mod feed;
pub mod hook;
pub mod init;
mod output;
pub mod record;
mod setup;
pub mod trail;
pub mod trusted;
pub mod waive;
mod why;

use crate::sys::{Stream, Sys};
pub use args::{Cli, Command};
use clap::Parser;
pub use exit::Exit;
use std::ffi::OsString;

/// Runs the program with these arguments (the first is its name) and returns the exit code.
pub fn run(sys: &dyn Sys, args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            let (stream, exit) = if e.use_stderr() { (Stream::Err, Exit::Usage) } else { (Stream::Out, Exit::Yes) };
            return match sys.print(stream, e.render().to_string().as_bytes()) {
                Ok(()) => exit.code(),
                Err(_) => Exit::NotWritten.code(),
            };
        }
    };
    match cli.command {
        Command::Check(args) => check::run(sys, &args).code(),
        Command::Explain(args) => explain::run(sys, &args).code(),
        Command::Why(args) => why::run(sys, &args).code(),
        Command::Waive(args) => setup::waive(sys, &args),
        Command::Init(args) => setup::init(sys, &args),
        Command::Feed { command } => setup::feed(sys, &command),
        Command::Trail { command } => trail::run(sys, &command).unwrap_or_else(|_| Exit::NotWritten.code()),
        Command::Hook { command } => hook::run(sys, &command).code(),
        Command::Schema(args) => output::schema(sys, &args).code(),
        Command::Completions { shell } => output::completions(sys, shell).code(),
    }
}
