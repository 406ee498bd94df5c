//! No call is endless. This lies around every service, so that no method has to think of it: it ends
//! a call when its deadline is over, when it has lasted longer than the server allows, and when
//! the server has to go.
//!
//! Lesson 06 has such a clock as well, and looks at it only when there is nothing to send: a reply is
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

/// How far the end of the server has come. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It serves.
    Serving,
    /// No new calls. Those under way go on.
    Finishing,
    /// Who only watches is sent away: watching has no end of its own.
    NoWatchers,
    /// Whatever still runs is ended.
    Over,
}

/// Watching: these calls never end by themselves, and nothing is lost when they are ended.
const ENDLESS: [&str; 2] = ["/grpc.health.v1.Health/Watch", "/grpc.reflection."];

/// Waits until the server has come so far.
pub(crate) async fn reached(mut phase: watch::Receiver<Phase>, wanted: Phase) {
    if phase.wait_for(|phase| *phase >= wanted).await.is_err() {
        // The sender is gone: then it does not happen.
        std::future::pending().await
    }
}

// ANCHOR: keep
/// Makes the call, and ends it in time.
pub(crate) fn keep(
    longest: Duration,
    phase: watch::Receiver<Phase>,
    request: Request<Body>,
    next: Next,
) -> impl Future<Output = Response<Body>> + Send {
    // The clocks start here, and not when the future below is first looked at: tonic has one of its
    // own around us, and would be the first to ring, with another status.
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

/// Is ready when the call has to end, with the reason.
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
                Status::unavailable("the server has stopped; what you have got is not all")
            }
        }
    })
}

// ANCHOR: ending
/// The messages of a reply, until the call has to end. Then comes the reason, as a status in the
/// trailers; and the messages are dropped, so that the task that makes them notices.
struct Ending {
    /// `None` once it has ended.
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
