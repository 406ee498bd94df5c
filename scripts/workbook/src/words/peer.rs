//! The words of `peer`, around what the server and the foreign peer say themselves.

use std::process::ExitStatus;

/// The end, when all was well.
pub const PEER_GOOD: &str = "Every call went as the protocol says.";
/// The end, when it was not.
pub const PEER_BAD: &str =
    "Not every call went as the protocol says: look for the lines with WRONG.";
/// Before the remarks of the server.
pub const PEER_REMARKS: &str = "Meanwhile, in the server:";
/// The learner's answer, or the course, does not compile.
pub const PEER_NOT_BUILT: &str =
    "The server did not compile. Its errors are above; `cargo workbook check` judges your answer.";

sentences! {
    /// The narration is about to begin.
    peer_begins(language: &str) = "A real {language} program calls it.\n";
    /// Before anything happens: this may take a while.
    peer_builds(lesson: &str) = "Building the server of {lesson}:";
    /// The foreign peer is not on this machine.
    peer_missing(name: &str, why: &str, mend: &str) =
        "{name} is needed for this, and is missing here ({why}).\nTo get it: {mend}";
    /// The foreign peer took too long.
    peer_late(language: &str, seconds: u64) = "{language} had not finished after {seconds} s and was ended.";
    /// The server went away while it was called.
    peer_server_ended(status: ExitStatus) =
        "The whole server has ended ({status}). An answer may end its connection, never its \
         program: look for `process::exit`, and for a function that calls itself without an end.";
}

/// A lesson that has no peer.
pub fn peer_unknown(lesson: Option<&str>) -> String {
    match lesson {
        Some(lesson) => {
            format!("there is no peer for `{lesson}`; there is one for 02, 03, 06, 07 and 15")
        }
        None => "of which lesson? For example: cargo workbook peer 02".to_owned(),
    }
}
