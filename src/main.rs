//! The program: everything is in the library, so that tests can reach it.

use portcullis::sys::RealSys;
use std::process::ExitCode;

/// A panic is a fault of Portcullis. The message is on standard error already; the gate stays shut.
const COULD_NOT_TELL: u8 = 3;

fn main() -> ExitCode {
    let ran = std::panic::catch_unwind(|| portcullis::cli::run(&RealSys, std::env::args_os()));
    ExitCode::from(ran.unwrap_or(COULD_NOT_TELL))
}
