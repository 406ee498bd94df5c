//! The metadata of a call: headers in front of the request, headers in front of the reply, and trailers behind
//! it. Here every call gets a number that both sides can write into their logs, and the trailer says how long
//! the server took: only at the end is that known.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};

use crate::middleware::Next;

/// The header with the number of a call. A caller may choose it, and gets it back.
pub const REQUEST_ID: &str = "x-request-id";
/// The trailer: microseconds from the request's headers to the end of the reply.
pub const TOOK: &str = "x-took-us";

/// A longer name is not taken: it would go into every log on the way.
const LONGEST: usize = 64;

// ANCHOR: stamp
/// Gives the call its number, and writes the time into its trailers.
pub async fn stamp(request: Request<Body>, next: Next) -> Response<Body> {
    let since = Instant::now();
    let id = chosen(request.headers()).unwrap_or_else(new_id);
    let mut response = next(request).await;
    response.headers_mut().insert(REQUEST_ID, id);
    // A failed call is nothing but headers: they are in front and behind at once.
    if response.headers().contains_key("grpc-status") {
        response.headers_mut().insert(TOOK, micros(since));
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                trailers.insert(TOOK, micros(since));
            }
            frame
        }))
    })
}
// ANCHOR_END: stamp

/// The caller's own number, if it is one that may be repeated.
fn chosen(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(REQUEST_ID)?;
    let fits = (1..=LONGEST).contains(&value.len());
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    (fits && visible).then(|| value.clone())
}

fn new_id() -> HeaderValue {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    HeaderValue::from_str(&format!("call-{number}"))
        .unwrap_or_else(|_| HeaderValue::from_static("call"))
}

fn micros(since: Instant) -> HeaderValue {
    u64::try_from(since.elapsed().as_micros())
        .unwrap_or(u64::MAX)
        .into()
}
