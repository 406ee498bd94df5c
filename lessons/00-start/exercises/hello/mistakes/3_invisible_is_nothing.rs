//! belief: invisible-is-nothing
//! words: What I cannot see on the screen is not there.
//! check: says_hello
//! says: a newline around it

pub fn greeting() -> &'static str {
    "hello, wire\n"
}
