//! The command line of lesson 15.

fn main() {}
