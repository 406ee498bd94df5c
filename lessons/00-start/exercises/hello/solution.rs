//! The type says "some text", and the empty text is one. That is all a compiler can promise; which
//! text it should be is a promise between people, so something has to check it. Between programs
//! it is the same: a peer compares bytes, and a capital letter or a missing space is another message.

/// The first message of this course. It should say `hello, wire`.
pub fn greeting() -> &'static str {
    "hello, wire"
}
