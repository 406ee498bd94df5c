//! The status says whether a retry can help, and the contract says whether it is allowed. UNAVAILABLE can be a
//! refused connection, where the call has not run, and also a reply that was lost, where it has: so the code alone
//! does not decide. Jitter spreads the retries of many callers, and the doubled limit slows each of them down. One
//! deadline spans attempts and pauses; an attempt with the whole timeout would work on after the caller has left.

use std::task::{Context, Poll};

use tonic::transport::Channel;
use tonic::{Code, Status};
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
    fn call(&mut self, request: GrpcRequest) -> Self::Future {
        let Retry { channel, layer } = self.clone();
        Box::pin(async move {
            let call = Call::read(request, &layer).await?;
            let mut limit = layer.policy.first_pause;
            let mut outcome = call.attempt(&channel, call.remaining()).await;
            for _ in 1..layer.policy.attempts {
                let pause = layer.clock.jitter(limit.min(layer.policy.longest_pause));
                match &outcome {
                    Err(failed) if may_retry(&call, failed) && pause < call.remaining() => {}
                    _ => break,
                }
                layer.clock.sleep(pause).await;
                limit *= 2;
                outcome = call.attempt(&channel, call.remaining()).await;
            }
            outcome.map_err(|failed| failed.status)
        })
    }
}

/// Whether another attempt can help, and does no harm.
fn may_retry(call: &Call, failed: &Failed) -> bool {
    failed.status.code() == Code::Unavailable && (call.idempotent || !failed.may_have_run)
}
