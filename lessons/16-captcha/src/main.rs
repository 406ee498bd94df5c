//! The command line of lesson 16.

fn main() {}
