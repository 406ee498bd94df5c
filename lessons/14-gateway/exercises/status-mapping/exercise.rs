// Given in given.rs, beside this file: `Code`, `Failure`, `Answer`.
pub use super::given::*;

/// Returns what a gateway answers to a browser when a gRPC call has failed.
///
/// * The status lets a program do the right thing without reading the message. There is one for each code: 400, 401,
///   403, 404, 409, 429, 500, 501, 503 or 504. Step 6 of the chapter has the cases.
/// * A 401 has the header `www-authenticate: Bearer` (RFC 9110, section 11.6.1).
/// * If the service knows when repeating helps, the header `retry-after` has that time, in whole seconds. It is never
///   shorter than `retry_in`. If the service does not know, there is no such header.
/// * The message of INTERNAL, UNKNOWN and DATA_LOSS is not for clients: nothing of it is in the answer. Other words are
///   there in its place, so that the body is not empty. Every other message is passed on.
pub fn answer(failure: &Failure) -> Answer {
    let status = match failure.code {
        Code::DeadlineExceeded => 504,
        _ => 500,
    };
    let mut headers = Vec::new();
    if let Some(time) = failure.retry_in {
        headers.push(("retry-after", time.as_secs().to_string()));
    }
    let message = failure.message.clone();
    Answer {
        status,
        headers,
        message,
    }
}
