//! The command line of lesson 08.
fn main() {}
