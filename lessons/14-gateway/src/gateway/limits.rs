//! The limits of the gateway: what a browser can make it hold or wait for, and what a request must have.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header::{HeaderMap, HeaderValue};
use axum::http::{Method as Http, StatusCode, Uri};
use l06_grpc::deadline;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;

use super::schema::Method;
use super::status::{Problem, REQUEST_ID};

/// The header with the time that a request gives itself, in milliseconds. `grpc-timeout` is understood
/// as well.
pub const TIMEOUT: &str = "x-timeout-ms";

/// A longer id is not taken: it would go into every log on the way.
const LONGEST_ID: usize = 64;

// ANCHOR: limit
/// A limit on the number of requests at the same time. There is no queue: in front of a slow service it only
/// delays clients that could go elsewhere.
#[derive(Debug)]
pub struct RequestLimit {
    all: Arc<Semaphore>,
}

/// A place that is taken until this is dropped.
pub type Place = OwnedSemaphorePermit;

impl RequestLimit {
    /// Makes a limit of `all` requests.
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

/// Returns the time that the request allows, if it says so.
///
/// # Errors
/// If the header cannot be read.
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

/// Makes an error 413 with this text.
pub(crate) fn too_large(words: &str) -> Problem {
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
/// Checks that a gRPC method can be called with this method of HTTP.
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
