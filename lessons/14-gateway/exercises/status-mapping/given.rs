//! What is given in this exercise: the answer uses it and does not change it.

use std::time::Duration;

/// gRPC's codes for a failed call (`google/rpc/code.proto`), without CANCELLED: here the client waits to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The call failed, and the cause is not known.
    Unknown,
    /// The request is wrong, whatever the state of the service is.
    InvalidArgument,
    /// No reply came in time. The call may have run.
    DeadlineExceeded,
    /// What was asked for is not there.
    NotFound,
    /// What should be made is there already.
    AlreadyExists,
    /// The caller is known, and may not do this.
    PermissionDenied,
    /// The caller has used up its share.
    ResourceExhausted,
    /// Another request has to come first. Repeating this one does not help.
    FailedPrecondition,
    /// Another caller was faster. The caller may begin again.
    Aborted,
    /// Behind the end of what there is.
    OutOfRange,
    /// The service has no such method.
    Unimplemented,
    /// Something is broken inside the service.
    Internal,
    /// The service is not there now. Repeating the call later helps.
    Unavailable,
    /// Data is lost.
    DataLoss,
    /// The caller is not known.
    Unauthenticated,
}

/// A failed call.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: Code,
    /// For INTERNAL, UNKNOWN and DATA_LOSS: words for the operator of the service. Else: words for the client.
    pub message: String,
    /// When repeating helps, if the service knows.
    pub retry_in: Option<Duration>,
}

/// What the browser gets.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Name and value. A name may have small or capital letters.
    pub headers: Vec<(&'static str, String)>,
    /// The text of the body.
    pub message: String,
}
