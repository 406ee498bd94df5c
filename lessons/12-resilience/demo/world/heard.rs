//! The events of an instance's calls: that one begins and how much time it has, and that it was stopped. A
//! caller cannot see that; this lesson is about it.

use std::sync::Arc;
use std::time::Instant;

use tonic::body::Body;
use tonic::codegen::http::{Request, Response};

use l06_grpc::middleware::Next;
use l12_resilience::deadline;

/// The function that hears it.
#[derive(Clone)]
pub struct Heard(Arc<dyn Fn(&str) + Send + Sync>);

impl Heard {
    /// This function gets each line.
    pub fn by(heard: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Heard(Arc::new(heard))
    }

    /// No function.
    pub fn silent() -> Self {
        Heard::by(|_| {})
    }
}

// ANCHOR: around
/// A layer. When a caller cancels, or its time is over, the future of the call is dropped, and the guard here with
/// it.
pub async fn around(heard: Heard, request: Request<Body>, next: Next) -> Response<Body> {
    let path = request.uri().path();
    let method = path.rsplit('/').next().unwrap_or(path).to_string();
    let time = match deadline::remaining() {
        Some(time) => format!("{} ms left", time.as_millis()),
        None => "no deadline".to_string(),
    };
    (heard.0)(&format!("{method} begins, {time}"));
    let mut under_way = UnderWay {
        heard,
        method,
        since: Instant::now(),
        ended: false,
    };
    let response = next(request).await;
    under_way.ended = true;
    response
}

struct UnderWay {
    heard: Heard,
    method: String,
    since: Instant,
    ended: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.ended {
            let (method, time) = (&self.method, self.since.elapsed().as_millis());
            (self.heard.0)(&format!(
                "{method} stopped after {time} ms: its caller waits no more"
            ));
        }
    }
}
// ANCHOR_END: around
