//! The command line of lesson 07.
fn main() {}
