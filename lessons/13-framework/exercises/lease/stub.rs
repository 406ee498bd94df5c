use std::future::Future;
use std::time::Duration;

// Given in given.rs, beside this file: `Lease`, `Trouble`, `Office`.
pub use super::given::*;

/// Keeps the stall on its pitch until `closing`: from the first lease on there is not a moment without one.
///
/// * `time` is what you ask for, 10 s or more; what the office gives is what counts.
/// * One call may be lost, or left hanging; the stall stays where it is all the same.
/// * If the lease has ended nevertheless, a new one is there soon: half of `time` after that at the latest.
/// * While nobody picks up, somebody does later: try again, also for the very first lease. A second
///   after the office is back it has heard of you.
/// * Nobody calls the office more than 120 times a minute, or ten times within one lease that runs well.
/// * After `closing` the pitch is free for others at once. The stall does not wait for the office
///   longer than 5 s.
pub async fn keep(office: &impl Office, time: Duration, closing: impl Future<Output = ()>) {
    let lease = loop {
        match office.rent(time).await {
            Ok(lease) => break lease,
            Err(_) => office.sleep(Duration::from_secs(1)).await,
        }
    };
    closing.await;
    // The pitch is ours until we say otherwise.
    let _ = office.give_back(lease.number).await;
}
