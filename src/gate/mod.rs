//! The road itself, from targets to a verdict.
