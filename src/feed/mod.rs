//! Advisory data: sources, the compiled file, its age and its signature.
