//! The command line of lesson 06.
fn main() {}
