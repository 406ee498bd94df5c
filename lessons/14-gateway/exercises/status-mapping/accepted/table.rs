//! Accepted: a table in place of the `match`, and the time rounded up by its milliseconds.

// Given in given.rs, beside this file: `Code`, `Failure`, `Answer`.
pub use super::given::*;

const STATUS: [(Code, u16); 15] = [
    (Code::InvalidArgument, 400),
    (Code::OutOfRange, 400),
    (Code::FailedPrecondition, 400),
    (Code::Unauthenticated, 401),
    (Code::PermissionDenied, 403),
    (Code::NotFound, 404),
    (Code::AlreadyExists, 409),
    (Code::Aborted, 409),
    (Code::ResourceExhausted, 429),
    (Code::Unknown, 500),
    (Code::Internal, 500),
    (Code::DataLoss, 500),
    (Code::Unimplemented, 501),
    (Code::Unavailable, 503),
    (Code::DeadlineExceeded, 504),
];

pub fn answer(failure: &Failure) -> Answer {
    let found = STATUS.iter().find(|(code, _)| *code == failure.code);
    let status = found.map_or(500, |(_, status)| *status);
    let mut headers = Vec::new();
    if let Some(time) = failure.retry_in {
        headers.push(("Retry-After", time.as_millis().div_ceil(1000).to_string()));
    }
    if failure.code == Code::Unauthenticated {
        headers.push(("WWW-Authenticate", "Bearer".to_string()));
    }
    let mut message = failure.message.as_str();
    if matches!(
        failure.code,
        Code::Unknown | Code::Internal | Code::DataLoss
    ) {
        message = "internal error";
    }
    Answer {
        status,
        headers,
        message: message.to_string(),
    }
}
