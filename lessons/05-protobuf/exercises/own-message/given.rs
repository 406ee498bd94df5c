//! What is given in this exercise: the answer uses it and does not change it.

/// How important a log entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Level {
    /// It was not set.
    Unspecified = 0,
    /// For information.
    Info = 1,
    /// An error.
    Error = 2,
}
