//! A status is read by programs: browsers, caches, load balancers, the next gateway. 4xx says that the request has
//! to change, 5xx that this side has to; 503 and 429 say that waiting helps, and `Retry-After` how long, rounded up,
//! because too early is in vain. 401 and 403 differ in what helps: a card, or nothing. The `match` has no `_`: a
//! code that is added one day has to be thought about. What is behind a 500 is for our log and not for a page. (The real
//! gateway writes it there, under the id of the request.)

// Given in given.rs, beside this file: `Code`, `Failure`, `Answer`.
pub use super::given::*;

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
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
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
