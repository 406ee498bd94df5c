//! The body of a request: its type, its size, its JSON, and the time for all of it.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value as Json;
use serde_json::error::Category;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use crate::gateway::limits::too_large;
use crate::gateway::status::Problem;

/// A body is given up so long before the end of its request: then there is time for the answer.
const RESERVE: Duration = Duration::from_millis(50);

/// The JSON in the body of a POST.
///
/// # Errors
/// What is wrong with it: its type, its size, its JSON, or that it does not come.
pub async fn read(head: &Parts, body: Body, most: usize, until: Instant) -> Result<Json, Problem> {
    if head.uri.query().is_some_and(|query| !query.is_empty()) {
        let words = "a POST has its fields in the body and none in the URL";
        return Err(Problem::new(Code::InvalidArgument, words));
    }
    if !is_json(&head.headers) {
        let words = "the body has to be JSON: content-type: application/json";
        let problem = Problem::new(Code::InvalidArgument, words);
        return Err(problem.but(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let words = format!("a body may have {most} bytes");
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|it| it.to_str().ok()?.parse().ok());
    if announced.is_some_and(|len: usize| len > most) {
        return Err(too_large(&words));
    }
    // A slow browser gets another answer than a slow service.
    let limit = until.checked_sub(RESERVE).unwrap_or(until);
    let read = timeout_at(limit, Limited::new(body, most).collect()).await;
    let slow = |_| {
        let problem = Problem::too_slow("the body did not come in time");
        problem.but(StatusCode::REQUEST_TIMEOUT)
    };
    let bytes = match read.map_err(slow)? {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large(&words)),
        Err(error) => {
            let words = format!("the body has broken off: {error}");
            return Err(Problem::new(Code::InvalidArgument, words));
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let words = match error.classify() {
            Category::Eof if bytes.is_empty() => {
                "the body is empty; a message without fields is {}".to_string()
            }
            // It ends with the line and the column.
            _ if line > 0 => format!("the body is no JSON: {error}"),
            _ => format!("the body is no JSON: {error} at line {line} column {column}"),
        };
        Problem::new(Code::InvalidArgument, words)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    // JSON is UTF-8. With another charset the text would be read wrongly.
    json && parts.all(
        |part| match part.to_ascii_lowercase().strip_prefix("charset=") {
            Some(charset) => charset.trim_matches('"') == "utf-8",
            None => true,
        },
    )
}
