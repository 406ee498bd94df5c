//! Accepted: a guard of its own for each call, and `match` in place of patterns in `select!`.

use std::time::Duration;

use tokio::sync::oneshot::error::TryRecvError;

// Given in given.rs, beside this file: `Instances`, `Call`, `Sent`, `Unavailable`.
pub use super::given::*;

/// Cancels its call when it is dropped, unless the call has ended.
struct Guard<'a, I: Instances>(&'a I, Call);

impl<I: Instances> Guard<'_, I> {
    async fn reply(&mut self) -> Option<String> {
        (&mut self.1.reply).await.ok()
    }
}

impl<I: Instances> Drop for Guard<'_, I> {
    fn drop(&mut self) {
        if let Err(TryRecvError::Empty) = self.1.reply.try_recv() {
            self.0.cancel(self.1.id);
        }
    }
}

/// Makes a call, with a second one to another instance when the first is late.
pub async fn hedged<I: Instances>(instances: &I, delay: Duration) -> Result<String, Unavailable> {
    let mut first = Guard(instances, instances.send());
    let failed = tokio::select! {
        outcome = first.reply() => match outcome {
            Some(reply) => return Ok(reply),
            None => true,
        },
        () = instances.sleep(delay) => false,
    };
    let mut second = Guard(instances, instances.send());
    if failed {
        return second.reply().await.ok_or(Unavailable);
    }
    let outcome = tokio::select! {
        outcome = first.reply() => match outcome {
            None => second.reply().await,
            reply => reply,
        },
        outcome = second.reply() => match outcome {
            None => first.reply().await,
            reply => reply,
        },
    };
    outcome.ok_or(Unavailable)
}
