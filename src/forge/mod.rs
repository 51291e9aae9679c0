//! What the CI environment says of the run: which change, which base. Reads variables, trusts none for more than that.
