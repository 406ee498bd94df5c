use std::future::Future;
use std::time::Duration;

/// A pitch at the market is yours for a time, and for no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub number: u64,
    /// From the moment in which the office has said so.
    pub time: Duration,
}

/// Why the office has not done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody has picked up the telephone. Somebody may, next time.
    Away,
    /// There is no such lease, or no longer.
    Ended,
}

/// The office of the market, by telephone, and a clock. Any call may be lost, and one may be left hanging for ever.
pub trait Office {
    /// A new lease for the same pitch. The office may give less time than you want.
    fn rent(&self, time: Duration) -> impl Future<Output = Result<Lease, Trouble>>;
    /// The lease begins anew, as it were: the answer is how long it runs from now on.
    fn renew(&self, number: u64) -> impl Future<Output = Result<Duration, Trouble>>;
    /// It ends at once.
    fn give_back(&self, number: u64) -> impl Future<Output = Result<(), Trouble>>;
    /// Sleeps, by the clock of the check. Any other clock is wrong here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

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
