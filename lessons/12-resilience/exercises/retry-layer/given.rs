//! What is given in this exercise: the answer uses it and does not change it.
#![allow(dead_code, reason = "the stub does not use all of it")]

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use l06_grpc::deadline::asked_for;
use l06_grpc::status::{may_have_run, normalized};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::codegen::{Bytes, http};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::ServiceExt;

/// A gRPC call, as a channel takes it.
pub type GrpcRequest = http::Request<Body>;

/// The reply to it.
pub type GrpcResponse = http::Response<Body>;

/// A future on the heap: what `Service::call` returns.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The timeout of a call whose caller has sent none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many attempts a call has, and how long the pauses between them are.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// All attempts of one call, the first one included. At least 1.
    pub attempts: u32,
    /// The limit of the first pause.
    pub first_pause: Duration,
    /// No pause has a higher limit.
    pub longest_pause: Duration,
}

/// The time, and random numbers.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time since the program began.
    fn now(&self) -> Duration;

    /// Waits so long.
    fn sleep(&self, time: Duration) -> BoxFuture<()>;

    /// Jitter: a random time from zero to `limit`.
    fn jitter(&self, limit: Duration) -> Duration;
}

/// A layer for a tonic channel. `layer.layer(channel)` is the channel with retries.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    pub policy: Policy,
    pub clock: Arc<dyn Clock>,
    /// The methods that the .proto file calls idempotent, for example `/arith.v1.Arith/Mul`.
    pub idempotent: Vec<&'static str>,
}

/// One call. Its message is kept, because an attempt uses its request up.
#[derive(Debug)]
pub struct Call {
    head: http::request::Parts,
    message: Bytes,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    deadline: Duration,
    /// Whether running twice is the same as running once.
    pub idempotent: bool,
}

/// An attempt that has failed.
#[derive(Debug)]
pub struct Failed {
    /// The status that the server has sent, or what happened instead.
    pub status: Status,
    /// Whether the server may have run the call. `false` is certain: for example, the connection was refused.
    pub may_have_run: bool,
}

impl Call {
    /// Reads the message of the request. The call's time begins.
    pub async fn read(request: GrpcRequest, layer: &RetryLayer) -> Result<Call, Status> {
        let now = layer.clock.now();
        let (head, body) = request.into_parts();
        let message = body.collect().await?.to_bytes();
        let timeout = asked_for(&head.headers).ok().flatten();
        let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
        Ok(Call {
            message,
            clock: Arc::clone(&layer.clock),
            timeout,
            deadline: now + timeout,
            idempotent: layer.idempotent.contains(&head.uri.path()),
            head,
        })
    }

    /// The timeout that the caller has sent, in `grpc-timeout`. It is for the whole call.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What is left of it now; zero after the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.now())
    }

    /// Makes one attempt, and ends it after `timeout`. The server reads this timeout in `grpc-timeout`.
    pub async fn attempt(
        &self,
        channel: &Channel,
        timeout: Duration,
    ) -> Result<GrpcResponse, Failed> {
        let body = Body::new(Full::new(self.message.clone()));
        let mut request = http::Request::from_parts(self.head.clone(), body);
        let micros = timeout.as_micros().min(99_999_999);
        if let Ok(value) = format!("{micros}u").parse() {
            request.headers_mut().insert("grpc-timeout", value);
        }
        let until = Instant::now() + timeout;
        // A channel has to be ready before it is called: `oneshot` waits for that.
        let reply = channel.clone().oneshot(request);
        let status = match timeout_at(until, reply).await {
            Ok(Ok(response)) => match Status::from_header_map(response.headers()) {
                Some(status) if status.code() != Code::Ok => status,
                _ => return Ok(response),
            },
            Ok(Err(error)) => Status::from_error(error.into()),
            Err(_) => Status::deadline_exceeded("no answer in time; the call may have run"),
        };
        let may_have_run = may_have_run(&status);
        Err(Failed {
            status: normalized(status, Some(until)),
            may_have_run,
        })
    }
}
