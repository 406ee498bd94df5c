//! Accepted: a loop that counts down, all reasons to stop in a row, and pauses of at least half of their limit.

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
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: GrpcRequest) -> Self::Future {
        let Retry { channel, layer } = self.clone();
        Box::pin(async move {
            let call = Call::read(request, &layer).await?;
            let Policy {
                attempts,
                first_pause,
                longest_pause,
            } = layer.policy;
            let mut left = attempts;
            loop {
                let failed = match call.attempt(&channel, call.remaining()).await {
                    Ok(response) => return Ok(response),
                    Err(failed) => failed,
                };
                left -= 1;
                if left == 0 || failed.status.code() != Code::Unavailable {
                    return Err(failed.status);
                }
                if failed.may_have_run && !call.idempotent {
                    return Err(failed.status);
                }
                let half = longest_pause.min(first_pause * 2u32.pow(attempts - left - 1)) / 2;
                let pause = half + layer.clock.jitter(half);
                if pause >= call.remaining() {
                    return Err(failed.status);
                }
                layer.clock.sleep(pause).await;
            }
        })
    }
}
