//! No call is endless. A layer around every service, so that no method has to think of it: it ends a
//! call when its deadline is over, when it has lasted longer than the server allows, or when the
//! server has to go.
//!
//! tonic knows the deadline of a call as well, but only until the method has returned. The method of a
//! stream returns before its first message; from there on this is the only clock.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Frame, SizeHint};
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Bytes, Service, StdError};
use tower::Layer;

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

/// Puts a [`Guard`] around services.
#[derive(Clone, Debug)]
pub struct GuardLayer {
    /// The longest call.
    pub longest: Duration,
    /// How far the end of the server has come.
    pub phase: watch::Receiver<Phase>,
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guard {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose calls end in time.
#[derive(Clone, Debug)]
pub struct Guard<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S> Service<Request<Body>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Into<StdError>,
{
    type Response = Response<Body>;
    type Error = StdError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, StdError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clocks start here, and not when the future is first looked at: tonic has one of its own
        // around us, and would be the first to ring, with another status.
        let mut end = self.layer.end(&request);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = tokio::select! {
                biased;
                status = &mut end => return Ok(status.into_http()),
                response = answer => response.map_err(Into::into)?,
            };
            Ok(response.map(|body| {
                Body::new(Guarded {
                    body: Some(body),
                    end,
                })
            }))
        })
    }
}

/// Is ready when the call has to end, with the reason.
type End = Pin<Box<dyn Future<Output = Status> + Send>>;

impl GuardLayer {
    fn end(&self, request: &Request<Body>) -> End {
        let deadline = deadline(request.headers());
        let own = sleep(self.longest);
        let (longest, mut phase) = (self.longest, self.phase.clone());
        let watcher = ENDLESS
            .iter()
            .any(|path| request.uri().path().starts_with(path));
        let last = if watcher {
            Phase::NoWatchers
        } else {
            Phase::Over
        };
        Box::pin(async move {
            tokio::select! {
                () = or_never(deadline) => Status::deadline_exceeded("the deadline of the call is over"),
                () = own => Status::deadline_exceeded(format!(
                    "no call may last longer than {longest:?} here"
                )),
                () = reached(&mut phase, last) => {
                    Status::unavailable("the server has stopped; what you have is not all")
                }
            }
        })
    }
}

/// The header `grpc-timeout`: at most eight digits and a unit, for example `500m` for 500 milliseconds.
fn deadline(headers: &HeaderMap) -> Option<Sleep> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    let time = match unit {
        "H" => Duration::from_secs(number * 60 * 60),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    };
    Some(sleep(time))
}

async fn or_never(sleep: Option<Sleep>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}

/// Waits until the server has come so far.
pub(crate) async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    if phase.wait_for(|phase| *phase >= wanted).await.is_err() {
        // Nobody is left who could say so: then it does not happen.
        std::future::pending().await
    }
}

/// The messages of a reply, until the call has to end. Then comes the reason, as a status in the
/// trailers, and whoever makes the messages notices that nobody takes them any more.
struct Guarded {
    body: Option<Body>,
    end: End,
}

impl hyper::body::Body for Guarded {
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
        // The end first: a method that always has one more message would never hear of it.
        if let Poll::Ready(status) = this.end.as_mut().poll(cx) {
            this.body = None;
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(match status.add_header(&mut trailers) {
                Ok(()) => Ok(Frame::trailers(trailers)),
                Err(status) => Err(status),
            }));
        }
        Pin::new(body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
