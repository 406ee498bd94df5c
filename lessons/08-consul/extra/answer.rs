//! HTTP responses as Consul writes them: its JSON, its headers, and its errors in plain text.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use crate::api::call::{Answer, Call};
use crate::refused::Refused;

impl Call {
    /// An answer in JSON.
    pub fn answer(&self, value: &impl Serialize) -> Answer {
        let wrong = |error: serde_json::Error| Refused::internal(error.to_string());
        let mut bytes = Vec::new();
        if self.has("pretty") {
            let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
            let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, indent);
            value.serialize(&mut serializer).map_err(wrong)?;
            bytes.push(b'\n');
        } else {
            serde_json::to_writer(&mut bytes, value).map_err(wrong)?;
        }
        let mut answer = Response::new(Body::from(bytes));
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(answer)
    }

    /// An answer in JSON that tells its index, for the next question to begin from.
    pub fn indexed(&self, index: u64, value: &impl Serialize) -> Answer {
        let mut answer = self.answer(value)?;
        tell_index(&mut answer, index);
        let mode = match (self.has("stale"), self.has("consistent")) {
            (true, _) => "stale",
            (_, true) => "consistent",
            _ => "leader",
        };
        let mode = HeaderValue::from_static(mode);
        let headers = answer.headers_mut();
        headers.insert("x-consul-effective-consistency", mode);
        Ok(answer)
    }
}

/// The index, and what a client of a cluster wants to know of the server behind it.
pub fn tell_index(answer: &mut Response, index: u64) {
    let headers = answer.headers_mut();
    // An index of 0 would mean "do not wait" when it comes back.
    headers.insert("x-consul-index", index.max(1).into());
    headers.insert("x-consul-knownleader", HeaderValue::from_static("true"));
    headers.insert("x-consul-lastcontact", 0.into());
}

/// An answer without a word.
pub fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// An answer in words.
pub fn text(status: StatusCode, words: impl Into<Body>) -> Response {
    let mut answer = Response::new(words.into());
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

/// A refusal as it is sent.
pub fn refusal(refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.status);
    text(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        refused.words,
    )
}

/// Consul compresses for those who ask, and says so to caches; this agent never does, and says the same.
pub fn vary(mut answer: Response) -> Response {
    let value = HeaderValue::from_static("Accept-Encoding");
    answer.headers_mut().insert(header::VARY, value);
    answer
}
