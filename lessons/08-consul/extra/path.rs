//! The path of a request: `%2F`, `..`, `//`, and bytes that are not UTF-8.

use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;

use crate::extra::answer::empty;

/// The whole of the answer for a path that would need cleaning before anyone looks at it.
///
/// `..`, `.` and `//` are answered by where they lead, as Go's server does, and never followed here.
pub fn tidy<B>(request: &Request<B>) -> Option<Response> {
    let path = request.uri().path();
    let Some(path) = unescape(path).filter(|path| !path.chars().any(char::is_control)) else {
        return Some(empty(StatusCode::BAD_REQUEST));
    };
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut clean = format!("/{}", parts.join("/"));
    if path.ends_with('/') && clean.len() > 1 || path == "/v1/kv" {
        clean.push('/');
    }
    if clean == path {
        return None;
    }
    let query = request
        .uri()
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    let there = format!("{}{query}", escape(&clean));
    let mut answer = empty(StatusCode::MOVED_PERMANENTLY);
    // Escaped, it is a header in any case.
    if let Ok(there) = HeaderValue::from_str(&there) {
        answer.headers_mut().insert(header::LOCATION, there);
    }
    Some(answer)
}

/// A path as it may stand in a header.
fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                escaped.push(char::from(byte));
            }
            byte => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

/// `%2F` is `/`. None, if it is not UTF-8 then.
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
