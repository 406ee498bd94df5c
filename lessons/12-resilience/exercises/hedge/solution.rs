//! The second call is a second one, and no replacement: the first goes on, and may win. So both are waited for, and the
//! loser is cancelled. That is done in `Drop`, and not by a line behind the `select!`, because there are three ways
//! out of this function. The third one has no line: the caller drops the future. A branch of `select!` with a pattern,
//! `Ok(reply) = ...`, is disabled when the pattern does not match, so a failure ends only its own branch. In gRPC this
//! `Drop` is there already: a call that is dropped is cancelled on the wire.

use std::time::Duration;

// Given in given.rs, beside this file: `Instances`, `Call`, `Sent`, `Unavailable`.
pub use super::given::*;

impl<I: Instances> Drop for Sent<'_, I> {
    fn drop(&mut self) {
        if self.is_pending() {
            self.instances.cancel(self.call.id);
        }
    }
}

/// Makes a call, with a second one to another instance when the first is late.
pub async fn hedged<I: Instances>(instances: &I, delay: Duration) -> Result<String, Unavailable> {
    let mut first = Sent::new(instances);
    let early = tokio::select! {
        outcome = first.reply() => Some(outcome),
        () = instances.sleep(delay) => None,
    };
    if let Some(Ok(reply)) = early {
        return Ok(reply);
    }
    let mut second = Sent::new(instances);
    tokio::select! {
        Ok(reply) = first.reply(), if early.is_none() => Ok(reply),
        Ok(reply) = second.reply() => Ok(reply),
        else => Err(Unavailable),
    }
}
