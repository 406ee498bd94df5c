//! Work that takes time, to see what becomes of it when the caller leaves. With `--slow-ms` each
//! call of a service of ours first works that long, in five steps, on a task of its own: as real
//! servers do when they ask a database, or use another core.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};

use crate::middleware::Next;

const STEPS: u32 = 5;

/// How long the work takes, and who hears about it.
#[derive(Clone)]
pub struct Work {
    time: Duration,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Work {
    /// Work of this length for each call; each step and each end is told to `tell`.
    pub fn new(time: Duration, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let tell = Arc::new(tell);
        Work { time, tell }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Work").field(&self.time).finish()
    }
}

/// Works, and only then goes on with the call.
pub async fn first(work: Option<Work>, request: Request<Body>, next: Next) -> Response<Body> {
    // Health and reflection answer at once: they are asked by machines that do not wait.
    let of_grpc_itself = request.uri().path().starts_with("/grpc.");
    if let Some(work) = work.filter(|_| !of_grpc_itself) {
        Tied::begin(work).finished().await;
    }
    next(request).await
}

// ANCHOR: tied
/// A task that does not outlive this value. A dropped `JoinHandle` would only lose sight of it.
struct Tied {
    task: JoinHandle<()>,
    steps: Arc<AtomicU32>,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Drop for Tied {
    fn drop(&mut self) {
        self.task.abort();
        let done = self.steps.load(Ordering::SeqCst);
        if done < STEPS {
            (self.tell)(&format!("work stopped after {done} of {STEPS} steps"));
        }
    }
}
// ANCHOR_END: tied

impl Tied {
    fn begin(Work { time, tell }: Work) -> Self {
        let steps = Arc::new(AtomicU32::new(0));
        let (of_task, to_tell) = (Arc::clone(&steps), Arc::clone(&tell));
        let task = tokio::spawn(async move {
            for step in 1..=STEPS {
                tokio::time::sleep(time / STEPS).await;
                to_tell(&format!("work step {step} of {STEPS}"));
                of_task.store(step, Ordering::SeqCst);
            }
        });
        Tied { task, steps, tell }
    }

    async fn finished(mut self) {
        // It can only fail by a panic; then there is nothing to wait for either.
        let _ = (&mut self.task).await;
    }
}
