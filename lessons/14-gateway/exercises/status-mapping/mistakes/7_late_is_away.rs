//! belief: late-is-away
//! words: Who answers too late is not there.
//! check: f_behind_the_desk
//! says: It may have run all the same

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

/// What the desk tells a browser when the catalogue has failed.
pub fn answer(failure: &Failure) -> Answer {
    let status = match failure.code {
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable | Code::DeadlineExceeded => 503,
    };
    let mut headers = Vec::new();
    if status == 401 {
        headers.push(("www-authenticate", "Bearer".to_string()));
    }
    if let Some(time) = failure.back_in {
        let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        headers.push(("retry-after", whole.to_string()));
    }
    let message = match status {
        500 => "something is broken here, and it is not your fault".to_string(),
        _ => failure.message.clone(),
    };
    Answer {
        status,
        headers,
        message,
    }
}
