//! What is given in this exercise: the answer uses it and does not change it.

/// `std::sync::Mutex`; while the check runs, the check decides which thread takes the lock next.
#[allow(unused_imports, reason = "an answer may do without a lock")]
pub use testkit::schedule::Mutex;

/// What a call gets: its value, or `Lost`.
pub type Answer = Result<String, Lost>;

/// The connection ended before the reply. The method has run, or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// The id and the value of a reply, or `None` if the line is not a reply.
pub fn parse(line: &str) -> Option<(u32, &str)> {
    let (id, value) = line.trim_end_matches('\n').split_once(' ')?;
    Some((id.parse().ok()?, value))
}
