//! The git program, hardened: absolute path, empty environment, no hooks, no fsmonitor, no filters, no textconv, no
//! bare-repository discovery, no prompts, no optional locks. It knows repositories, not what is judged in them.
