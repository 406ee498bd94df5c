//! Deadline propagation. Lesson 06's server ends a call when its caller's time is over. Here the code in between
//! knows when that is, and sends on what remains: one deadline for the whole chain.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tonic::Request;
use tonic::body::Body;
use tonic::codegen::http;

use l06_grpc::deadline::asked_for;
use l06_grpc::middleware::Next;

tokio::task_local! {
    static UNTIL: Instant;
}

// ANCHOR: scope
/// Runs `future` with the deadline `until`, or with an earlier one that holds already. It stops nothing by itself. A
/// task that is spawned inside does not have it: hand it [`until`] and open a scope there.
pub async fn scope<F: Future>(until: Instant, future: F) -> F::Output {
    let until = self::until().map_or(until, |outer| outer.min(until));
    UNTIL.scope(until, future).await
}

/// Returns the deadline of the call that this task is answering; `None` if it has none.
pub fn until() -> Option<Instant> {
    UNTIL.try_with(|until| *until).ok()
}

/// Returns the time that remains until the deadline of the call that this task is answering; `None`
/// if it has none.
pub fn remaining() -> Option<Duration> {
    until().map(|until| until.saturating_duration_since(Instant::now()))
}
// ANCHOR_END: scope

// ANCHOR: received
/// A layer for a server: what its caller says in `grpc-timeout` holds for the method, and for all that
/// the method calls. Lesson 06's server, further out, ends the call in time.
///
/// It holds until the reply begins. A method that streams asks [`until`] before, and takes it along.
pub async fn received(request: http::Request<Body>, next: Next) -> http::Response<Body> {
    // A header that cannot be read was refused further out.
    match asked_for(request.headers()) {
        Ok(Some(asked)) => scope(Instant::now() + asked, next(request)).await,
        _ => next(request).await,
    }
}

/// A request that says what remains until then, in `grpc-timeout`.
pub fn request<M>(message: M, until: Instant) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(until.saturating_duration_since(Instant::now()));
    request
}
// ANCHOR_END: received
