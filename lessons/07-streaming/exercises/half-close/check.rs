mod exercise;
fn main() {}
