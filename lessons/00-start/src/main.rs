//! The first lesson.

fn main() {}
