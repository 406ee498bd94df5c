//! The deadline of a call. The client sends how long it will wait, in the header `grpc-timeout`; the
//! server stops when that time is over, and says DEADLINE_EXCEEDED.
//!
//! tonic has a clock for this header of its own. Two things are missing in it: its status is
//! CANCELLED, and it stops looking when the response begins, so a stream may go on without limit. This
//! layer lies within tonic's and is therefore always the first to ring.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Frame;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, Request, Response};
use tonic::codegen::{Body as HttpBody, Bytes};

use crate::middleware::Next;

// ANCHOR: keep
/// Ends the call when the caller's time is over. Whatever the caller says, the response begins
/// within `longest`.
pub fn keep(
    longest: Duration,
    request: Request<Body>,
    next: Next,
) -> impl Future<Output = Response<Body>> + Send {
    // The clock starts here and not when the future below is first looked at: then tonic's, which
    // is a little older, could ring first.
    let now = Instant::now();
    async move {
        let asked = match asked_for(request.headers()) {
            Ok(asked) => asked,
            Err(text) => return Status::internal(format!("grpc-timeout: {text}?")).into_http(),
        };
        let until = now + asked.map_or(longest, |asked| asked.min(longest));
        // When the time is over, the future of the call is dropped. That is all "stopping" is: what
        // belongs to the future ends with it, and what was spawned does not.
        let Ok(response) = timeout_at(until, next(request)).await else {
            return over().into_http();
        };
        match asked {
            Some(asked) => response.map(|body| Body::new(Until::new(body, now + asked))),
            None => response,
        }
    }
}
// ANCHOR_END: keep

const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn over() -> Status {
    Status::deadline_exceeded("the time for this call is over; its work was stopped")
}

/// Reads the header `grpc-timeout`: at most eight digits, and a unit. `None` is returned if there
/// is no such header.
///
/// # Errors
/// The text, if it says nothing that can be understood.
pub fn asked_for(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    // Eight digits of hours are eleven thousand years, and not every clock can count so far.
    let parsed = parse(&text).map(|time| Some(time.min(A_YEAR)));
    parsed.ok_or(text)
}

fn parse(text: &str) -> Option<Duration> {
    let (unit, digits) = text.as_bytes().split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// A response that ends with DEADLINE_EXCEEDED if it has not ended before.
struct Until {
    /// `None` once it has ended.
    body: Option<Body>,
    clock: Pin<Box<Sleep>>,
}

impl Until {
    fn new(body: Body, until: Instant) -> Self {
        Until {
            body: Some(body),
            clock: Box::pin(sleep_until(until)),
        }
    }
}

impl HttpBody for Until {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(None);
        };
        // What is ready goes out, also in the last moment.
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if self.clock.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.body = None;
        let mut trailers = HeaderMap::new();
        let frame = over()
            .add_header(&mut trailers)
            .map(|()| Frame::trailers(trailers));
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}
