//! A message that is longer than the limit is RESOURCE_EXHAUSTED, says the documentation of gRPC's
//! status codes. tonic says OUT_OF_RANGE, which means something else there: "you have asked for what
//! lies behind the end". Callers branch on codes, so the difference is mended, on both sides.

use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tonic::{Code, Status};

use crate::around::Next;

const WORDS: &str = "message length too large";

/// On the server: the request was too long, which is known before the reply begins, or the reply is,
/// and then its trailers say so.
pub async fn mend(request: Request<Body>, next: Next) -> Response<Body> {
    let mut response = next(request).await;
    if response.headers().contains_key("grpc-status") {
        mend_headers(response.headers_mut());
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(|mut frame| {
            frame.trailers_mut().map(mend_headers);
            frame
        }))
    })
}

fn mend_headers(headers: &mut HeaderMap) {
    let is = |name, matches: fn(&str) -> bool| {
        let value: Option<&HeaderValue> = headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .is_some_and(matches)
    };
    // Inside of HTTP a message has `%20` for each space.
    let told = is("grpc-message", |words| {
        words.replace("%20", " ").contains(WORDS)
    });
    if told && is("grpc-status", |code| code == "11") {
        headers.insert("grpc-status", HeaderValue::from_static("8"));
    }
}

/// On the client: the reply was too long.
pub fn mended(status: Status) -> Status {
    if status.code() == Code::OutOfRange && status.message().contains(WORDS) {
        return Status::resource_exhausted(status.message());
    }
    status
}
