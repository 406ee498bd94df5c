//! The return type says "some text", and the empty text is one. A type cannot say which text it should be, so a
//! check has to. Between two programs it is the same: the receiver compares bytes, and a capital letter or a
//! missing space makes another message.

/// The first message of this course: returns the text `hello, wire`.
pub fn greeting() -> &'static str {
    "hello, wire"
}
