//! What is given in this exercise: the answer uses it and does not change it.

/// A service registers itself: these are the params of its call.
#[derive(Debug, PartialEq)]
pub struct Registration {
    pub service: String,
    pub ports: Vec<u16>,
    /// Optional.
    pub tag: Option<String>,
}

/// Why a text is refused.
#[derive(Debug, PartialEq)]
pub enum Refused {
    /// The text is not JSON.
    NotJson,
    /// It is JSON, but this member is missing, or its value has the wrong type.
    Member(&'static str),
}
