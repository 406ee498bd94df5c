use std::time::Duration;

// Given in given.rs, beside this file: `Instances`, `Call`, `Sent`, `Unavailable`.
pub use super::given::*;

/// Makes a call, with a second one to another instance when the first is late.
///
/// * If the first call has no reply after `delay`, a second one is sent. The first reply is the result,
///   whichever call it belongs to.
/// * If the first call fails before that, the second one is sent at once. There are never more than two.
/// * A call that fails does not end the wait for the other one. If both fail, the result is `Unavailable`.
/// * A call that is still pending when this function ends is cancelled. That also holds when the caller drops
///   the future of this function.
/// * A call that has ended, with a reply or without, is not cancelled.
pub async fn hedged<I: Instances>(instances: &I, delay: Duration) -> Result<String, Unavailable> {
    let mut first = Sent::new(instances);
    tokio::select! {
        outcome = first.reply() => return outcome,
        () = instances.sleep(delay) => {}
    }
    let mut second = Sent::new(instances);
    second.reply().await
}
