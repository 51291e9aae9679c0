//! From facts to findings, one file per check.
