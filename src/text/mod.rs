//! Text without a domain: counting words, globs, quoting, redaction, and the neutralising of what an attacker wrote.

pub mod base64;
pub mod borrowed;
pub mod count;
pub mod glob;
pub mod neutral;
pub mod object;
pub mod redact;
pub mod shell;
