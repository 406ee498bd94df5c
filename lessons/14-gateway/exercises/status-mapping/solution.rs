//! Browsers, caches, load balancers and other gateways read the status, and none of them reads the message. 4xx says that
//! the request has to change, 5xx that the server has to. 503 and 429 say that waiting helps, and `Retry-After` says how
//! long, rounded up: a client that comes too early is refused again. The `match` has no `_`, so the compiler asks for
//! each code that is added. The words behind a 500 belong into the log, under the id of the request.

// Given in given.rs, beside this file: `Code`, `Failure`, `Answer`.
pub use super::given::*;

/// Returns what a gateway answers to a browser when a gRPC call has failed.
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
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    };
    let mut headers = Vec::new();
    if status == 401 {
        headers.push(("www-authenticate", "Bearer".to_string()));
    }
    if let Some(time) = failure.retry_in {
        let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        headers.push(("retry-after", whole.to_string()));
    }
    let message = match status {
        500 => "the service has a fault".to_string(),
        _ => failure.message.clone(),
    };
    Answer {
        status,
        headers,
        message,
    }
}
