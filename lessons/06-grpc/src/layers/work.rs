//! Simulated work, to see what happens to it when the caller leaves. With `--slow-ms` each call of one of
//! our services first works for that time, in five steps, on a task of its own. A real server does that
//! when it asks a database or uses another core.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tracing::debug;

use crate::middleware::Next;

const STEPS: u32 = 5;

/// Works for `time`, and then goes on with the call.
pub async fn before(time: Option<Duration>, request: Request<Body>, next: Next) -> Response<Body> {
    // Health and reflection answer at once: health checkers do not wait.
    let of_grpc_itself = request.uri().path().starts_with("/grpc.");
    if let Some(time) = time.filter(|_| !of_grpc_itself) {
        AbortOnDrop::spawn(time).finished().await;
    }
    next(request).await
}

// ANCHOR: abort_on_drop
/// A task that ends with this value. Dropping a `JoinHandle` alone would let the task run on.
struct AbortOnDrop {
    task: JoinHandle<()>,
    steps: Arc<AtomicU32>,
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.task.abort();
        let done = self.steps.load(Ordering::SeqCst);
        if done < STEPS {
            debug!("work stopped after {done} of {STEPS} steps");
        }
    }
}
// ANCHOR_END: abort_on_drop

impl AbortOnDrop {
    fn spawn(time: Duration) -> Self {
        let steps = Arc::new(AtomicU32::new(0));
        let of_task = Arc::clone(&steps);
        let task = tokio::spawn(async move {
            for step in 1..=STEPS {
                tokio::time::sleep(time / STEPS).await;
                debug!("work step {step} of {STEPS}");
                of_task.store(step, Ordering::SeqCst);
            }
        });
        AbortOnDrop { task, steps }
    }

    async fn finished(mut self) {
        // It fails only if the task panicked; then there is nothing to wait for either.
        let _ = (&mut self.task).await;
    }
}
