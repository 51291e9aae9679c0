//! Text without a domain: globs, quoting, line index, and the neutralising of what an attacker wrote.

pub mod base64;
pub mod glob;
pub mod neutral;
pub mod shell;
