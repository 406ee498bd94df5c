//! The view on the wire.

fn main() {}
