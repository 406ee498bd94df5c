//! The command line of lesson 05.
fn main() {}
