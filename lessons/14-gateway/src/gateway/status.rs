//! Errors as HTTP: the status that a gRPC code becomes, and the JSON of its body.

use std::error::Error;
use std::io::{self, Write};

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value as Json, json};
use tonic::{Code, Status};

use super::transcode::FieldError;
use crate::extra::details;

/// The header with the number of a request. The browser may choose it, and gets it back.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

// ANCHOR: code
/// The status of HTTP for a code of gRPC, and the code's name. From the comments of
/// `google/rpc/code.proto`.
pub fn http(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::Ok => (StatusCode::OK, "OK"),
        // nginx's number for "the client has closed the request". HTTP itself has none.
        Code::Cancelled => (client_closed(), "CANCELLED"),
        Code::Unknown => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
        Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Code::AlreadyExists => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
        // Not 412: that one is about headers that such a request does not have.
        Code::FailedPrecondition => (StatusCode::BAD_REQUEST, "FAILED_PRECONDITION"),
        Code::Aborted => (StatusCode::CONFLICT, "ABORTED"),
        Code::OutOfRange => (StatusCode::BAD_REQUEST, "OUT_OF_RANGE"),
        Code::Unimplemented => (StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        Code::DataLoss => (StatusCode::INTERNAL_SERVER_ERROR, "DATA_LOSS"),
    }
}
// ANCHOR_END: code

fn client_closed() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Boxed: a `Result` is as large as its larger side, and this is the rare one.
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    http: StatusCode,
    status: &'static str,
    message: String,
    details: Vec<Json>,
    /// Seconds.
    retry_after: Option<u64>,
    allow: Option<&'static str>,
    /// What the browser is not told.
    hidden: Option<String>,
}

impl Problem {
    /// A problem with the usual status of this code.
    pub fn new(code: Code, message: impl Into<String>) -> Problem {
        let (http, status) = http(code);
        Problem {
            inner: Box::new(Inner {
                http,
                status,
                message: message.into(),
                details: Vec::new(),
                retry_after: None,
                allow: None,
                hidden: None,
            }),
        }
    }

    /// Sets a more exact status of HTTP.
    pub fn but(mut self, http: StatusCode) -> Problem {
        self.inner.http = http;
        self
    }

    /// Sets `Retry-After`: the request may work after so many seconds.
    pub fn later(mut self, seconds: u64) -> Problem {
        self.inner.retry_after = Some(seconds);
        self
    }

    /// With another method than this one it would work.
    pub fn method(allow: &'static str, message: impl Into<String>) -> Problem {
        let mut problem = Problem::new(Code::Unimplemented, message);
        problem.inner.http = StatusCode::METHOD_NOT_ALLOWED;
        problem.inner.allow = Some(allow);
        problem
    }

    /// Makes the error for a service that breaks the protocol: 502.
    pub fn bad_gateway(message: impl Into<String>) -> Problem {
        Problem::new(Code::Internal, message).but(StatusCode::BAD_GATEWAY)
    }

    /// The request took longer than it was allowed to.
    pub fn too_slow(message: impl Into<String>) -> Problem {
        Problem::new(Code::DeadlineExceeded, message)
    }

    /// Returns the status of HTTP.
    pub fn http(&self) -> StatusCode {
        self.inner.http
    }

    /// Returns the text of the error.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    // ANCHOR: problem
    /// As JSON. What it leaves out goes to the log, with the number of the request.
    pub fn json(&self, request_id: &HeaderValue) -> Json {
        let inner = &self.inner;
        if let Some(hidden) = &inner.hidden {
            let id = request_id.to_str().unwrap_or_default();
            // Without a reader of the log the request is answered all the same.
            let _ = writeln!(io::stderr(), "request {id}: {}: {hidden:?}", inner.status);
        }
        let mut json = json!({
            "code": inner.http.as_u16(),
            "status": inner.status,
            "message": inner.message,
            "request_id": request_id.to_str().unwrap_or_default(),
        });
        if !inner.details.is_empty() {
            json["details"] = Json::Array(inner.details.clone());
        }
        json
    }
    // ANCHOR_END: problem

    /// Returns the error as a response.
    pub fn response(&self, request_id: &HeaderValue) -> Response<Body> {
        let mut response = Response::new(Body::from(self.json(request_id).to_string()));
        *response.status_mut() = self.inner.http;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.inner.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(allow) = self.inner.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl From<FieldError> for Problem {
    fn from(bad: FieldError) -> Problem {
        let message = match bad.field.as_str() {
            "" => format!("the request does not fit: {}", bad.why),
            field => format!("field `{field}`: {}", bad.why),
        };
        let mut problem = Problem::new(Code::InvalidArgument, message);
        problem.inner.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": bad.field, "description": bad.why }],
        }));
        problem
    }
}

// ANCHOR: hidden
/// What a browser is told in place of the words of a fault. They are for the operator of the service, and may
/// name a table, a path or an address.
fn shown(status: &Status) -> Option<&'static str> {
    match status.code() {
        Code::Unknown | Code::Internal | Code::DataLoss => {
            Some("the service has failed; its log has this request_id")
        }
        // A status that has come from a service has no source: this one was made on the way there.
        Code::Unavailable if status.source().is_some() => {
            Some("the service was not reached; it may work later")
        }
        _ => None,
    }
}
// ANCHOR_END: hidden

impl From<Status> for Problem {
    fn from(status: Status) -> Problem {
        if let Some(shown) = shown(&status) {
            let mut problem = Problem::new(status.code(), shown);
            problem.inner.hidden = Some(status.message().to_string());
            return problem;
        }
        let mut problem = Problem::new(status.code(), status.message());
        let details = details::of(&status);
        problem.inner.retry_after = details.retry_after;
        problem.inner.details = details.json;
        problem
    }
}
