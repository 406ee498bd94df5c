//! belief: close-enough-is-equal
//! words: A person can read it, so a program can.
//! check: says_hello
//! says: a program compares bytes

pub fn greeting() -> &'static str {
    "Hello,wire"
}
