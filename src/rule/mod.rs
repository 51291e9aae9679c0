//! The built-in rules: loads and checks the files of `rules/`; holds no rule content.
