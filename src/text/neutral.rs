//! Neutralises text that an attacker may have written, for each place it is printed to.
