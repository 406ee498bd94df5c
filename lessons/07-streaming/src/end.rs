//! Every call is limited in time. This middleware lies around all services: it ends a call when its
//! deadline is over, when it has lasted longer than the server allows, and when the server shuts down.
//!
//! Lesson 06 has such a clock too, and reads it only when there is nothing to send, because a reply is
//! one message there. Here a method may always have one more message ready, so the clock comes first.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Frame;
use l06_grpc::deadline::asked_for;
use l06_grpc::middleware::Next;
use tokio::sync::watch;
use tokio::time::sleep;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, Request, Response};
use tonic::codegen::{Body as HttpBody, Bytes};

/// The phase of the server's shutdown. Later phases are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The server takes calls.
    Serving,
    /// No new calls. Running calls go on.
    Finishing,
    /// Calls that watch are ended: they would never end by themselves.
    NoWatchers,
    /// All calls that still run are ended.
    Over,
}

/// These calls never end by themselves, and ending them loses nothing.
const ENDLESS: [&str; 2] = ["/grpc.health.v1.Health/Watch", "/grpc.reflection."];

/// Waits until the shutdown has reached a phase.
pub(crate) async fn reached(mut phase: watch::Receiver<Phase>, wanted: Phase) {
    if phase.wait_for(|phase| *phase >= wanted).await.is_err() {
        // The sender is dropped: the phase is never reached.
        std::future::pending().await
    }
}

// ANCHOR: keep
/// Runs the call, and ends it in time.
pub(crate) fn keep(
    longest: Duration,
    phase: watch::Receiver<Phase>,
    request: Request<Body>,
    next: Next,
) -> impl Future<Output = Response<Body>> + Send {
    // The clock starts here, not at the first poll of the future below: tonic has a clock of its own
    // around this one, which would be over first, with another status.
    let mut end = end(longest, phase, &request);
    async move {
        let response = tokio::select! {
            biased;
            status = &mut end => return status.into_http(),
            response = next(request) => response,
        };
        response.map(|body| {
            let body = Some(body);
            Body::new(Ending { body, end })
        })
    }
}
// ANCHOR_END: keep

/// Ready when the call must end, with the status.
type End = Pin<Box<dyn Future<Output = Status> + Send>>;

fn end(longest: Duration, phase: watch::Receiver<Phase>, request: &Request<Body>) -> End {
    let asked = match asked_for(request.headers()) {
        Ok(asked) => asked,
        Err(text) => {
            let status = Status::internal(format!("grpc-timeout: {text}?"));
            return Box::pin(std::future::ready(status));
        }
    };
    let late = match asked {
        Some(asked) if asked <= longest => "the deadline of the call is over".to_string(),
        _ => format!("no call may last longer than {longest:?} here"),
    };
    let clock = sleep(asked.unwrap_or(longest).min(longest));
    let path = request.uri().path();
    let last = match ENDLESS.iter().any(|endless| path.starts_with(endless)) {
        true => Phase::NoWatchers,
        false => Phase::Over,
    };
    Box::pin(async move {
        tokio::select! {
            () = clock => Status::deadline_exceeded(late),
            () = reached(phase, last) => {
                Status::unavailable("the server has stopped; the replies are not complete")
            }
        }
    })
}

// ANCHOR: ending
/// The body of a reply, until the call must end. Then it sends the status in the trailers, and drops the
/// body, so that the task that produces the messages notices.
struct Ending {
    /// `None` after the end.
    body: Option<Body>,
    end: End,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(status) = this.end.as_mut().poll(cx) {
            this.body = None;
            let mut trailers = HeaderMap::new();
            let added = status.add_header(&mut trailers);
            return Poll::Ready(Some(added.map(|()| Frame::trailers(trailers))));
        }
        Pin::new(body).poll_frame(cx)
    }
    // ANCHOR_END: ending

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}
