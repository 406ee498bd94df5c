use std::task::{Context, Poll};

use tonic::Status;
use tonic::transport::Channel;
use tower::{Layer, Service};

// Given in given.rs, beside this file: `RetryLayer`, `Policy`, `Clock`, `Call`, `Failed`, `GrpcRequest`,
// `GrpcResponse`, `BoxFuture`.
pub use super::given::*;

/// A channel whose failed calls are retried.
#[derive(Clone, Debug)]
pub struct Retry {
    channel: Channel,
    layer: RetryLayer,
}

impl Layer<Channel> for RetryLayer {
    type Service = Retry;

    fn layer(&self, channel: Channel) -> Retry {
        let layer = self.clone();
        Retry { channel, layer }
    }
}

impl Service<GrpcRequest> for Retry {
    type Response = GrpcResponse;
    type Error = Status;
    type Future = BoxFuture<Result<GrpcResponse, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Each attempt waits for the channel itself.
        Poll::Ready(Ok(()))
    }

    /// Makes a call, and retries it where that is allowed.
    ///
    /// * Only UNAVAILABLE is retried. Any other status is the result.
    /// * A call that may have run (`failed.may_have_run`) is retried only if its method is idempotent
    ///   (`call.idempotent`). A call that certainly has not run is retried, whatever its method is.
    /// * There are at most `policy.attempts` attempts, the first one included. The status of the last one is
    ///   the result.
    /// * Before each retry there is a pause of `clock.jitter(limit)`. The limit is `first_pause` for the first
    ///   pause, and doubles with each further one. It is never above `longest_pause`.
    /// * The caller's deadline is for all attempts and pauses together. Each attempt gets `call.remaining()`
    ///   as its timeout. If a pause is as long as what remains, or longer, there is no retry: the last status
    ///   is the result, at once.
    fn call(&mut self, request: GrpcRequest) -> Self::Future {
        let Retry { channel, layer } = self.clone();
        Box::pin(async move {
            let call = Call::read(request, &layer).await?;
            let mut outcome = call.attempt(&channel, call.timeout()).await;
            for _ in 1..layer.policy.attempts {
                if outcome.is_ok() {
                    break;
                }
                outcome = call.attempt(&channel, call.timeout()).await;
            }
            outcome.map_err(|failed| failed.status)
        })
    }
}
