//! What is given in this exercise: the answer uses it and does not change it.

use std::time::Duration;

/// How a call to the catalogue can fail: gRPC's codes, as far as a catalogue has them, with their meanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Something failed, and nobody knows what.
    Unknown,
    /// The request is wrong, whatever the catalogue holds.
    InvalidArgument,
    /// There was no answer in time. The call may have run.
    DeadlineExceeded,
    /// What was asked for is not there.
    NotFound,
    /// What should be made is there already.
    AlreadyExists,
    /// It is known who asks, and he may not.
    PermissionDenied,
    /// The one who asks has used up his share.
    ResourceExhausted,
    /// Something else has to be done first. Asking again does not help.
    FailedPrecondition,
    /// Somebody else was faster. Begin again.
    Aborted,
    /// Behind the end of what there is.
    OutOfRange,
    /// The catalogue has no such method.
    Unimplemented,
    /// Something is broken.
    Internal,
    /// Not there now. Asking again helps.
    Unavailable,
    /// Something was lost for ever.
    DataLoss,
    /// It is not known who asks.
    Unauthenticated,
}

/// What came from the catalogue in place of a reply.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: Code,
    /// For INTERNAL, UNKNOWN and DATA_LOSS: words for whoever repairs it. Else: words for the reader.
    pub message: String,
    /// When asking again helps, if the catalogue knows.
    pub back_in: Option<Duration>,
}

/// What the browser gets.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code of HTTP.
    pub status: u16,
    /// Name and value. Whether the name is in capitals does not matter.
    pub headers: Vec<(&'static str, String)>,
    /// What the page shows.
    pub message: String,
}
