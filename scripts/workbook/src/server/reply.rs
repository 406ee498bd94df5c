//! What an answer consists of: a body that is known, or one that never ends.

use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
};
use hyper::{Response, StatusCode};
use serde_json::json;

use super::csp;
use super::events::Stream;
use super::guard::Refusal;

/// The body of an answer: all of it, or events as they happen.
pub type Reply = Either<Full<Bytes>, Stream>;

/// An answer, or why there is none.
pub type Answer = Result<Response<Reply>, Refusal>;

/// A body that is known.
pub fn whole(bytes: impl Into<Bytes>) -> Reply {
    Either::Left(Full::new(bytes.into()))
}

/// An answer with the headers that all have.
pub fn with(status: StatusCode, kind: &'static str, body: Reply) -> Response<Reply> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// No cache without asking, no guessing of types, nothing told to or embedded by other sites.
const ALWAYS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-cache"),
    (hyper::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (hyper::header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// JSON.
pub fn json(status: StatusCode, value: &impl serde::Serialize) -> Response<Reply> {
    let text = serde_json::to_vec(value).unwrap_or_default();
    let mut response = with(status, "application/json", whole(text));
    let policy = HeaderValue::from_static(csp::NOTHING);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// JSON of a request that went well.
pub fn ok(value: &impl serde::Serialize) -> Response<Reply> {
    json(StatusCode::OK, value)
}

/// A refusal, in words that the page shows as they are.
pub fn refusal(status: StatusCode, words: &str) -> Response<Reply> {
    let mut response = json(status, &json!({ "error": words }));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    response
}
