//! Arguments, subcommands, terminal, exit codes.
