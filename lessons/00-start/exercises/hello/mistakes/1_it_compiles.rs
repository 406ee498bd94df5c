//! belief: it-compiles-so-it-is-right
//! words: It compiles, so it is right.
//! check: says_hello
//! says: You returned nothing

pub fn greeting() -> &'static str {
    Default::default()
}
