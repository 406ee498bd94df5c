//! The command line of lesson 09: being written.

fn main() {}
