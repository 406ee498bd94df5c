/// The first message of this course. It should say `hello, wire`.
///
/// This compiles, and the compiler is content with it. The check is not.
pub fn greeting() -> &'static str {
    ""
}
