//! Statuses, normalized. tonic reports some failures under another code than the documents of gRPC
//! give them; callers branch on codes, so the difference is corrected in this one file.
//!
//! | what happened | tonic 0.14 | gRPC | where gRPC says so |
//! |---|---|---|---|
//! | the connection broke under the call | UNKNOWN, CANCELLED | UNAVAILABLE | `statuscodes.md`: "some data transmitted before connection breaks" |
//! | GOAWAY crossed the call on the wire | INTERNAL | UNAVAILABLE | `statuscodes.md`: "server shutting down"; RFC 9113, section 6.8 |
//! | the deadline expired | CANCELLED | DEADLINE_EXCEEDED | `statuscodes.md`: "deadline expires before server returns status" |
//! | a message is longer than the limit | OUT_OF_RANGE | RESOURCE_EXHAUSTED | `statuscodes.md`: "larger than configured limit" |
//!
//! `statuscodes.md` and `PROTOCOL-HTTP2.md` (its section "Errors" maps the error codes of HTTP/2 to
//! statuses) are in the directory `doc` of the repository `grpc/grpc`. The functions look at the
//! [`source`](Error::source) of a status: a status that the server sent has none, only a failure that
//! was found on this side has one. A normalized status has lost it, so ask [`may_have_run`] first.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use h2::Reason;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tonic::{Code, ConnectError, Status};

use crate::middleware::Next;

/// The message of tonic's status for a message that is longer than the limit.
const TOO_LONG: &str = "message length too large";

// ANCHOR: normalized
/// The status of a failed call on a client, with the code that gRPC has for what happened to its
/// connection or its deadline. `until` is the moment when the deadline expires, if the call has one.
pub fn normalized(status: Status, until: Option<Instant>) -> Status {
    let code = status.code();
    if let (Code::Unknown | Code::Cancelled, Some(error)) = (code, causes(&status).find(lost)) {
        let words = format!("the connection is lost ({error}); the call may have run");
        return Status::unavailable(words);
    }
    if code == Code::Internal && causes(&status).any(goaway) {
        return Status::unavailable("the server was about to end; the call did not run");
    }
    // tonic's clock may have been a moment faster than the caller's.
    let soon = Instant::now() + Duration::from_millis(2);
    if code == Code::Cancelled && until.is_some_and(|until| soon >= until) {
        return Status::deadline_exceeded("no answer in time; the call may have run all the same");
    }
    status
}
// ANCHOR_END: normalized

/// The status of a call on a client whose reply was longer than the client's own limit, or whose request
/// was. It stands apart from [`normalized`], because a gateway has to know on which side the limit was.
pub fn too_long(status: Status) -> Status {
    if status.code() == Code::OutOfRange && status.message().contains(TOO_LONG) {
        return Status::resource_exhausted(status.message());
    }
    status
}

// ANCHOR: may_have_run
/// Returns whether the server may have done what the call asked for. `false` is certain: the server was not
/// reached, or it said that it did not begin; such a call can be made again, whatever it does. The code
/// cannot tell: UNAVAILABLE can be a connection that was refused, and also one that broke when the work
/// was done. The causes beneath the status can.
pub fn may_have_run(status: &Status) -> bool {
    !causes(status).any(|error| error.is::<ConnectError>() || goaway(error) || refused(error))
}

/// "I take calls up to this number; yours came later": RFC 9113, section 6.8.
fn goaway(error: &(dyn Error + 'static)) -> bool {
    (error.downcast_ref::<h2::Error>())
        .is_some_and(|error| error.is_go_away() && error.reason() == Some(Reason::NO_ERROR))
}

/// "I did not begin with this one": REFUSED_STREAM in RFC 9113, section 8.7.
fn refused(error: &(dyn Error + 'static)) -> bool {
    (error.downcast_ref::<h2::Error>())
        .is_some_and(|error| error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM))
}
// ANCHOR_END: may_have_run

/// The connection broke.
fn lost(error: &&(dyn Error + 'static)) -> bool {
    error.is::<io::Error>()
        // A reply that has begun and breaks off: h2 keeps the reason to itself.
        || (error.downcast_ref::<h2::Error>()).is_some_and(h2::Error::is_io)
        || (error.downcast_ref::<hyper::Error>())
            .is_some_and(|error| error.is_canceled() || error.is_closed())
}

/// The source of the status, the source of that, and so on.
fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    successors(status.source(), |&error| error.source())
}

/// Corrects the status of a reply on the server: RESOURCE_EXHAUSTED, for the callers in other languages.
/// The request was too long, which is known before the reply begins, or the reply is, and then its
/// trailers say so.
pub async fn normalize_replies(request: Request<Body>, next: Next) -> Response<Body> {
    let mut response = next(request).await;
    if response.headers().contains_key("grpc-status") {
        normalize_headers(response.headers_mut());
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(|mut frame| {
            frame.trailers_mut().map(normalize_headers);
            frame
        }))
    })
}

fn normalize_headers(headers: &mut HeaderMap) {
    let text = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    // A status message is percent-encoded in its header: `%20` for each space.
    let told = text("grpc-message").replace("%20", " ").contains(TOO_LONG);
    if told && text("grpc-status") == "11" {
        headers.insert("grpc-status", HeaderValue::from_static("8"));
    }
}
