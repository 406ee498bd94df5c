//! belief: quotes-belong-to-the-text
//! words: The quotes on the screen belong to the text.
//! check: says_hello
//! says: the text between the quotes

pub fn greeting() -> &'static str {
    "\"hello, wire\""
}
