//! What a browser may make the gateway hold or wait for, and what it has to bring.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method as Http, StatusCode, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use l06_grpc::deadline;
use serde_json::Value as Json;
use serde_json::error::Category;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::schema::Method;
use super::status::{Problem, REQUEST_ID};

/// The header with the time that a request gives itself, in milliseconds. `grpc-timeout` is understood
/// as well.
pub const TIMEOUT: &str = "x-timeout-ms";

/// A longer id is not taken: it would go into every log on the way.
const LONGEST_ID: usize = 64;

/// So long before the request's own end a body is given up: then there is still time to say so.
const BODY_RESERVE: Duration = Duration::from_millis(50);

// ANCHOR: limit
/// So many at the same time. Nobody queues: a queue in front of something that is too slow only makes
/// everybody wait who could have gone elsewhere.
#[derive(Debug)]
pub struct RequestLimit {
    all: Arc<Semaphore>,
}

/// A place that is taken until this is dropped.
pub type Place = OwnedSemaphorePermit;

impl RequestLimit {
    /// So many.
    #[must_use]
    pub fn new(all: usize) -> Self {
        let all = Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS)));
        RequestLimit { all }
    }

    /// Takes one.
    ///
    /// # Errors
    /// If there is none: 503, with a hint to come again.
    pub fn take(&self) -> Result<Place, Problem> {
        let place = self.all.clone().try_acquire_owned();
        let full = "the gateway has as many requests under way as it can hold";
        place.map_err(|_| Problem::new(Code::Unavailable, full).later(1))
    }
}
// ANCHOR_END: limit

/// The number of this request: the browser's own if it may be repeated, else a new one.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    let fits = |value: &&HeaderValue| {
        (1..=LONGEST_ID).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if let Some(own) = headers.get(REQUEST_ID).filter(fits) {
        return own.clone();
    }
    static LAST: AtomicU64 = AtomicU64::new(0);
    // The standard library has no random numbers, but its hash maps have random keys.
    let random = RandomState::new().hash_one(LAST.fetch_add(1, Ordering::Relaxed));
    HeaderValue::from_str(&format!("{random:016x}"))
        .unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// How long the request may take, if it says so.
///
/// # Errors
/// If nobody can understand it.
pub fn time(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let bad = |name: &str, form: &str| {
        Problem::new(
            Code::InvalidArgument,
            format!("header {name}: expected {form}"),
        )
    };
    if let Some(value) = headers.get(TIMEOUT) {
        let time = value.to_str().ok().and_then(|text| text.parse().ok());
        let time = time.ok_or_else(|| bad(TIMEOUT, "milliseconds, such as 500"))?;
        return Ok(Some(Duration::from_millis(time)));
    }
    deadline::asked_for(headers)
        .map_err(|_| bad("grpc-timeout", "a number and a unit, such as 500m"))
}

/// # Errors
/// If the URL is too long.
pub fn url(uri: &Uri, most: usize) -> Result<(), Problem> {
    match uri.path_and_query().map_or(0, |it| it.as_str().len()) {
        len if len > most => Err(too_large(&format!(
            "a URL of {len} bytes, and {most} are allowed; POST takes JSON, and more of it"
        ))),
        _ => Ok(()),
    }
}

fn too_large(words: &str) -> Problem {
    let problem = Problem::new(Code::ResourceExhausted, format!("too large: {words}"));
    problem.but(StatusCode::PAYLOAD_TOO_LARGE)
}

/// # Errors
/// If this is no GET, for pages that take nothing else.
pub fn only_get(method: &Http) -> Result<(), Problem> {
    match *method {
        Http::GET => Ok(()),
        _ => Err(Problem::method(
            "GET",
            format!("{method} means nothing here"),
        )),
    }
}

// ANCHOR: method
/// Whether a gRPC method can be called with this method of HTTP.
///
/// # Errors
/// 405 for a GET of something that is not harmless, and for all that is neither GET nor POST; 501 for
/// a method that takes a stream.
pub fn method(http: &Http, method: &Method) -> Result<(), Problem> {
    let name = method.desc.full_name();
    let allow = if method.harmless { "GET, POST" } else { "POST" };
    match *http {
        Http::POST | Http::GET if method.desc.is_client_streaming() => Err(Problem::new(
            Code::Unimplemented,
            format!("{name} takes a stream of requests. HTTP and JSON have none: call it by gRPC"),
        )),
        Http::POST => Ok(()),
        Http::GET if method.harmless => Ok(()),
        // Browsers, caches and link checkers GET what they like, and twice.
        Http::GET => Err(Problem::method(
            allow,
            format!("{name} may change something, its contract does not say otherwise: use POST"),
        )),
        _ => Err(Problem::method(allow, format!("{http} means nothing here"))),
    }
}
// ANCHOR_END: method

/// The JSON in the body of a POST.
///
/// # Errors
/// What is wrong with it: its type, its size, its JSON, or that it does not come.
pub async fn body(head: &Parts, body: Body, most: usize, until: Instant) -> Result<Json, Problem> {
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
    // A browser that is slow gets another answer than a service that is.
    let patience = until.checked_sub(BODY_RESERVE).unwrap_or(until);
    let read = timeout_at(patience, Limited::new(body, most).collect()).await;
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
    // JSON is UTF-8. Who says that it is something else would be misunderstood.
    json && parts.all(
        |part| match part.to_ascii_lowercase().strip_prefix("charset=") {
            Some(charset) => charset.trim_matches('"') == "utf-8",
            None => true,
        },
    )
}
