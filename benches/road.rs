//! Benchmarks of the road.
fn main() {}
